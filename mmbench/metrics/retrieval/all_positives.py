"""Metrics of retrieval that use all positives of a query, their grades, or a cutoff k.

If k exceeds the corpus size, the missing ranks count as irrelevant documents. If a metric needs a
greater depth than an approximate index has, it is NaN, with a reason.
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
    divide,
    positives_of,
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
    """Share of a query's positives that rank in the top k, averaged. Range [0, 1].

    Higher is better. `recall@k`, the recall of CLIP, is different: it needs only one positive in
    the top k.
    Source: trec_eval `recall_k`; MTEB's recall_at_k.
    """
    positives = positives_of(predictions)
    within = positives.per_query(positives.ranks <= k)
    return _score(positives, positives.share(within), k)


@declare(unit="fraction", better="higher", worst=0, best=1, kinds=_KINDS)
def precision(predictions: Sequence[Prediction], k: int) -> Score:
    """Number of positives in the top k, divided by k, averaged. Range [0, 1], higher is better.

    The divisor is k even if a query has fewer positives, or the corpus fewer documents.
    Source: trec_eval `P_k`.
    """
    positives = positives_of(predictions)
    return _score(positives, positives.per_query(positives.ranks <= k) / k, k)


@declare(unit="score", better="higher", worst=0, best=1, kinds=_KINDS)
def mrr_at(predictions: Sequence[Prediction], k: int) -> Score:
    """Reciprocal rank of the best-ranked positive, or 0 beyond k, averaged. Range [0, 1].

    Higher is better. With one positive per query, the "mAP@10" of CLAP has the same value.
    Source: MS MARCO's official evaluation (MRR@10).
    """
    positives = positives_of(predictions)
    counted = (positives.position == 1) & (positives.ranks <= k)
    return _score(positives, positives.per_query(counted / positives.ranks), k)


@declare(unit="score", better="higher", worst=0, best=1, kinds=_KINDS)
def map_at(predictions: Sequence[Prediction], k: int) -> Score:
    """Mean average precision truncated at rank k. Range [0, 1], higher is better.

    AP@k = 1/P · Σ i / rankᵢ over the positives with rankᵢ ≤ k, by ascending rank. P is the number
    of **all** positives, so that a query with more than k positives cannot reach 1.
    Source: trec_eval `map_cut`; MTEB's map_at_k.
    """
    positives = positives_of(predictions)
    within = (positives.ranks <= k) * positives.position / positives.ranks
    return _score(positives, positives.share(positives.per_query(within)), k, "divisor=positives")


@declare(unit="score", better="higher", worst=0, best=1, kinds=_KINDS)
def map_at_r(predictions: Sequence[Prediction]) -> Score:
    """Mean average precision truncated at R, the number of positives of the query.

    Range [0, 1], higher is better.
    mAP@R = 1/R · Σ i / rankᵢ over the positives with rankᵢ ≤ R.
    Source: Musgrave et al. 2020, arXiv 2003.08505; ECCV Caption `eccv_map_at_r`.
    """
    positives = positives_of(predictions)
    within = (
        (positives.ranks <= positives.sizes[positives.query]) * positives.position / positives.ranks
    )
    return _score(positives, positives.share(positives.per_query(within)), positives.sizes)


@declare(unit="fraction", better="higher", worst=0, best=1, kinds=_KINDS)
def r_precision(predictions: Sequence[Prediction]) -> Score:
    """Precision at R, the number of positives of the query, averaged over queries.

    Range [0, 1], higher is better. Source: trec_eval `Rprec`; ECCV Caption `eccv_rprecision`.
    """
    positives = positives_of(predictions)
    within = positives.per_query(positives.ranks <= positives.sizes[positives.query])
    return _score(positives, positives.share(within), positives.sizes)


@declare(
    unit="score", better="higher", worst=0, best=1, kinds=_KINDS, extremes=(worst_gain, best_gain)
)
def ndcg(predictions: Sequence[Prediction], k: int) -> Score:
    """Discounted cumulative gain of the top k, relative to the gain of the ideal order.

    Range [0, 1], higher is better. DCG = Σ grade / log₂(rank + 1). The gain is the grade itself,
    not 2^grade - 1. The ideal order has all positives of the query by descending grade.
    Source: Järvelin and Kekäläinen 2002; trec_eval 9 `ndcg_cut`; MTEB's ndcg_at_k.
    """
    positives = positives_of(predictions)
    gains = (positives.ranks <= k) * positives.grades / np.log2(positives.ranks + 1)
    best = positives.grades[np.lexsort((-positives.grades, positives.query))]
    ideal = (positives.position <= k) * best / np.log2(positives.position + 1)
    rows = divide(positives.per_query(gains), positives.per_query(ideal))
    return _score(positives, rows, k, "gain=linear")


@declare(
    unit="sum of fractions", better="higher", worst=0, best=3, kinds=_KINDS, sums_directions=True
)
def rsum(predictions: Sequence[Prediction]) -> Score:
    """Recall@1 + recall@5 + recall@10 of any positive. Higher is better.

    Range [0, 3] in one direction; a task with two directions has the sum of both values, [0, 6].
    Published tables print 100 times this value (up to 600).
    Source: VSE++ (Faghri et al. 2018, arXiv 1707.05612) `rsum`.
    """
    positives = positives_of(predictions)
    best = np.where(positives.position == 1, positives.ranks, np.inf)
    hits = [positives.per_query(best <= k) for k in (1, 5, 10)]
    return _score(positives, np.sum(hits, axis=0), 10)


def _score(
    positives: RankedPositives,
    rows: Floats,
    needed: int | NDArray[np.int64],
    details: str = "",
) -> Score:
    """Return a Score with NaN for each query that needs a greater depth than the index has.

    `rows` has a value for each query, `needed` the depth that it needs. `details` is added to the
    signature.
    """
    unknown = positives.depth < needed
    reason = (
        f"the index depth is only {positives.depth[unknown].min():.0f}" if unknown.any() else ""
    )
    signature = f"{TIES},{details}" if details else TIES
    return score(np.where(unknown, np.nan, rows), signature=signature, reason=reason)
