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
from mmbench.search.checks import Ids, Ints, check_vectors, refuse_unfit
from mmbench.search.counting import Counter
from mmbench.search.nearest import Nearest
from mmbench.search.order import IdOrder
from mmbench.types import Array


class Found(NamedTuple):
    """What a search found in one direction, for n askers, p pairs and the k nearest.

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
) -> list[Found]:
    """Ranks of positives and the `top` nearest: of queries and, if `both`, of corpus items too.

    `queries` [n, d] and `corpus` [m, d] are float32, either may be memory-mapped or `Vectors`.
    `pairs` are rows of `queries` and of `corpus`, each [p] int64, no pair twice. Ids default to row
    numbers.

    Time: one product of n × m × d, comparisons of each positive with all scores of its asker, and
    about a tenth more for `top`; memory: see `Sweep`. Raises DataError for vectors that are NaN,
    infinite or zero, and for shapes and types that do not fit.
    """
    check_vectors(queries, corpus, query_ids, corpus_ids)
    sides, sizes = (queries, corpus), (len(queries), len(corpus))
    ways = range(1 + both)
    if not (all(sizes) and (len(pairs[0]) or top)):
        none = np.zeros(len(pairs[0]), np.int64)
        return [Found(none, np.full((sizes[way], top), -1)) for way in ways]

    turned = int(sizes[0] > sizes[1])  # the larger side is the columns, which are read only once
    orders = IdOrder(query_ids, sizes[0]), IdOrder(corpus_ids, sizes[1])

    def counters(scores: Array) -> list[Counter]:
        return [
            Counter(way ^ turned, pairs[way], pairs[1 - way], scores, sizes[way], orders[1 - way])
            for way in ways
        ]

    nearest = [
        Nearest(way ^ turned, sizes[way], sizes[1 - way], top, orders[1 - way])
        for way in ways
        if top
    ]
    with Sweep(sides[turned], sides[1 - turned]) as sweep:
        scores = sweep.pair_scores(pairs[turned], pairs[1 - turned])
        counted = counters(scores)
        sweep.visit(*counted, *nearest)
        refuse_unfit("query", sweep.unfit[turned], sizes[0], query_ids)
        refuse_unfit("corpus", sweep.unfit[1 - turned], sizes[1], corpus_ids)
        if not np.array_equal(counted[0].seen, scores):
            # A library that multiplies small blocks in another way: what the tiles held counts.
            counted = counters(counted[0].seen)
            sweep.visit(*counted)
    tops = [best.top for best in nearest] or [np.empty((n, 0), np.int64) for n in sizes]
    return [Found(counted[way].ahead + 1, tops[way]) for way in ways]
