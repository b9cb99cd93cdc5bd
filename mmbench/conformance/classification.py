"""Classification: scores with ties, missing classes, several right labels."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmbench.conformance.case import DEFINITION, Case, LargestDifference, apart, measured, value
from mmbench.conformance.packages import library
from mmbench.metrics.classification import counts
from mmbench.types import Prediction

Floats = NDArray[np.float32]
Labels = NDArray[np.int64]
_N, CLASSES = 600, 7
_GENERATED = f"generated: {_N} samples, {CLASSES} classes"


class LabelledScores(NamedTuple):
    """Scores [n, c]; right labels [n], or which labels are right [n, c]; both in words."""

    scores: Floats
    targets: Labels
    told: str

    def predictions(self) -> list[Prediction]:
        """As a metric takes them."""
        many = self.targets.ndim == 2
        right = [np.flatnonzero(row).tolist() if many else int(row) for row in self.targets]
        return [Prediction(str(i), row, right[i]) for i, row in enumerate(self.scores)]


@cache
def one() -> LabelledScores:
    """Probabilities and one label each; the labels are far from evenly spread."""
    draws = np.random.default_rng(21)
    labels = draws.choice(CLASSES, _N, p=np.array([30, 20, 20, 10, 10, 9, 1]) / 100)
    logits = draws.normal(size=(_N, CLASSES)) * 1.5
    logits[np.arange(_N), labels] += 1.0
    odds = np.exp(logits)
    scores = np.asarray(odds / odds.sum(axis=1, keepdims=True), np.float32)
    return LabelledScores(scores, labels, f"{_GENERATED}, no equal scores")


@cache
def logits() -> LabelledScores:
    """Scores of both signs."""
    scores, labels, _ = one()
    found = np.asarray(3 * np.log(scores) + 2, np.float32)
    return LabelledScores(found, labels, f"{_GENERATED}, logits")


@cache
def tied() -> LabelledScores:
    """The same in steps of 0.1."""
    scores, labels, _ = one()
    steps = np.asarray(np.round(scores, 1), np.float32)
    return LabelledScores(steps, labels, f"{_GENERATED}, scores in steps of 0.1")


@cache
def several() -> LabelledScores:
    """Scores in steps of 0.05; none, one or several labels are right."""
    draws = np.random.default_rng(22)
    right = draws.random((_N, CLASSES)) < np.linspace(0.02, 0.6, CLASSES)
    scores = np.clip(draws.normal(0.35, 0.2, (_N, CLASSES)) + 0.25 * right, 0, 1)
    steps = np.asarray(np.round(scores * 20) / 20, np.float32)
    return LabelledScores(
        steps, right.astype(np.int64), f"{_GENERATED}, none to all right, equal scores"
    )


def expected_hits(k: int, scores: Floats, labels: Labels) -> float:
    """The chance to be among the first k, where equal scores stand in any order."""
    found = []
    for row, label in zip(scores, labels, strict=True):
        above, equal = (row > row[label]).sum(), (row == row[label]).sum()
        found.append(min(1.0, max(0.0, (k - above) / equal)))
    return float(np.mean(found))


def expected_recall(scores: Floats, labels: Labels) -> float:
    """The chance to be first, by class."""
    by_class = [
        expected_hits(1, scores[labels == label], labels[labels == label])
        for label in np.unique(labels)
    ]
    return float(np.mean(by_class))


def pairs_won(scores: Floats, right: Labels) -> float:
    """Over classes the share of pairs in which what is right has the higher score; ties half."""
    areas = []
    for column, marks in zip(scores.T, right.T, strict=True):
        gaps = column[marks == 1][:, None] - column[marks == 0][None]
        areas.append(((gaps > 0) + 0.5 * (gaps == 0)).mean())
    return float(np.mean(areas))


def steps(scores: Floats, right: Labels) -> float:
    """Over classes the mean precision among all scores not below that of each right sample."""
    found = []
    for column, marks in zip(scores.T, right.T, strict=True):
        down = column[:, None] >= column[marks == 1][None]
        found.append(((down & (marks == 1)[:, None]).sum(axis=0) / down.sum(axis=0)).mean())
    return float(np.mean(found))


def d_prime(scores: Floats, right: Labels) -> float:
    """Of the mean area, with scikit-learn's areas and scipy's normal distribution."""
    area = library("sklearn.metrics").roc_auc_score(right, scores, average="macro")
    return math.sqrt(2) * float(library("scipy.stats").norm.ppf(area))


Theirs = Callable[[Floats, Labels], ArrayLike]


def _held(
    name: str, made: Callable[[], LabelledScores], theirs: Theirs, _: Path
) -> LargestDifference:
    data = made()
    expected = float(np.asarray(theirs(data.scores.copy(), data.targets.copy())))
    return LargestDifference(apart(value(name, data.predictions()), expected), data.told)


def _sklearn(function: str, **given: object) -> Theirs:
    """Of scores."""
    return lambda scores, targets: getattr(library("sklearn.metrics"), function)(
        targets, scores, **given
    )


def _sklearn_of_labels(function: str, **given: object) -> Theirs:
    """Of predicted labels: the highest score, or with several right ones all above a half."""

    def theirs(scores: Floats, targets: Labels) -> ArrayLike:
        said = scores > 0.5 if targets.ndim == 2 else scores.argmax(axis=1)
        found: ArrayLike = getattr(library("sklearn.metrics"), function)(targets, said, **given)
        return found

    return theirs


def _torchmetrics(function: str, **given: object) -> Theirs:
    def theirs(scores: Floats, targets: Labels) -> ArrayLike:
        torch, module = library("torch"), library("torchmetrics.functional.classification")
        kind = "num_labels" if function.startswith("multilabel") else "num_classes"
        tensors = torch.from_numpy(scores), torch.from_numpy(targets)
        found: ArrayLike = getattr(module, function)(*tensors, **{kind: scores.shape[1]}, **given)
        return found

    return theirs


def _matrix(theirs: Theirs, _: Path) -> LargestDifference:
    """All cells, and the share on the diagonal."""
    data = one()
    ours = measured("confusion_matrix", data.predictions())
    cells = np.asarray(theirs(data.scores, data.targets))
    found = apart(counts(ours, CLASSES), cells)
    return LargestDifference(max(found, apart(ours.value, cells.trace() / cells.sum())), data.told)


def _case(
    name: str, reference: str, theirs: Theirs, made: Callable[[], LabelledScores], package: str = ""
) -> Case:
    tolerance = 1e-6 if package == "torchmetrics" else 1e-9
    return Case(name, reference, partial(_held, name, made, theirs), tolerance, package)


def _of(package: str, make: Callable[..., Theirs]) -> Callable[..., Case]:
    def case(name: str, function: str, made: Callable[[], LabelledScores], **given: object) -> Case:
        return _case(name, function, make(function, **given), made, package)

    return case


_by_scores = _of("scikit-learn", _sklearn)
_by_labels = _of("scikit-learn", _sklearn_of_labels)
_by_tensors = _of("torchmetrics", _torchmetrics)
_ECE = "multiclass_calibration_error"
CASES = [
    _case("accuracy@1", DEFINITION, partial(expected_hits, 1), tied),
    _case("accuracy@5", DEFINITION, partial(expected_hits, 5), tied),
    _case("mean_per_class_recall", DEFINITION, expected_recall, tied),
    _case("mean_ap", DEFINITION, steps, several),
    _case("auc", DEFINITION, pairs_won, several),
    _by_scores("accuracy@1", "top_k_accuracy_score", one, k=1),
    _by_scores("accuracy@5", "top_k_accuracy_score", one, k=5),
    _by_labels("mean_per_class_recall", "balanced_accuracy_score", one),
    _by_scores("mean_ap", "average_precision_score", several, average="macro"),
    _by_scores("auc", "roc_auc_score", several, average="macro"),
    _case("d_prime", "roc_auc_score, scipy norm.ppf", d_prime, several, "scikit-learn"),
    _by_labels("f1_macro", "f1_score", one, average="macro"),
    _by_labels("f1_macro", "f1_score", several, average="macro", zero_division=0),
    _by_labels("f1_micro", "f1_score", one, average="micro"),
    _by_labels("f1_micro", "f1_score", several, average="micro"),
    Case(
        "confusion_matrix",
        "confusion_matrix",
        partial(_matrix, _sklearn_of_labels("confusion_matrix")),
        package="scikit-learn",
    ),
    _by_tensors("accuracy@1", "multiclass_accuracy", one, average="micro"),
    _by_tensors("accuracy@5", "multiclass_accuracy", one, average="micro", top_k=5),
    _by_tensors("mean_per_class_recall", "multiclass_accuracy", one, average="macro"),
    _by_tensors("mean_ap", "multilabel_average_precision", several),
    _by_tensors("auc", "multilabel_auroc", several),
    _by_tensors("f1_macro", "multiclass_f1_score", one, average="macro"),
    _by_tensors("f1_macro", "multilabel_f1_score", several, average="macro"),
    _by_tensors("f1_micro", "multilabel_f1_score", several, average="micro"),
    *(_by_tensors("ece", _ECE, made, n_bins=15, norm="l1") for made in (one, logits)),
    Case(
        "confusion_matrix",
        "multiclass_confusion_matrix",
        partial(_matrix, _torchmetrics("multiclass_confusion_matrix")),
        package="torchmetrics",
    ),
]
