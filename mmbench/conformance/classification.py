"""Classification: scores with ties, missing classes, several right labels."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from mmbench.conformance.case import DEFINITION, Case, Compared, apart, measured, value
from mmbench.conformance.classification_defined import (
    d_prime,
    expected_hits,
    expected_recall,
    pairs_won,
    steps,
)
from mmbench.conformance.classification_made import (
    CLASSES,
    Floats,
    Labels,
    Made,
    logits,
    one,
    several,
    tied,
)
from mmbench.conformance.official import library
from mmbench.metrics.classification import counts

Theirs = Callable[[Floats, Labels], ArrayLike]


def _held(name: str, made: Callable[[], Made], theirs: Theirs, _: Path) -> Compared:
    data = made()
    expected = float(np.asarray(theirs(data.scores.copy(), data.targets.copy())))
    return Compared(apart(value(name, data.predictions()), expected), data.told)


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


def _matrix(theirs: Theirs, _: Path) -> Compared:
    """All cells, and the share on the diagonal."""
    data = one()
    ours = measured("confusion_matrix", data.predictions())
    cells = np.asarray(theirs(data.scores, data.targets))
    found = apart(counts(ours, CLASSES), cells)
    return Compared(max(found, apart(ours.value, cells.trace() / cells.sum())), data.told)


def _case(
    name: str, reference: str, theirs: Theirs, made: Callable[[], Made], package: str = ""
) -> Case:
    tolerance = 1e-6 if package == "torchmetrics" else 1e-9
    return Case(name, reference, partial(_held, name, made, theirs), tolerance, package)


def _of(package: str, make: Callable[..., Theirs]) -> Callable[..., Case]:
    def case(name: str, function: str, made: Callable[[], Made], **given: object) -> Case:
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
