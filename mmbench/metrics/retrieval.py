"""Metrics of retrieval, as functions of the ranks of each query's positives.

Ranks count from 1 over the whole corpus. Equal scores are ordered by a hash of the document id, so
that the order of the data has no influence and a constant model scores chance. A rank beyond the
depth of an approximate index is unknown: a metric that needs it is NaN and says why.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mmbench.stats import score
from mmbench.types import Prediction, Ranking, Score

_TIES = "ties=id-hash"


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
    return score(np.nan_to_num(found, nan=np.inf) <= k, signature=_TIES, worst=0, best=1)


def mean_rank(predictions: Sequence[Prediction]) -> Score:
    """Mean rank of the best-ranked positive. Range [1, corpus], lower is better.

    Source: open_clip `get_clip_metrics`, which reports rank + 1 of a zero-based rank.
    """
    return _of_ranks(predictions, "mean", lambda ranks: ranks, "lower")


def median_rank(predictions: Sequence[Prediction]) -> Score:
    """Median rank of the best-ranked positive. Range [1, corpus], lower is better.

    The plain median: the mean of the middle two for an even number of queries. (open_clip floors.)
    Known as long as more than half of the queries have a rank within the depth of an index.
    """
    best, _ = _best(predictions)
    found = score(
        np.nan_to_num(best, nan=np.inf), fold_name="median", better="lower", signature=_TIES
    )
    if not math.isinf(found.value):
        return found
    return _of_ranks(predictions, "median", lambda ranks: ranks, "lower")


def mrr(predictions: Sequence[Prediction]) -> Score:
    """Mean reciprocal rank of the best-ranked positive. Range (0, 1], higher is better.

    Source: Voorhees, TREC-8 question answering track, 1999.
    """
    return _of_ranks(predictions, "mean", lambda ranks: 1.0 / ranks, "higher")


def average_precision(predictions: Sequence[Prediction]) -> Score:
    """Mean average precision over all positives of a query. Range (0, 1], higher is better.

    AP = 1/P · Σᵢ i / rankᵢ over the P positives by ascending rank (trec_eval `map`).
    """
    rows, reason = [], ""
    for prediction in predictions:
        ranks = ranking_of(prediction).ranks
        known = [rank for rank in ranks if rank is not None]
        complete = bool(ranks) and len(known) == len(ranks)
        total = sum(i / rank for i, rank in enumerate(known, start=1))
        rows.append(total / len(ranks) if complete else math.nan)
        reason = reason if complete else "a positive is beyond the depth of the index"
    return score(rows, signature=_TIES, reason=reason, worst=0, best=1)


def ranking_of(prediction: Prediction) -> Ranking:
    """The ranking behind a prediction.

    A value may also be the list of document ids in the order found, with the relevant ids (or
    {id: grade}) as target: positives that are not in the list are beyond its depth.
    """
    if isinstance(prediction.value, Ranking):
        return prediction.value
    listed = {doc: rank for rank, doc in reversed(list(enumerate(prediction.value, start=1)))}
    target = prediction.target
    grades = dict(target) if isinstance(target, dict) else dict.fromkeys(target, 1.0)
    positives = [doc for doc, grade in grades.items() if grade > 0]
    positives.sort(key=lambda doc: listed.get(doc, math.inf))
    return Ranking(
        ranks=[listed.get(doc) for doc in positives],
        grades=[grades[doc] for doc in positives],
        depth=len(prediction.value),
    )


def _best(predictions: Sequence[Prediction]) -> tuple[NDArray[np.float64], int | None]:
    """Best rank of each query (NaN where unknown) and the least depth of any incomplete ranking."""
    rankings = [ranking_of(p) for p in predictions]
    best = [r.ranks[0] if r.ranks and r.ranks[0] is not None else math.nan for r in rankings]
    depths = [
        r.depth for r, b in zip(rankings, best, strict=True) if r.depth is not None and b != b
    ]
    return np.array(best, dtype=np.float64), min(depths, default=None)


def _of_ranks(
    predictions: Sequence[Prediction],
    fold_name: str,
    row: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    better: Literal["higher", "lower"],
) -> Score:
    best, _ = _best(predictions)
    unknown = int(np.isnan(best).sum())
    reason = f"{unknown} queries have no known rank: beyond the index" if unknown else ""
    ends = (0, 1) if better == "higher" else (None, 1)
    return score(
        row(best),
        fold_name=fold_name,
        better=better,
        signature=_TIES,
        reason=reason,
        worst=ends[0],
        best=ends[1],
    )
