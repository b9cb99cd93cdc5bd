"""Conformance cases of classification metrics, with ties and with several correct labels."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmbench.conformance.case import (
    DEFINITION,
    Case,
    LargestDifference,
    max_difference,
    measured,
    value,
)
from mmbench.conformance.packages import library
from mmbench.metrics.classification import counts
from mmbench.types import Prediction

Floats = NDArray[np.float32]
Labels = NDArray[np.int64]
_N, CLASSES = 600, 7
_GENERATED = f"generated: {_N} samples, {CLASSES} classes"


class LabelledScores(NamedTuple):
    """Generated scores [n, c], with their targets and a description for the conformance table.

    `targets` is the correct label of each sample [n], or an array [n, c] in which 1 marks each
    correct label.
    """

    scores: Floats
    targets: Labels
    inputs: str

    def predictions(self) -> list[Prediction]:
        """Return one Prediction for each sample."""
        many = self.targets.ndim == 2
        right = [np.flatnonzero(row).tolist() if many else int(row) for row in self.targets]
        return [Prediction(str(i), row, right[i]) for i, row in enumerate(self.scores)]


@cache
def single_label() -> LabelledScores:
    """Return probabilities with one correct label per sample; the classes are unbalanced."""
    draws = np.random.default_rng(21)
    labels = draws.choice(CLASSES, _N, p=np.array([30, 20, 20, 10, 10, 9, 1]) / 100)
    evidence = draws.normal(size=(_N, CLASSES)) * 1.5
    evidence[np.arange(_N), labels] += 1.0
    odds = np.exp(evidence)
    scores = np.asarray(odds / odds.sum(axis=1, keepdims=True), np.float32)
    return LabelledScores(scores, labels, f"{_GENERATED}, no ties")


@cache
def logits() -> LabelledScores:
    """Return the data of `single_label` with logits of both signs instead of probabilities."""
    scores, labels, _ = single_label()
    shifted = np.asarray(3 * np.log(scores) + 2, np.float32)
    return LabelledScores(shifted, labels, f"{_GENERATED}, logits")


@cache
def tied() -> LabelledScores:
    """Return the data of `single_label` with scores rounded to steps of 0.1."""
    scores, labels, _ = single_label()
    rounded = np.asarray(np.round(scores, 1), np.float32)
    return LabelledScores(rounded, labels, f"{_GENERATED}, scores in steps of 0.1")


@cache
def multi_label() -> LabelledScores:
    """Return scores in steps of 0.05; each sample has no, one or several correct labels."""
    draws = np.random.default_rng(22)
    right = draws.random((_N, CLASSES)) < np.linspace(0.02, 0.6, CLASSES)
    scores = np.clip(draws.normal(0.35, 0.2, (_N, CLASSES)) + 0.25 * right, 0, 1)
    rounded = np.asarray(np.round(scores * 20) / 20, np.float32)
    return LabelledScores(
        rounded, right.astype(np.int64), f"{_GENERATED}, 0 to {CLASSES} correct labels, ties"
    )


def expected_hits(k: int, scores: Floats, labels: Labels) -> float:
    """Return the mean chance that the label is in the top k, for a random order of equal scores.

    `scores` is [n, c], `labels` [n].
    """
    chances = []
    for row, label in zip(scores, labels, strict=True):
        above, equal = (row > row[label]).sum(), (row == row[label]).sum()
        chances.append(min(1.0, max(0.0, (k - above) / equal)))
    return float(np.mean(chances))


def expected_recall(scores: Floats, labels: Labels) -> float:
    """Return the mean over classes of `expected_hits` for k = 1."""
    by_class = [
        expected_hits(1, scores[labels == label], labels[labels == label])
        for label in np.unique(labels)
    ]
    return float(np.mean(by_class))


def pairs_won(scores: Floats, right: Labels) -> float:
    """Return the ROC area averaged over classes; `scores` and the mask `right` are [n, c].

    The area is the share of (positive, negative) pairs of samples in which the positive sample has
    the higher score; a tie counts half.
    """
    areas = []
    for column, marks in zip(scores.T, right.T, strict=True):
        gaps = column[marks == 1][:, None] - column[marks == 0][None]
        areas.append(((gaps > 0) + 0.5 * (gaps == 0)).mean())
    return float(np.mean(areas))


def steps(scores: Floats, right: Labels) -> float:
    """Return the average precision averaged over classes; `scores` and the mask `right` are [n, c].

    The average precision of a class is the mean, over its positive samples, of the precision at the
    score of the sample.
    """
    precisions = []
    for column, marks in zip(scores.T, right.T, strict=True):
        down = column[:, None] >= column[marks == 1][None]
        precisions.append(((down & (marks == 1)[:, None]).sum(axis=0) / down.sum(axis=0)).mean())
    return float(np.mean(precisions))


def d_prime(scores: Floats, right: Labels) -> float:
    """Return d' from scikit-learn's mean ROC area and scipy's normal distribution."""
    area = library("sklearn.metrics").roc_auc_score(right, scores, average="macro")
    return math.sqrt(2) * float(library("scipy.stats").norm.ppf(area))


Theirs = Callable[[Floats, Labels], ArrayLike]


def _compare(
    name: str, build: Callable[[], LabelledScores], theirs: Theirs, _: Path
) -> LargestDifference:
    data = build()
    expected = float(np.asarray(theirs(data.scores.copy(), data.targets.copy())))
    return LargestDifference(max_difference(value(name, data.predictions()), expected), data.inputs)


def _sklearn(function: str, **options: object) -> Theirs:
    """Return a function of scores and targets that calls a scikit-learn metric of scores."""
    return lambda scores, targets: getattr(library("sklearn.metrics"), function)(
        targets, scores, **options
    )


def _sklearn_of_labels(function: str, **options: object) -> Theirs:
    """Return a function of scores and targets that calls a scikit-learn metric of labels.

    The predicted label is the label with the highest score; if a sample may have several labels,
    each label with a score above 0.5 is predicted.
    """

    def theirs(scores: Floats, targets: Labels) -> ArrayLike:
        predicted = scores > 0.5 if targets.ndim == 2 else scores.argmax(axis=1)
        score: ArrayLike = getattr(library("sklearn.metrics"), function)(
            targets, predicted, **options
        )
        return score

    return theirs


def _torchmetrics(function: str, **options: object) -> Theirs:
    def theirs(scores: Floats, targets: Labels) -> ArrayLike:
        torch, module = library("torch"), library("torchmetrics.functional.classification")
        kind = "num_labels" if function.startswith("multilabel") else "num_classes"
        tensors = torch.from_numpy(scores), torch.from_numpy(targets)
        score: ArrayLike = getattr(module, function)(*tensors, **{kind: scores.shape[1]}, **options)
        return score

    return theirs


def _matrix(theirs: Theirs, _: Path) -> LargestDifference:
    """Compare all cells of the confusion matrix and the share of samples on its diagonal."""
    data = single_label()
    ours = measured("confusion_matrix", data.predictions())
    cells = np.asarray(theirs(data.scores, data.targets))
    difference = max_difference(counts(ours, CLASSES), cells)
    return LargestDifference(
        max(difference, max_difference(ours.value, cells.trace() / cells.sum())), data.inputs
    )


def _case(
    name: str,
    reference: str,
    theirs: Theirs,
    build: Callable[[], LabelledScores],
    package: str = "",
) -> Case:
    tolerance = 1e-6 if package == "torchmetrics" else 1e-9
    return Case(name, reference, partial(_compare, name, build, theirs), tolerance, package)


def _case_factory(package: str, make: Callable[..., Theirs]) -> Callable[..., Case]:
    def case(
        name: str, function: str, build: Callable[[], LabelledScores], **options: object
    ) -> Case:
        return _case(name, function, make(function, **options), build, package)

    return case


_by_scores = _case_factory("scikit-learn", _sklearn)
_by_labels = _case_factory("scikit-learn", _sklearn_of_labels)
_by_tensors = _case_factory("torchmetrics", _torchmetrics)
_ECE = "multiclass_calibration_error"
CASES = [
    _case("accuracy@1", DEFINITION, partial(expected_hits, 1), tied),
    _case("accuracy@5", DEFINITION, partial(expected_hits, 5), tied),
    _case("mean_per_class_recall", DEFINITION, expected_recall, tied),
    _case("mean_ap", DEFINITION, steps, multi_label),
    _case("auc", DEFINITION, pairs_won, multi_label),
    _by_scores("accuracy@1", "top_k_accuracy_score", single_label, k=1),
    _by_scores("accuracy@5", "top_k_accuracy_score", single_label, k=5),
    _by_labels("mean_per_class_recall", "balanced_accuracy_score", single_label),
    _by_scores("mean_ap", "average_precision_score", multi_label, average="macro"),
    _by_scores("auc", "roc_auc_score", multi_label, average="macro"),
    _case("d_prime", "roc_auc_score, scipy norm.ppf", d_prime, multi_label, "scikit-learn"),
    _by_labels("f1_macro", "f1_score", single_label, average="macro"),
    _by_labels("f1_macro", "f1_score", multi_label, average="macro", zero_division=0),
    _by_labels("f1_micro", "f1_score", single_label, average="micro"),
    _by_labels("f1_micro", "f1_score", multi_label, average="micro"),
    Case(
        "confusion_matrix",
        "confusion_matrix",
        partial(_matrix, _sklearn_of_labels("confusion_matrix")),
        package="scikit-learn",
    ),
    _by_tensors("accuracy@1", "multiclass_accuracy", single_label, average="micro"),
    _by_tensors("accuracy@5", "multiclass_accuracy", single_label, average="micro", top_k=5),
    _by_tensors("mean_per_class_recall", "multiclass_accuracy", single_label, average="macro"),
    _by_tensors("mean_ap", "multilabel_average_precision", multi_label),
    _by_tensors("auc", "multilabel_auroc", multi_label),
    _by_tensors("f1_macro", "multiclass_f1_score", single_label, average="macro"),
    _by_tensors("f1_macro", "multilabel_f1_score", multi_label, average="macro"),
    _by_tensors("f1_micro", "multilabel_f1_score", multi_label, average="micro"),
    *(_by_tensors("ece", _ECE, build, n_bins=15, norm="l1") for build in (single_label, logits)),
    Case(
        "confusion_matrix",
        "multiclass_confusion_matrix",
        partial(_matrix, _torchmetrics("multiclass_confusion_matrix")),
        package="torchmetrics",
    ),
]
