"""The stored rows of a run: what was said of each sample, and the rows of each metric.

Columns `direction`, `split`, `id`, `group`, `error`, `value`, `scores`, `target`, `tags` (`value`,
`target` and `tags` as JSON; scores by class as lists of float32 or float64), and one list of
float64 for each metric. `scores` says what scores by class are (`logits`, `probabilities`,
`similarities`); rows of older runs have no such column. The tag `finish` is `length` where an
answer met the token limit, the tag `cut` how many characters of a longer output were scored. With
these a run is compared and scored again, without the model and without the data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from mmbench.engine.estimates import Scored
from mmbench.errors import DataError
from mmbench.safe_parse import encode_json, parse_json
from mmbench.types import Broken, Directions, Media, Prediction, Predictions, Ranking

Table = dict[str, Sequence[Any]]  # columns of the types above, as Parquet gives them back


def rows_table(directions: Directions, found: Sequence[Scored]) -> Table:
    """Return the columns of the stored rows: one row per prediction."""
    flat = [(d, i, p) for d, splits in directions.items() for i, s in enumerate(splits) for p in s]
    table: Table = {
        "direction": [direction for direction, _, _ in flat],
        "split": [split for _, split, _ in flat],
        "id": [p.id for _, _, p in flat],
        "group": [p.group for _, _, p in flat],
        "error": [p.error for _, _, p in flat],
        "value": _values([p for _, _, p in flat]),
        "scores": [p.scores for _, _, p in flat],
        "target": [_json(p.target) for _, _, p in flat],
        "tags": [_json(p.tags) for _, _, p in flat],
    }
    columns: dict[str, list[list[float] | None]] = {}
    for scored in found:
        if scored.score.fold == "whole":
            continue
        column = columns.setdefault(scored.metric, [None] * len(flat))
        _fill(column, scored)
    return table | columns


def _fill(column: list[list[float] | None], scored: Scored) -> None:
    rows = scored.score.rows
    # The number of the split, or of the direction, is a column of its own.
    kept = rows[:, :-1] if scored.score.fold.startswith("split-") else rows
    for position, row in zip(scored.positions, kept.tolist(), strict=True):
        column[position] = row


def _values(predictions: list[Prediction]) -> Sequence[object]:
    """Return values as JSON; scores by class as they are, which is a tenth of the size."""
    import numpy as np

    if any(isinstance(p.value, np.ndarray) and not p.error for p in predictions):
        return [None if p.error else np.atleast_1d(p.value) for p in predictions]
    return [None if p.error else _json(p.value) for p in predictions]


def _json(value: Any) -> str | None:
    if isinstance(value, Media | Broken):
        value = {"media": value.name} if isinstance(value, Media) else None
    if hasattr(value, "dtype"):  # a number of numpy
        value = value.item()
    return None if value is None else encode_json(value).decode()


def stored_predictions(table: Mapping[str, Sequence[Any]]) -> Predictions:
    """Return the predictions behind stored rows. Raises DataError for images."""
    found: Directions = {}
    columns = ("direction", "split", "id", "group", "error", "value", "target", "tags")
    if missing := [name for name in columns if name not in table]:
        raise DataError(f"the rows have no column {missing[0]!r}: run it again")
    if not table["id"]:
        raise DataError("the file of the rows has none: run it again")
    scales = table.get("scores") or [""] * len(table["id"])
    for scale, direction, split, *row in zip(scales, *(table[n] for n in columns), strict=True):
        splits = found.setdefault(direction, [])
        splits.extend([] for _ in range(split + 1 - len(splits)))
        splits[split].append(msgspec.structs.replace(_prediction(*row), scores=scale))
    return Predictions(found)


def _prediction(
    ident: str, group: str, error: str | None, value: object, target: str | None, tags: str
) -> Prediction:
    import numpy as np

    if isinstance(value, str):
        value = _decoded(value, ident)
        if isinstance(value, dict) and value.keys() == {"media"}:
            raise DataError(
                f"sample {ident}: rows keep no images and sounds; score the files again"
            )
    elif value is not None:
        scores = np.asarray(value, np.float64)
        if len(scores) == 1 and not scores[0].is_integer():
            raise DataError(f"sample {ident}: its value {scores[0]} is not the number of a class")
        value = scores if len(scores) > 1 else int(scores[0])
    right = None if target is None else _decoded(target, ident)
    return Prediction(ident, value, right, error, group, msgspec.json.decode(tags))


def _decoded(text: str, ident: str) -> object:
    """Return a value or a target from its JSON. Raises DataError."""
    try:
        value = parse_json(text)
        ranking = isinstance(value, dict) and value.keys() >= {"ranks", "grades"}
        return msgspec.convert(value, Ranking) if ranking else value
    except ValueError as error:
        raise DataError(f"sample {ident}: its row cannot be read: {error}") from error
