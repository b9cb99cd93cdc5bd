"""How far the confidence of a classifier is from how often it is right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmbench.metrics.classes import hits, read
from mmbench.stats import score
from mmbench.text import count
from mmbench.types import Prediction, Score

_SUM = 1e-2  # how far from 1 the probabilities of a half-precision model may sum to


def ece(predictions: Sequence[Prediction]) -> Score:
    """Expected calibration error: Σ over 15 bins of their share · |accuracy - mean confidence|.

    Range [0, 1], lower is better. The confidence of a sample is its highest probability. Bins are
    of equal width, [lower, upper); a confidence of exactly 1 has one of its own. Scores are
    probabilities as they are if none is negative and they sum to 1 in every sample; if not, all
    samples go through a softmax, and the signature says which. A tie of the highest counts as right
    with its expectation. Needs scores and one right label.
    Source: Guo et al. 2017, arXiv 1706.04599; torchmetrics `MulticlassCalibrationError(n_bins=15)`.
    """
    cases = read(predictions)
    reason, rows, given = cases.unscored or cases.several, np.full((cases.n, 2), np.nan), True
    if cases.scores is not None:
        given = _are_probabilities(cases.scores)
    if cases.scores is not None and not reason:
        confidence = _confidence(cases.scores, given)
        rows = np.column_stack([confidence, hits(cases, 1)])
        lost = int(np.isnan(confidence).sum())
        reason = f"the scores of {count(lost, 'sample')} have no softmax" if lost else ""
    return score(
        rows,
        fold_name="ece",
        better="lower",
        signature=f"bins=15,probabilities={'given' if given else 'softmax'},ties=expectation",
        reason=reason,
        worst=1,
        best=0,
    )


def _are_probabilities(scores: NDArray[np.floating[Any]]) -> bool:
    """Whether scores [n, c] are distributions. A sample with a missing score is not asked."""
    sums = scores.sum(axis=1, dtype=np.float64)
    whole = np.isfinite(sums)
    lowest = scores.min(axis=1)[whole]
    return bool(
        whole.any() and (lowest >= 0).all() and (np.abs(sums[whole] - 1) <= _SUM).all()
    ) or not len(scores)


def _confidence(scores: NDArray[np.floating[Any]], given: bool) -> NDArray[np.float64]:
    """The highest probability of each sample, in single precision as peers bin it."""
    top = scores.max(axis=1)
    if given:
        highest = top
    else:
        with np.errstate(invalid="ignore"):
            highest = 1 / np.exp(scores - top[:, None]).sum(axis=1)
    return np.asarray(highest, np.float32).astype(np.float64)
