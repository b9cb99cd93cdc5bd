"""Exact search: ranks of positives and nearest items, for one or both directions in one pass.

The score of a query and a corpus item is the float32 dot product of their vectors, without
normalisation. The rank of an item is 1 + the number of items with a greater score + the number of
items with an equal score and a smaller 8-byte blake2b hash of the id. The full matrix of scores
(queries × corpus) is never in memory.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mmbench.columns.vectors import Vectors
from mmbench.search.blocks import Sweep
from mmbench.search.checks import Ids, Ints, check_vectors, refuse_invalid
from mmbench.search.counting import Counter
from mmbench.search.nearest import Nearest
from mmbench.search.order import IdOrder
from mmbench.types import Array


class SearchResult(NamedTuple):
    """The result of a search in one direction, for n queries and p pairs (query, positive).

    `ranks` [p] int64 are the ranks of the positives, from 1; a rank beyond the depth of the search
    is 0. `top` [n, k] int64 are the k nearest rows of the searched side, best first, padded with
    -1.
    """

    ranks: Ints
    top: Ints


def search(
    queries: Array | Vectors,
    corpus: Array | Vectors,
    pairs: tuple[Ints, Ints],
    *,
    query_ids: Ids = None,
    corpus_ids: Ids = None,
    both: bool = False,
    top: int = 0,
) -> list[SearchResult]:
    """Return the ranks of positives and the `top` nearest items for each query.

    If `both`, a second result is returned, in which the corpus items are the queries. `queries` [n,
    d] and `corpus` [m, d] are float32; either may be memory-mapped or `Vectors`. `pairs` are the
    query rows and the corpus rows of positives, each [p] int64, without duplicate pairs. If ids are
    missing, the row numbers are used.

    The search takes the time of one matrix product of n × m × d and of the comparisons of each
    positive with all scores of its query; `top` adds about a tenth. `Sweep` describes the memory.
    Raises DataError for vectors that are NaN, infinite or zero, and for wrong shapes and types.
    """
    check_vectors(queries, corpus, query_ids, corpus_ids)
    sides, sizes = (queries, corpus), (len(queries), len(corpus))
    directions = range(1 + both)
    if not (all(sizes) and (len(pairs[0]) or top)):
        no_ranks = np.zeros(len(pairs[0]), np.int64)
        return [
            SearchResult(no_ranks, np.full((sizes[direction], top), -1)) for direction in directions
        ]

    swapped = int(sizes[0] > sizes[1])  # the columns are the larger side, since they are read once
    orders = IdOrder(query_ids, sizes[0]), IdOrder(corpus_ids, sizes[1])

    def counters(scores: Array) -> list[Counter]:
        return [
            Counter(
                direction ^ swapped,
                pairs[direction],
                pairs[1 - direction],
                scores,
                sizes[direction],
                orders[1 - direction],
            )
            for direction in directions
        ]

    nearest = [
        Nearest(
            direction ^ swapped, sizes[direction], sizes[1 - direction], top, orders[1 - direction]
        )
        for direction in directions
        if top
    ]
    with Sweep(sides[swapped], sides[1 - swapped]) as sweep:
        scores = sweep.pair_scores(pairs[swapped], pairs[1 - swapped])
        counted = counters(scores)
        sweep.visit(*counted, *nearest)
        refuse_invalid("query", sweep.invalid_rows[swapped], sizes[0], query_ids)
        refuse_invalid("corpus", sweep.invalid_rows[1 - swapped], sizes[1], corpus_ids)
        if not np.array_equal(counted[0].seen, scores):
            # Small blocks give other scores than tiles, so count again with the scores in tiles.
            counted = counters(counted[0].seen)
            sweep.visit(*counted)
    tops = [best.top for best in nearest] or [np.empty((n, 0), np.int64) for n in sizes]
    return [SearchResult(counted[direction].ahead + 1, tops[direction]) for direction in directions]
