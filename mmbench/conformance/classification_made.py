"""Generated scores of classes, and which are right."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mmbench.types import Prediction

Floats = NDArray[np.float32]
Labels = NDArray[np.int64]
_N, CLASSES = 600, 7
_GENERATED = f"generated: {_N} samples, {CLASSES} classes"


class Made(NamedTuple):
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
def one() -> Made:
    """Probabilities and one label each; the labels are far from evenly spread."""
    draws = np.random.default_rng(21)
    labels = draws.choice(CLASSES, _N, p=np.array([30, 20, 20, 10, 10, 9, 1]) / 100)
    logits = draws.normal(size=(_N, CLASSES)) * 1.5
    logits[np.arange(_N), labels] += 1.0
    odds = np.exp(logits)
    scores = np.asarray(odds / odds.sum(axis=1, keepdims=True), np.float32)
    return Made(scores, labels, f"{_GENERATED}, no equal scores")


@cache
def logits() -> Made:
    """Scores of both signs."""
    scores, labels, _ = one()
    found = np.asarray(3 * np.log(scores) + 2, np.float32)
    return Made(found, labels, f"{_GENERATED}, logits")


@cache
def tied() -> Made:
    """The same in steps of 0.1."""
    scores, labels, _ = one()
    steps = np.asarray(np.round(scores, 1), np.float32)
    return Made(steps, labels, f"{_GENERATED}, scores in steps of 0.1")


@cache
def several() -> Made:
    """Scores in steps of 0.05; none, one or several labels are right."""
    draws = np.random.default_rng(22)
    right = draws.random((_N, CLASSES)) < np.linspace(0.02, 0.6, CLASSES)
    scores = np.clip(draws.normal(0.35, 0.2, (_N, CLASSES)) + 0.25 * right, 0, 1)
    steps = np.asarray(np.round(scores * 20) / 20, np.float32)
    return Made(steps, right.astype(np.int64), f"{_GENERATED}, none to all right, equal scores")
