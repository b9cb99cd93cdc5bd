"""Calibration: the gap between the confidence of a classifier and its accuracy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmbench.metrics.classification.classes import hits, read_cases
from mmbench.protocols import declare
from mmbench.stats import score
from mmbench.text import count
from mmbench.types import Prediction, Score

_KINDS = {"classification", "zero_shot", "probe"}


@declare(unit="fraction", better="lower", worst=1, best=0, kinds=_KINDS)
def ece(predictions: Sequence[Prediction]) -> Score:
    """Expected calibration error: Σ over 15 bins of weight · |accuracy - mean confidence|.

    The weight of a bin is its share of the samples. Range [0, 1], lower is better. The confidence
    of a sample is its highest probability, rounded to single precision before binning, as in other
    packages. Bins are of equal width, [lower, upper); a confidence of exactly 1 has a separate bin.
    Logits and similarities go through a softmax in float64; probabilities are used unchanged.
    Scores of unknown scale count as probabilities if none is negative and those of each sample sum
    to 1 within 0.01. The signature states the conversion. A tie of the highest scores counts with
    its expected value. The metric needs scores and exactly one correct label per sample.
    Source: Guo et al. 2017, arXiv 1706.04599; torchmetrics `MulticlassCalibrationError(n_bins=15)`.
    """
    cases = read_cases(predictions)
    reason, rows = cases.unscored or cases.several, np.full((cases.n, 2), np.nan)
    if not reason:
        highest = cases.probabilities(several=False).max(axis=1)
        confidence = np.asarray(np.minimum(highest, 1), np.float32)
        rows = np.column_stack([confidence.astype(np.float64), hits(cases, 1)])
        missing = int(np.isnan(confidence).sum())
        reason = f"the softmax is undefined for {count(missing, 'sample')}" if missing else ""
    return score(
        rows,
        fold_name="ece",
        signature=f"bins=15,probabilities={cases.link(several=False)},ties=expectation",
        reason=reason,
    )
