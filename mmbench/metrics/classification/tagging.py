"""Metrics that rank the samples by the scores of a class: average precision, ROC area, d'.

Each class is a separate binary problem, so that samples may have several correct labels, or none.
The metrics are NaN for labels without scores. Only the order of a class's scores counts.

Scores are used as the model returned them. A softmax changes the order of the samples within a
class, because it depends on the scores of the other classes; so the signature states the scale if
each sample has one label. A sigmoid does not change the order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np

from mmbench.metrics.classification.classes import Cases, read_cases
from mmbench.protocols import declare
from mmbench.stats import score
from mmbench.types import Prediction, Score

_KINDS = {"classification", "zero_shot", "probe"}


@declare(unit="score", better="higher", worst=0, best=1, kinds=_KINDS)
def mean_ap(predictions: Sequence[Prediction]) -> Score:
    """Average precision of each class, averaged over the classes with a positive sample.

    AP = mean over the positive samples of the precision at their rank, without interpolation. Range
    (0, 1], higher is better. Samples with equal scores all get the rank of the last of them, so
    that their order has no influence.
    Source: VOC2007, AudioSet (Gemmeke et al. 2017); scikit-learn `average_precision_score`.
    """
    cases = read_cases(predictions)
    some = cases.right().any()
    reason = cases.unscored or ("" if some or not cases.n else "no sample has a correct label")
    return score(
        _rows(cases),
        fold_name="mean-ap",
        signature=_signature(cases, "ties=grouped"),
        reason=reason,
    )


@declare(unit="score", better="higher", worst=0, best=1, kinds=_KINDS)
def auc(predictions: Sequence[Prediction]) -> Score:
    """Area under the ROC curve of each class, averaged over classes with positives and negatives.

    The area is the share of (positive, negative) pairs of samples in which the positive sample has
    the higher score; a tie counts half. Range [0, 1], chance level 0.5, higher is better.
    Source: scikit-learn `roc_auc_score(average="macro")`; AudioSet's mAUC.
    """
    cases = read_cases(predictions)
    return score(
        _rows(cases),
        fold_name="auc",
        signature=_signature(cases, "ties=half"),
        reason=_one_sided(cases),
    )


@declare(unit="standard deviations", better="higher", kinds=_KINDS)
def d_prime(predictions: Sequence[Prediction]) -> Score:
    """Sensitivity index d' = √2 · Φ⁻¹(`auc`). Range (-∞, ∞), higher is better.

    `auc` is the mean area over the classes, and Φ is the distribution function of the standard
    normal distribution. At chance level, d' is 0. An area of 0 or 1 gives an infinite value, with a
    reason.
    Source: Gemmeke et al. 2017; PANNs (arXiv 1912.10211) and AST (arXiv 2104.01778) take the mean
    over the classes first, as here.
    """
    cases = read_cases(predictions)
    scored = score(
        _rows(cases),
        fold_name="d-prime",
        signature=_signature(cases, "ties=half"),
        reason=_one_sided(cases),
    )
    if math.isinf(scored.value):
        return msgspec.structs.replace(
            scored, reason=f"the area is {int(scored.value > 0)}: d' is infinite"
        )
    return scored


def _signature(cases: Cases, ties: str) -> str:
    scale_matters = not cases.listed and cases.scale in ("logits", "probabilities")
    return f"{ties},values={cases.scale}" if scale_matters else ties


def _rows(cases: Cases) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Return rows [n, 2c]: c scores, then c numbers, 1 for a correct label and 0 for any other."""
    if cases.scores is None:
        return np.full((cases.n, 2), np.nan)
    return np.concatenate([cases.scores, cases.right()], axis=1, dtype=np.float64)


def _one_sided(cases: Cases) -> str:
    right = cases.right()
    some = (right.any(axis=0) & ~right.all(axis=0)).any()
    reason = "no class has both a positive and a negative sample"
    return cases.unscored or ("" if some or not cases.n else reason)
