"""Ranks and grades of the positives of queries, for the retrieval metrics."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmbench.search.listed import listed_ranking
from mmbench.text import count
from mmbench.types import Prediction, Ranking

Floats = NDArray[np.float64]

TIES = "ties=id-hash"


def ranking_of(prediction: Prediction) -> Ranking:
    """Return the ranking of a prediction.

    The value of a prediction is a Ranking, or a list of document ids, best first. With a list, the
    target has the relevant ids, or {id: grade}; a positive that is not in the list counts as not
    retrieved (as in trec_eval).
    """
    if isinstance(prediction.value, Ranking):
        return prediction.value
    target = prediction.target
    grades = target if isinstance(target, dict) else dict.fromkeys(target, 1.0)
    return listed_ranking(prediction.value, grades)


def ranks_of(ranking: Ranking) -> NDArray[np.float64]:
    """Return the ranks of the positives in ascending order, [p] float64.

    A rank is infinite if the positive was not retrieved, and NaN if the rank is unknown.
    """
    missing = math.inf if ranking.depth is None else math.nan
    ranks = np.array([missing if rank is None else rank for rank in ranking.ranks], np.float64)
    ranks[len(ranks) - ranking.failed :] = math.inf
    return ranks


class RankedPositives(NamedTuple):
    """The positives of all queries: query index, position within the query, rank and grade.

    `sizes` [queries] is the number of positives of each query. A rank beyond the depth of an index
    is infinite. `depth` [queries] is the depth of the index for each query with a positive beyond
    this depth, and infinite for the other queries.
    """

    query: NDArray[np.int64]
    position: NDArray[np.int64]
    ranks: Floats
    grades: Floats
    sizes: NDArray[np.int64]
    depth: Floats

    def per_query(self, values: ArrayLike) -> Floats:
        """Return the sum of `values` [positives] over the positives of each query, [queries]."""
        summed = np.bincount(self.query, np.asarray(values, np.float64), len(self.sizes))
        return summed.astype(np.float64)

    def share(self, values: Floats) -> Floats:
        """Divide `values` [queries] by each query's number of positives; 0 without positives."""
        return divide(values, self.sizes)


def positives_of(predictions: Sequence[Prediction]) -> RankedPositives:
    """Return the ranked positives of the queries of all predictions."""
    rankings = [ranking_of(p) for p in predictions]
    sizes = np.array([len(r.ranks) for r in rankings], np.int64)
    nothing = np.empty(0)
    ranks = np.concatenate([nothing, *(ranks_of(r) for r in rankings)])
    grades = np.concatenate([nothing, *(np.asarray(r.grades, np.float64) for r in rankings)])
    query = np.repeat(np.arange(len(sizes)), sizes)
    position = np.arange(len(query)) - np.repeat(np.cumsum(sizes) - sizes, sizes) + 1
    depth = np.full(len(sizes), np.inf)
    for at in np.unique(query[np.isnan(ranks)]):
        depth[at] = rankings[at].depth
    return RankedPositives(
        query, position, np.where(np.isnan(ranks), np.inf, ranks), grades, sizes, depth
    )


def divide(values: Floats, by: ArrayLike) -> Floats:
    """Return values / by, and 0 where `by` is 0."""
    divisors = np.asarray(by, np.float64)
    return np.divide(values, divisors, out=np.zeros_like(values), where=divisors > 0)


def beyond_index(unknown: int) -> str:
    """Return the reason why the ranks of `unknown` queries are NaN; "" if `unknown` is 0."""
    queries = count(unknown, "query")
    return f"positives of {queries} lie beyond the depth of the index" if unknown else ""
