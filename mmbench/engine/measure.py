"""Metrics over predictions: scores by name, and the per-sample rows behind them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from mmbench import registry, stats
from mmbench.types import Prediction, Score, ScoreInfo, TaskSpec

Directions = dict[str, list[list[Prediction]]]


class Measured(NamedTuple):
    """Scores by full name, and rows by metric and direction: one value per answered prediction."""

    scores: dict[str, ScoreInfo]
    rows: dict[tuple[str, str], list[float]]


def measure(spec: TaskSpec, directions: Directions, signature: str) -> Measured:
    """Score each metric of the task in each direction: `recall@1[text-to-image]`.

    Failed predictions are not measured; they are counted, with the bounds they leave.
    """
    found = Measured({}, {})
    for name in spec.metrics:
        for direction, splits in directions.items():
            scored = _score(name, splits)
            full = f"{name}[{direction}]" if direction else name
            found.scores[full] = _info(scored, splits, signature)
            found.rows[name, direction] = scored.rows[:, 0].tolist()
    return found


def apply(name: str, predictions: Sequence[Prediction]) -> Score:
    """The score of one metric, by name, over predictions; failed ones are left out.

    Raises UnknownName.
    """
    function, k = registry.metric(name)
    answered = [p for p in predictions if p.error is None]
    scored: Score = function(answered) if k is None else function(answered, k)
    return scored


def _score(name: str, splits: list[list[Prediction]]) -> Score:
    scores = [apply(name, predictions) for predictions in splits]
    return scores[0] if len(scores) == 1 else stats.over_splits(scores)


def _info(scored: Score, splits: list[list[Prediction]], signature: str) -> ScoreInfo:
    answered = [p for split in splits for p in split if p.error is None]
    failed = sum(len(split) for split in splits) - len(answered)
    return ScoreInfo(
        value=None if math.isnan(scored.value) else scored.value,
        low=None,
        high=None,
        n=len(answered),
        groups=len({p.group or p.id for p in answered}),
        signature=f"{scored.signature},{signature}" if signature else scored.signature,
        better=scored.better,
        fold=scored.fold,
        failed=failed,
        bounds=stats.bounds(scored, failed),
        reason=scored.reason,
    )


def rows_table(directions: Directions, measured: Measured) -> dict[str, Sequence[Any]]:
    """Columns of the stored rows: one row per prediction, with its value and each metric's row."""
    flat = [(d, i, p) for d, splits in directions.items() for i, s in enumerate(splits) for p in s]
    table: dict[str, Sequence[Any]] = {
        "direction": [direction for direction, _, _ in flat],
        "split": [split for _, split, _ in flat],
        "id": [p.id for _, _, p in flat],
        "group": [p.group for _, _, p in flat],
        "error": [p.error for _, _, p in flat],
        "value": [None if p.error else msgspec.json.encode(p.value).decode() for _, _, p in flat],
    }
    for name in dict.fromkeys(name for name, _ in measured.rows):
        table[name] = _column(name, flat, measured)
    return table


def _column(
    name: str, flat: list[tuple[str, int, Prediction]], measured: Measured
) -> list[float | None]:
    rows = {
        direction: iter(values) for (n, direction), values in measured.rows.items() if n == name
    }
    return [None if p.error is not None else next(rows[direction]) for direction, _, p in flat]
