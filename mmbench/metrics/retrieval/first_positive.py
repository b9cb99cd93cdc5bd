"""Metrics of retrieval that use the best-ranked positive of each query."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from mmbench.metrics.retrieval.rankings import TIES, beyond_index, ranking_of, ranks_of
from mmbench.protocols import declare
from mmbench.stats import score
from mmbench.text import count
from mmbench.types import Prediction, Ranking, Score

_KINDS = {"retrieval"}


@declare(unit="fraction", better="higher", worst=0, best=1, kinds=_KINDS)
def recall(predictions: Sequence[Prediction], k: int) -> Score:
    """Recall@k of CLIP: 1 for a query with **any** positive among the first k, averaged.

    Range [0, 1], higher is better. `fraction_recall@k` is the share of positives in the top k. NaN
    if the depth of an approximate index is less than k.
    Source: Radford et al. 2021, arXiv 2103.00020; CLIP_benchmark `recall_at_k > 0`.
    """
    best, depth = _best(predictions)
    if depth is not None and depth < k:
        return score(
            np.full(len(best), np.nan), signature=TIES, reason=f"the index depth is only {depth}"
        )
    return score(np.where(np.isnan(best), np.inf, best) <= k, signature=TIES)


def _worst_subset(ranking: Ranking, _k: int) -> Ranking:
    """Return the ranking with the failed documents first in the subset, and failed positives last.

    Failed documents may be outside the subset, so the bound is not the narrowest.
    """
    shift, live = ranking.failed_others, len(ranking.ranks) - ranking.failed
    worst = [None if rank is None else rank + shift for rank in ranking.subset[:live]]
    return replace(ranking, subset=[*worst, *[None] * ranking.failed])


def _best_subset(ranking: Ranking, _k: int) -> Ranking:
    """Return the ranking with a failed positive first in the subset."""
    return replace(ranking, subset=[1, *ranking.subset]) if ranking.failed else ranking


@declare(
    unit="fraction",
    better="higher",
    worst=0,
    best=1,
    kinds=_KINDS,
    extremes=(_worst_subset, _best_subset),
)
def recall_subset(predictions: Sequence[Prediction], k: int) -> Score:
    """Recall@k within the subset of the corpus that belongs to a query, as in CIRR.

    The subset has a few similar images, of which one is right; the image of a composed query is
    not a member. In CIRR, five members remain, so chance is k / 5. NaN for a task without subsets,
    and if the index returned too few documents. Range [0, 1], higher is better.
    Source: Liu et al. 2021, arXiv 2108.04024, section 4.2; ABaldrati/CLIP4Cir src/validate.py.
    """
    rankings = [ranking_of(p) for p in predictions]
    best = [_subset_rank(one) for one in rankings]
    reason = ""
    if any(math.isnan(rank) for rank in best):
        reason = "the task has queries without a subset, or the index returned too few documents"
    rows = [math.nan if math.isnan(rank) else float(rank <= k) for rank in best]
    return score(rows, signature=TIES, reason=reason)


def _subset_rank(ranking: Ranking) -> float:
    """Return the best rank within the subset; infinite if not retrieved, NaN if unknown."""
    if not ranking.subset:
        return math.inf if ranking.failed and ranking.failed == len(ranking.ranks) else math.nan
    first = ranking.subset[0]
    missing = math.inf if ranking.depth is None or ranking.failed else math.nan
    return missing if first is None else float(first)


@declare(unit="rank", better="lower", best=1, kinds=_KINDS)
def mean_rank(predictions: Sequence[Prediction]) -> Score:
    """Mean rank of the best-ranked positive. Range [1, corpus size], lower is better.

    If all positives of a query failed, they rank after all other documents of the corpus. NaN if a
    ranking has no positive, or a query has no relevant document.
    Source: open_clip `get_clip_metrics`, which adds 1 to zero-based ranks.
    """
    return _known_score(_last_where_failed(predictions), "mean")


@declare(unit="rank", better="lower", best=1, kinds=_KINDS)
def median_rank(predictions: Sequence[Prediction]) -> Score:
    """Median rank of the best-ranked positive. Range [1, corpus size], lower is better.

    For an even number of queries, it is the mean of the middle two (open_clip rounds down). If the
    index has a limited depth, the median is defined if more than half of the queries have a known
    rank. Failed positives count as in `mean_rank`.
    """
    best = _last_where_failed(predictions)
    known = np.where(np.isnan(best), np.inf, best)
    scored = score(known, fold_name="median", signature=TIES)
    return _known_score(best, "median") if math.isinf(scored.value) else scored


@declare(unit="score", better="higher", worst=0, best=1, kinds=_KINDS)
def mrr(predictions: Sequence[Prediction]) -> Score:
    """Mean reciprocal rank of the best-ranked positive. Range [0, 1], higher is better.

    Source: Voorhees, TREC-8 question answering track, 1999.
    """
    best, _ = _best(predictions)
    unknown = int(np.isnan(best).sum())
    return score(1.0 / best, signature=TIES, reason=beyond_index(unknown))


def _best(predictions: Sequence[Prediction]) -> tuple[NDArray[np.float64], int | None]:
    """Return the best rank of each query [q], and the smallest relevant depth of the index.

    A rank is NaN beyond the depth of the index, and infinite if no positive was retrieved or the
    query has no relevant document. The depth is the minimum over the queries with a NaN rank; None
    if there are no such queries.
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
    """Return the best rank of each query [q].

    If all positives of a query failed, they rank after all other documents.
    """
    best, _ = _best(predictions)
    for row, prediction in enumerate(predictions):
        ranking = ranking_of(prediction)
        if ranking.size is not None and 0 < len(ranking.ranks) == ranking.failed:
            best[row] = ranking.size - ranking.failed + 1
    return best


def _known_score(best: NDArray[np.float64], fold_name: str) -> Score:
    """Return the Score of best ranks by a fold that needs all ranks, such as the mean.

    The score is NaN, with a reason, if a rank is unknown or infinite.
    """
    absent = int(np.isinf(best).sum())
    reason = beyond_index(int(np.isnan(best).sum()))
    if absent:
        reason = f"{count(absent, 'query')} without a positive among the returned documents"
    rows = np.where(np.isinf(best), np.nan, best)
    return score(rows, fold_name=fold_name, signature=TIES, reason=reason)
