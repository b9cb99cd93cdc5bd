"""Metrics of how the scores of each class order the samples: average precision, ROC area, d'.

Each class is a question of its own, right for a sample or not, so that samples may have several
right labels, or none. Needs scores: NaN for bare labels. Only the order of a class's scores counts.

Scores are taken as the model returned them. Where each sample has one label, logits and the softmax
of them order the samples of a class differently, so that the signature says which were used; a
sigmoid leaves the order as it is.
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

_KINDS = {"classification", "zero_shot"}


@declare(unit="score", better="higher", worst=0, best=1, kinds=_KINDS)
def mean_ap(predictions: Sequence[Prediction]) -> Score:
    """Average precision of each class, averaged over the classes with a right sample.

    AP = Σ over the right samples of the precision down to each / their number, without
    interpolation. Range (0, 1], higher is better. Samples of equal score stand at one place,
    the last of them, so that their order has no influence.
    Source: VOC2007, AudioSet (Gemmeke et al. 2017); scikit-learn `average_precision_score`.
    """
    cases = read_cases(predictions)
    some = cases.right().any()
    reason = cases.unscored or ("" if some or not cases.n else "no sample has a right label")
    return score(
        _rows(cases),
        fold_name="mean-ap",
        signature=_signature(cases, "ties=grouped"),
        reason=reason,
    )


@declare(unit="score", better="higher", worst=0, best=1, kinds=_KINDS)
def auc(predictions: Sequence[Prediction]) -> Score:
    """Area under the ROC curve of each class, averaged over those with a right and a wrong sample.

    The share of pairs of a right and a wrong sample in which the right one has the higher score; a
    tie counts half. Range [0, 1], chance .5, higher is better.
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
    """√2 · Φ⁻¹ of `auc`, the mean area over the classes. Range (-∞, ∞), higher is better.

    Φ is the normal distribution; chance is 0. An area of 1 makes it infinite, and says so.
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
            scored, reason=f"the area is {int(scored.value > 0)}: d' has no end"
        )
    return scored


def _signature(cases: Cases, ties: str) -> str:
    scale_matters = not cases.listed and cases.scale in ("logits", "probabilities")
    return f"{ties},values={cases.scale}" if scale_matters else ties


def _rows(cases: Cases) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Scores [n, c], then which labels are right as 1 and 0 [n, c]."""
    if cases.scores is None:
        return np.full((cases.n, 2), np.nan)
    return np.concatenate([cases.scores, cases.right()], axis=1, dtype=np.float64)


def _one_sided(cases: Cases) -> str:
    right = cases.right()
    some = (right.any(axis=0) & ~right.all(axis=0)).any()
    reason = "no class has both a sample that it is right for and one that it is not"
    return cases.unscored or ("" if some or not cases.n else reason)
