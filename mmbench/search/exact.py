"""Exact search: ranks of positives and the nearest items, both directions in one pass over blocks.

The score of a query and a corpus item is the float32 dot product of their vectors as given. The
rank of an item is 1 + how many have a greater score + how many have an equal score and an id with
a smaller 8-byte blake2b. Nothing of the size queries × corpus is ever held.
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
    """What a search found in one direction, for n queries, p pairs and the k nearest.

    `ranks` [p] int64 from 1, in the order of the pairs; 0 where the search did not look so far.
    `top` [n, k] int64 rows of the other side, the best first, -1 past its end.
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
    """Ranks of positives and the `top` nearest: of queries and, if `both`, of corpus items too.

    `queries` [n, d] and `corpus` [m, d] are float32, either may be memory-mapped or `Vectors`.
    `pairs` are rows of `queries` and of `corpus`, each [p] int64, no pair twice. Ids default to row
    numbers.

    Time: one product of n × m × d, comparisons of each positive with all scores of its query, and
    about a tenth more for `top`; memory: see `Sweep`. Raises DataError for vectors that are NaN,
    infinite or zero, and for shapes and types that do not fit.
    """
    check_vectors(queries, corpus, query_ids, corpus_ids)
    sides, sizes = (queries, corpus), (len(queries), len(corpus))
    directions = range(1 + both)
    if not (all(sizes) and (len(pairs[0]) or top)):
        no_ranks = np.zeros(len(pairs[0]), np.int64)
        return [
            SearchResult(no_ranks, np.full((sizes[direction], top), -1)) for direction in directions
        ]

    swapped = int(sizes[0] > sizes[1])  # the larger side is the columns, which are read only once
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
            # A library that multiplies small blocks in another way: what the tiles held counts.
            counted = counters(counted[0].seen)
            sweep.visit(*counted)
    tops = [best.top for best in nearest] or [np.empty((n, 0), np.int64) for n in sizes]
    return [SearchResult(counted[direction].ahead + 1, tops[direction]) for direction in directions]
