"""Scores or labels of classes, as inputs of the classification metrics of torchmetrics."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmbench.errors import DataError
from mmbench.metrics.classification.classes import read_cases
from mmbench.metrics.torchmetrics.inputs import Inputs


@dataclass
class ClassScores(Inputs):
    """Scores or labels of classes as inputs. Raises DataError for other predictions."""

    def __post_init__(self) -> None:
        self._cases = read_cases(self.predictions)
        self._task = self._task_of()
        self.signature = "scores=as-returned"

    def options(self) -> dict[str, Any]:
        """Return the number of classes or labels, and the task, if the metric class takes them."""
        several, n = self._task == "multilabel", self._cases.classes
        filled = {"task": self._task} | ({"num_labels": n} if several else {"num_classes": n})
        names = ("task",) if self._task == "binary" else filled
        return {name: filled[name] for name in names if name in self.parameters}

    def batches(self, update: Callable[..., None]) -> Iterator[tuple[Any, ...]]:  # noqa: ARG002
        """Yield all predictions and targets: tensors [n, c] and [n], or [n, c] for several labels.

        For a binary metric, predictions are [n], the probability of the second of two classes.
        Raises DataError if the labels do not fit the metric.
        """
        from torch import from_numpy

        self._refuse_labels()
        several = self._task == "multilabel"
        right = self._cases.right() if several else self._cases.labels
        yield from_numpy(self._predicted()), from_numpy(right.astype(np.int64))

    def _task_of(self) -> str:
        if "task" in self.parameters:
            usual = "multilabel" if self._cases.listed else "multiclass"
            return str(self.task_options.get("task") or usual)
        if "num_labels" in self.parameters:
            return "multilabel"
        return "multiclass" if "num_classes" in self.parameters else "binary"

    def _refuse_labels(self) -> None:
        cases = self._cases
        if self._task != "multilabel":
            reason = cases.several
        else:
            reason = "" if cases.listed else "the metric needs several labels, but samples have one"
            reason = reason or (cases.unthresholded if "threshold" in self.parameters else "")
        if self._task == "binary" and cases.classes != 2:
            reason = f"the metric needs two classes, but there are {cases.classes}"
        if reason:
            raise DataError(reason)

    def _predicted(self) -> NDArray[Any]:
        cases, several = self._cases, self._task == "multilabel"
        if cases.scores is None:
            bare = cases.decided(0.5) if several else cases.bare_labels
            return bare.astype(np.int64)
        if self._task == "binary":
            self.signature = f"scores={cases.link(several=False)}"
            return np.ascontiguousarray(cases.probabilities(several=False)[:, 1])
        # torchmetrics treats scores as logits only if one of them is outside [0, 1].
        if cases.scale != "probabilities" and ((cases.scores >= 0) & (cases.scores <= 1)).all():
            self.signature = f"scores={cases.link(several=several)}"
            return cases.probabilities(several=several)
        return cases.scores
