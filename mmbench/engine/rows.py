"""The stored rows of a run: what was said of each sample, and the rows of each metric.

Columns `direction`, `split`, `id`, `group`, `error`, `value`, `target`, `tags` (the last three as
JSON; scores by class as lists of float32), and one list of float64 for each metric. With these a
run is compared and scored again, without the model and without the data.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from mmbench.engine.measure import Directions, Scored
from mmbench.types import Broken, Media, Prediction

# (a prediction's direction, split, id): ids are unique within a split
Place = tuple[str, int, str]


def rows_table(directions: Directions, found: Sequence[Scored]) -> dict[str, Sequence[Any]]:
    """Columns of the stored rows: one row per prediction."""
    flat = [(d, i, p) for d, splits in directions.items() for i, s in enumerate(splits) for p in s]
    table: dict[str, Sequence[Any]] = {
        "direction": [direction for direction, _, _ in flat],
        "split": [split for _, split, _ in flat],
        "id": [p.id for _, _, p in flat],
        "group": [p.group for _, _, p in flat],
        "error": [p.error for _, _, p in flat],
        "value": _values([p for _, _, p in flat]),
        "target": [_json(p.target) for _, _, p in flat],
        "tags": [_json(p.tags) for _, _, p in flat],
    }
    row_of = {id(p): row for row, (_, _, p) in enumerate(flat)}
    for scored in found:
        if scored.score.fold == "whole":
            continue
        column = table.setdefault(scored.metric, [None] * len(flat))
        _fill(column, scored, row_of)  # type: ignore[arg-type]
    return table


def _fill(column: list[Any], scored: Scored, row_of: dict[int, int]) -> None:
    rows = scored.score.rows
    # The number of the split, or of the direction, is a column of its own.
    kept = rows[:, :-1] if scored.score.fold.startswith("split-") else rows
    for prediction, row in zip(scored.predictions, kept.tolist(), strict=True):
        column[row_of[id(prediction)]] = row


def _values(predictions: list[Prediction]) -> Sequence[Any]:
    """Values as JSON; scores by class as they are, which is a tenth of the size."""
    import numpy as np

    if any(isinstance(p.value, np.ndarray) and not p.error for p in predictions):
        return [None if p.error else np.atleast_1d(p.value) for p in predictions]
    return [None if p.error else _json(p.value) for p in predictions]


def _json(value: Any) -> str | None:
    if isinstance(value, Media | Broken):
        value = {"media": value.name} if isinstance(value, Media) else None
    return None if value is None else msgspec.json.encode(value).decode()
