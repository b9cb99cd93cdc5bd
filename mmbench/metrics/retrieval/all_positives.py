"""Metrics of retrieval that look at all positives of a query, at their grades, or down to a rank k.

A k beyond the corpus is as if documents that are wrong filled it. Where an approximate index looked
less deep than a metric asks, the metric is NaN and says so.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mmbench.metrics.retrieval.rankings import (
    TIES,
    Floats,
    RankedPositives,
    beyond_index,
    divided,
    positives,
    ranking_of,
    ranks_of,
)
from mmbench.protocols import declare
from mmbench.search.extremes import best_gain, worst_gain
from mmbench.stats import score
from mmbench.types import Prediction, Score

_KINDS = {"retrieval"}


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
    return score(rows, signature=TIES, reason=beyond_index(unknown))


@declare(unit="fraction", better="higher", worst=0, best=1, kinds=_KINDS)
def fraction_recall(predictions: Sequence[Prediction], k: int) -> Score:
    """Share of a query's positives among the first k, averaged. Range [0, 1], higher is better.

    Not CLIP's `recall@k`, to which one positive is enough.
    Source: trec_eval `recall_k`; MTEB's recall_at_k.
    """
    found = positives(predictions)
    within = found.per_query(found.ranks <= k)
    return _score(found, found.share(within), k)


@declare(unit="fraction", better="higher", worst=0, best=1, kinds=_KINDS)
def precision(predictions: Sequence[Prediction], k: int) -> Score:
    """Number of positives among the first k / k, averaged. Range [0, 1], higher is better.

    Also divides by k where a query has fewer positives, or the corpus fewer documents.
    Source: trec_eval `P_k`.
    """
    found = positives(predictions)
    return _score(found, found.per_query(found.ranks <= k) / k, k)


@declare(unit="score", better="higher", worst=0, best=1, kinds=_KINDS)
def mrr_at(predictions: Sequence[Prediction], k: int) -> Score:
    """Reciprocal rank of the best-ranked positive, 0 beyond k, averaged. [0, 1], higher is better.

    Source: MS MARCO's official evaluation (MRR@10). CLAP's "mAP@10" with one positive is this.
    """
    found = positives(predictions)
    counted = (found.place == 1) & (found.ranks <= k)
    return _score(found, found.per_query(counted / found.ranks), k)


@declare(unit="score", better="higher", worst=0, best=1, kinds=_KINDS)
def map_at(predictions: Sequence[Prediction], k: int) -> Score:
    """Mean average precision cut at rank k. Range [0, 1], higher is better.

    AP@k = 1/P · Σ i / rankᵢ over the positives with rankᵢ ≤ k, by ascending rank. P is the number
    of **all** positives, so that a query with more than k of them cannot reach 1.
    Source: trec_eval `map_cut`; MTEB's map_at_k.
    """
    found = positives(predictions)
    within = (found.ranks <= k) * found.place / found.ranks
    return _score(found, found.share(found.per_query(within)), k, "divisor=positives")


@declare(unit="score", better="higher", worst=0, best=1, kinds=_KINDS)
def map_at_r(predictions: Sequence[Prediction]) -> Score:
    """Mean average precision cut at R, the number of the query's positives.

    Range [0, 1], higher is better.
    mAP@R = 1/R · Σ i / rankᵢ over the positives with rankᵢ ≤ R.
    Source: Musgrave et al. 2020, arXiv 2003.08505; ECCV Caption `eccv_map_at_r`.
    """
    found = positives(predictions)
    within = (found.ranks <= found.sizes[found.query]) * found.place / found.ranks
    return _score(found, found.share(found.per_query(within)), found.sizes)


@declare(unit="fraction", better="higher", worst=0, best=1, kinds=_KINDS)
def r_precision(predictions: Sequence[Prediction]) -> Score:
    """Share of positives among the first R, the number of the query's positives, averaged.

    Range [0, 1], higher is better. Source: trec_eval `Rprec`; ECCV Caption `eccv_rprecision`.
    """
    found = positives(predictions)
    within = found.per_query(found.ranks <= found.sizes[found.query])
    return _score(found, found.share(within), found.sizes)


@declare(
    unit="score", better="higher", worst=0, best=1, kinds=_KINDS, extremes=(worst_gain, best_gain)
)
def ndcg(predictions: Sequence[Prediction], k: int) -> Score:
    """Discounted cumulative gain of the first k / that of the best order. [0, 1], higher is better.

    DCG = Σ grade / log₂(rank + 1). The gain is the grade itself, not 2^grade - 1. The best order
    has all positives of the query by falling grade.
    Source: Järvelin and Kekäläinen 2002; trec_eval 9 `ndcg_cut`; MTEB's ndcg_at_k.
    """
    found = positives(predictions)
    gains = (found.ranks <= k) * found.grades / np.log2(found.ranks + 1)
    best = found.grades[np.lexsort((-found.grades, found.query))]
    ideal = (found.place <= k) * best / np.log2(found.place + 1)
    rows = divided(found.per_query(gains), found.per_query(ideal))
    return _score(found, rows, k, "gain=linear")


@declare(
    unit="sum of fractions", better="higher", worst=0, best=3, kinds=_KINDS, sums_directions=True
)
def rsum(predictions: Sequence[Prediction]) -> Score:
    """Recall@1 + recall@5 + recall@10, any positive counting. Higher is better.

    Range [0, 3] in one direction; of a task with two directions the sum over both, [0, 6].
    Published tables print 100 times this (up to 600).
    Source: VSE++ (Faghri et al. 2018, arXiv 1707.05612) `rsum`.
    """
    found = positives(predictions)
    best = np.where(found.place == 1, found.ranks, np.inf)
    hits = [found.per_query(best <= k) for k in (1, 5, 10)]
    return _score(found, np.sum(hits, axis=0), 10)


def _score(
    found: RankedPositives,
    rows: Floats,
    needed: int | NDArray[np.int64],
    told: str = "",
) -> Score:
    """NaN for queries that ask for more than an index looked at."""
    unknown = found.depth < needed
    reason = f"the index is {found.depth[unknown].min():.0f} deep" if unknown.any() else ""
    signature = f"{TIES},{told}" if told else TIES
    return score(np.where(unknown, np.nan, rows), signature=signature, reason=reason)
