"""Metrics of retrieval, as functions of the ranks of each query's positives.

Ranks count from 1 over the whole corpus. Equal scores are ordered by a hash of the document id, so
that the order of the data has no influence and a constant model scores chance. A rank beyond the
depth of an approximate index is unknown: a metric that needs it is NaN and says why.

As in trec_eval, a positive that was not retrieved counts as never found, and a query without a
relevant document counts 0 (`no-relevant=zero` in the signatures of a record).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mmbench.protocols import declare
from mmbench.search.listed import listed_ranking
from mmbench.stats import score
from mmbench.text import count
from mmbench.types import Prediction, Ranking, Score

_TIES = "ties=id-hash"
_KINDS = {"retrieval"}


@declare(unit="fraction", better="higher", worst=0, best=1, kinds=_KINDS)
def recall(predictions: Sequence[Prediction], k: int) -> Score:
    """Recall@k of CLIP: 1 for a query with **any** positive among the first k, averaged.

    Range [0, 1], higher is better. Not the share of positives found (`fraction_recall@k`).
    NaN when an approximate index looked less deep than k.
    Source: Radford et al. 2021, arXiv 2103.00020; CLIP_benchmark `recall_at_k > 0`.
    """
    found, depth = _best(predictions)
    if depth is not None and depth < k:
        return score(
            np.full(len(found), np.nan), signature=_TIES, reason=f"the index is {depth} deep"
        )
    return score(np.where(np.isnan(found), np.inf, found) <= k, signature=_TIES)


@declare(unit="rank", better="lower", best=1, kinds=_KINDS)
def mean_rank(predictions: Sequence[Prediction]) -> Score:
    """Mean rank of the best-ranked positive. Range [1, corpus], lower is better.

    Where all positives of a query failed, they count as the last documents of the corpus. NaN where
    a ranking returned no positive, or a query has no relevant document.
    Source: open_clip `get_clip_metrics`, which reports rank + 1 of a zero-based rank.
    """
    return _of_known(_last_where_failed(predictions), "mean")


@declare(unit="rank", better="lower", best=1, kinds=_KINDS)
def median_rank(predictions: Sequence[Prediction]) -> Score:
    """Median rank of the best-ranked positive. Range [1, corpus], lower is better.

    The plain median: the mean of the middle two for an even number of queries. (open_clip floors.)
    Known as long as more than half of the queries have a rank within the depth of an index. Failed
    positives count as in `mean_rank`.
    """
    best = _last_where_failed(predictions)
    known = np.where(np.isnan(best), np.inf, best)
    found = score(known, fold_name="median", signature=_TIES)
    return _of_known(best, "median") if math.isinf(found.value) else found


@declare(unit="score", better="higher", worst=0, best=1, kinds=_KINDS)
def mrr(predictions: Sequence[Prediction]) -> Score:
    """Mean reciprocal rank of the best-ranked positive. Range [0, 1], higher is better.

    Source: Voorhees, TREC-8 question answering track, 1999.
    """
    best, _ = _best(predictions)
    unknown = int(np.isnan(best).sum())
    return score(1.0 / best, signature=_TIES, reason=_beyond(unknown))


@declare(unit="score", better="higher", worst=0, best=1, kinds=_KINDS)
def average_precision(predictions: Sequence[Prediction]) -> Score:
    """Mean average precision over all positives of a query. Range [0, 1], higher is better.

    AP = 1/P · Σᵢ i / rankᵢ over the P positives by ascending rank (trec_eval `map`).
    """
    rows, unknown = [], 0
    for prediction in predictions:
        ranks = ranks_of(ranking_of(prediction))
        unknown += bool(np.isnan(ranks).any())
        rows.append(np.sum(np.arange(1, len(ranks) + 1) / ranks) / max(len(ranks), 1))
    return score(rows, signature=_TIES, reason=_beyond(unknown))


def ranking_of(prediction: Prediction) -> Ranking:
    """The ranking behind a prediction.

    A value may also be the list of document ids in the order found, with the relevant ids (or
    {id: grade}) as target: a positive that is not in the list was not found (as in trec_eval).
    """
    if isinstance(prediction.value, Ranking):
        return prediction.value
    target = prediction.target
    grades = target if isinstance(target, dict) else dict.fromkeys(target, 1.0)
    return listed_ranking(prediction.value, grades)


def ranks_of(ranking: Ranking) -> NDArray[np.float64]:
    """The ranks [p] float64, ascending: infinite for what was not found, NaN for unknown ones."""
    missing = math.inf if ranking.depth is None else math.nan
    found = np.array([missing if rank is None else rank for rank in ranking.ranks], np.float64)
    found[len(found) - ranking.failed :] = math.inf
    return found


def _best(predictions: Sequence[Prediction]) -> tuple[NDArray[np.float64], int | None]:
    """Best rank of each query, as `ranks_of`, and the least depth of those that are unknown.

    The rank of a query without a relevant document is infinite.
    """
    rankings = [ranking_of(p) for p in predictions]
    best = np.array([_best_rank(ranking) for ranking in rankings], np.float64)
    depths = [rankings[row].depth for row in np.flatnonzero(np.isnan(best))]
    return best, min((depth for depth in depths if depth is not None), default=None)


def _best_rank(ranking: Ranking) -> float:
    if not ranking.ranks:
        return math.inf
    first = ranking.ranks[0]
    return float(ranks_of(ranking)[0]) if first is None else first


def _last_where_failed(predictions: Sequence[Prediction]) -> NDArray[np.float64]:
    """Best rank of each query; failed positives stand behind all documents of the corpus."""
    best, _ = _best(predictions)
    for row, prediction in enumerate(predictions):
        ranking = ranking_of(prediction)
        if ranking.size is not None and 0 < len(ranking.ranks) == ranking.failed:
            best[row] = ranking.size - ranking.failed + 1
    return best


def _beyond(unknown: int) -> str:
    queries = count(unknown, "query")
    return f"positives of {queries} lie beyond the depth of the index" if unknown else ""


def _of_known(best: NDArray[np.float64], fold_name: str) -> Score:
    """A fold of the ranks themselves, which needs all of them: NaN where one has none."""
    absent = int(np.isinf(best).sum())
    reason = _beyond(int(np.isnan(best).sum()))
    if absent:
        reason = f"{count(absent, 'query')} without a positive among the documents returned"
    rows = np.where(np.isinf(best), np.nan, best)
    return score(rows, fold_name=fold_name, signature=_TIES, reason=reason)
