"""Predictions to measure, and their metrics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import mmbench
from mmbench.types import Prediction, Ranking


def predict(*pairs: tuple[Any, Any]) -> list[Prediction]:
    """Return a prediction for each value and its target; the ids count from 0."""
    return [Prediction(str(i), value, target) for i, (value, target) in enumerate(pairs)]


def predict_ranks(*ranks: Sequence[int | None], depth: int | None = None) -> list[Prediction]:
    """Return a ranking of documents of grade 1 for each query."""
    rankings = [Ranking(list(own), [1.0] * len(own), depth=depth) for own in ranks]
    return [Prediction(str(i), ranking) for i, ranking in enumerate(rankings)]


def edit_distance(a: Sequence[Any], b: Sequence[Any]) -> int:
    """Return the insertions, deletions and substitutions between two sequences, by definition."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        new = [i]
        for j, y in enumerate(b, 1):
            new.append(min(row[j] + 1, new[-1] + 1, row[j - 1] + (x != y)))
        row = new
    return row[-1]


def metric_value(name: str, predictions: Sequence[Prediction]) -> float:
    """Return the value of a metric by its name."""
    return mmbench.metric(name)(predictions).value
