"""Metrics of classification with one or several correct labels per sample.

The value of a prediction is an array of scores [c] float32, one per class, or only a label (an
int). Its target is the position of the correct label or a list of positions. The order of the
classes does not break ties between equal scores, except if a metric needs a single predicted label
(F1, confusion matrix). A NaN score counts as -∞. If predictions are labels without scores, a metric
that needs scores is NaN, with a reason.

Ranking metrics (accuracy, average precision, ROC area) use the scores as the model returned them.
`f1` of several labels and `ece` need probabilities: logits go through a sigmoid or a softmax in
float64. `Prediction.scores` states whether scores are logits or probabilities.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mmbench.errors import DataError
from mmbench.metrics.classification.calibration import ece
from mmbench.metrics.classification.classes import Cases, hits, read_cases
from mmbench.metrics.classification.tagging import auc, d_prime, mean_ap
from mmbench.protocols import declare
from mmbench.stats import score
from mmbench.types import Prediction, Score

__all__ = [
    "accuracy",
    "auc",
    "confusion_matrix",
    "counts",
    "d_prime",
    "ece",
    "f1_macro",
    "f1_micro",
    "mean_ap",
    "mean_per_class_recall",
]

THRESHOLD = 0.5
_FIRST = "ties=first"
_KINDS = {"classification", "zero_shot", "probe"}


@declare(unit="fraction", better="higher", worst=0, best=1, kinds=_KINDS)
def accuracy(predictions: Sequence[Prediction], k: int) -> Score:
    """Share of samples with the correct label among the k highest scores. Range [0, 1].

    Higher is better. A tie at rank k counts with its expected value: if the correct label is one of
    t tied labels, and r of the k ranks remain for them, the value is r / t. So a constant model
    scores k / c. With several correct labels, any of them counts. If k exceeds the number of
    classes, the value is 1. Labels without scores have a value for k = 1 only.
    Source: top-k error of ILSVRC (Russakovsky et al. 2015, arXiv 1409.0575); several labels as in
    ImageNet ReaL (Beyer et al. 2020, arXiv 2006.07159).
    """
    cases = read_cases(predictions)
    reason = (cases.unscored if k > 1 else "") or cases.unlabelled
    rows = np.full(cases.n, np.nan) if reason else hits(cases, k)
    return score(rows, signature="ties=expectation", reason=reason)


@declare(unit="fraction", better="higher", worst=0, best=1, kinds=_KINDS)
def mean_per_class_recall(predictions: Sequence[Prediction]) -> Score:
    """Accuracy@1 within each class, averaged over the classes that have a sample.

    Range [0, 1], higher is better. Also known as balanced accuracy. Rows are [hit, correct class];
    with ties, the hit is an expected value. NaN if a sample has several correct labels.
    Source: scikit-learn `balanced_accuracy_score`; CLIP_benchmark `mean_per_class_recall`.
    """
    cases = read_cases(predictions)
    rows = np.full((cases.n, 2), np.nan)
    if not cases.several:
        rows = np.column_stack([hits(cases, 1), cases.labels])
    return score(rows, fold_name="class-mean", signature="ties=expectation", reason=cases.several)


@declare(unit="score", better="higher", worst=0, best=1, kinds=_KINDS)
def f1_macro(predictions: Sequence[Prediction]) -> Score:
    """F1 = 2·TP / (2·TP + FP + FN) of each class, averaged. Range [0, 1], higher is better.

    The average is over the classes that are correct or predicted for some sample. If targets are
    single labels, the first class with the highest score is predicted. If targets are lists, each
    class with a probability above 0.5 is predicted. Logits become probabilities by a sigmoid in
    float64. Scores of unknown scale count as probabilities if all lie in [0, 1]. The signature
    states the conversion. NaN for similarities of zero-shot classification, which have no
    threshold.
    Source: scikit-learn `f1_score(average="macro", zero_division=0)`.
    """
    cases = read_cases(predictions)
    if cases.listed:
        rows = np.concatenate(_multilabel_counts(cases), axis=1)
        return score(
            rows,
            fold_name="f1-macro@many",
            signature=_threshold(cases),
            reason=cases.unthresholded or _no_label_reason(rows),
        )
    rows = np.column_stack([cases.labels, cases.predicted()])
    return score(rows, fold_name="f1-macro", signature=_FIRST)


@declare(unit="score", better="higher", worst=0, best=1, kinds=_KINDS)
def f1_micro(predictions: Sequence[Prediction]) -> Score:
    """F1 = 2·TP / (2·TP + FP + FN) over all decisions. Range [0, 1], higher is better.

    Labels are predicted as in `f1_macro`. With one correct label per sample, the value equals the
    accuracy. NaN if no label is correct and none is predicted.
    Source: scikit-learn `f1_score(average="micro")`.
    """
    cases = read_cases(predictions)
    if cases.listed:
        rows = np.column_stack([side.sum(axis=1) for side in _multilabel_counts(cases)])
        signature, reason = _threshold(cases), cases.unthresholded or _no_label_reason(rows)
    else:
        hit = cases.predicted() == cases.labels
        rows = np.column_stack([2.0 * hit, np.full(cases.n, 2.0)])
        signature, reason = _FIRST, ""
    return score(rows, fold_name="ratio", signature=signature, reason=reason)


@declare(unit="fraction", better="higher", worst=0, best=1, kinds=_KINDS)
def confusion_matrix(predictions: Sequence[Prediction]) -> Score:
    """Share of samples on the diagonal of the confusion matrix, which `counts(score, c)` returns.

    Range [0, 1], higher is better. Rows are [hit, correct class, predicted class]; the first class
    with the highest score is predicted. NaN if a sample has several correct labels.
    Source: scikit-learn `confusion_matrix`.
    """
    cases = read_cases(predictions)
    rows = np.full((cases.n, 3), np.nan)
    if not cases.several:
        predicted = cases.predicted()
        rows = np.column_stack([predicted == cases.labels, cases.labels, predicted])
    return score(rows, signature=_FIRST, reason=cases.several)


def counts(scored: Score, classes: int) -> NDArray[np.int64]:
    """Return the confusion matrix [c, c] of the Score of `confusion_matrix`.

    Rows are correct classes, columns predicted classes, and `classes` is c. Raises DataError if the
    score has no matrix, or more classes than `classes`.
    """
    if scored.reason:
        raise DataError(f"no confusion matrix: {scored.reason}")
    right, predicted = scored.rows[:, 1:3].astype(np.int64).T
    most = int(max(right.max(initial=0), predicted.max(initial=0)))
    if most >= classes:
        raise DataError(
            f"the score has a class {most}, but the matrix has the classes 0 to {classes - 1}"
        )
    cells = np.bincount(right * classes + predicted, minlength=classes * classes)
    return cells.reshape(classes, classes)


def _multilabel_counts(cases: Cases) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the arrays 2·TP and 2·TP + FP + FN of each sample and class [n, c].

    The values are NaN if the scores have no threshold.
    """
    if cases.unthresholded:
        return (np.full((cases.n, cases.classes), np.nan),) * 2
    right, predicted = cases.right(), cases.decided(THRESHOLD)
    both = np.asarray(right & predicted, np.float64)
    return 2 * both, np.asarray(right, np.float64) + predicted


def _threshold(cases: Cases) -> str:
    """Return the part of the signature that states the threshold and the conversion of scores."""
    if cases.scores is None or cases.unthresholded:
        return f"threshold={THRESHOLD}"
    return f"threshold={THRESHOLD},probabilities={cases.link(several=True)}"


def _no_label_reason(rows: NDArray[np.float64]) -> str:
    nothing = len(rows) and not rows.any()
    return "no label is correct or predicted for any sample" if nothing else ""
