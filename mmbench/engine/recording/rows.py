"""The stored rows of a run: the prediction for each sample, and the rows of each metric.

The columns are `direction`, `split`, `id`, `group`, `error`, `value`, `scores`, `target`, `tags`,
and one list of float64 for each metric. `value`, `target` and `tags` are JSON, except that a
`value` with class scores is a list of float32 or float64. `scores` is the scale of class scores
(`logits`, `probabilities`, `similarities`); rows of older runs lack this column. The tag `finish`
is `length` if a generated text reached the token limit. The tag `cut` marks an output that is too
long to be scored whole; its value is the number of characters that were scored. The column
`reasoning` exists if a model generated reasoning before its answers; it is null for an output
without reasoning. The column `tokens` exists if a model generated texts: the number of tokens. The
column `data:output` (binary) holds generated images and audio that are in no file, up to 32 MiB.
With these rows, a run can be compared and rescored without the model and the data.

The columns `METRIC:score` (float64) hold the value of a metric for one sample, such as a hit or the
error rate of an utterance. `METRIC:unscored` holds the reason for each output that a metric could
not score. `METRIC:answer`, `METRIC:insertions` … are further details of a metric.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec
import numpy as np
from numpy.typing import NDArray

from mmbench import stats
from mmbench.columns import (
    Keyed,
    Mappings,
    NumberRows,
    Numbers,
    Repeated,
    Texts,
    are_texts,
    column,
    concatenate,
    patch_rows,
    rows_not_none,
    rows_of_type,
)
from mmbench.engine.recording.stored_media import StoredMedia
from mmbench.engine.scoring.estimates import MeasuredDirection
from mmbench.errors import DataError
from mmbench.storage.media_places import media_place
from mmbench.storage.row_columns import OUTPUT_DATA, REQUIRED, UNSCORED
from mmbench.text.segments import parse_reference, parse_segments
from mmbench.types import InvalidContent, Media, Prediction, Predictions, Ranking
from mmbench.validation.safe_parse import encode_json, parse_json

StoredRows = dict[str, Sequence[Any]]  # the columns above by name, as read from Parquet


def rows_table(predictions: Predictions, scored_metrics: Sequence[MeasuredDirection]) -> StoredRows:
    """Return the columns of the stored rows: one row per prediction."""
    splits = [
        (d, i, split)
        for d, direction_splits in predictions.directions.items()
        for i, split in enumerate(direction_splits)
    ]

    def all_values(name: str) -> Sequence[Any]:
        """Return a field of all predictions."""
        return concatenate([column(split, name) for _, _, split in splits])

    values = all_values("value")
    table: StoredRows = {
        "direction": concatenate(
            [Repeated(direction, len(split)) for direction, _, split in splits]
        ),
        "split": concatenate([Repeated(number, len(split)) for _, number, split in splits]),
        "id": all_values("id"),
        "group": all_values("group"),
        "error": all_values("error"),
        "value": _values(values, all_values("error")),
        "scores": all_values("scores"),
        "target": encoded_cells(all_values("target")),
        "tags": encoded_cells(all_values("tags")),
    }
    if predictions.reasoning:
        table["reasoning"] = [predictions.reasoning.get(ident) for ident in table["id"]]
    if predictions.tokens:
        table["tokens"] = Keyed.from_mapping(predictions.tokens).look_up(table["id"])
    table |= _media_columns(values, table["error"])
    measured: dict[str, NumberRows] = {}
    further: dict[str, NDArray[Any]] = {}
    for scored in scored_metrics:
        if scored.score.fold != "whole":
            _fill_rows(measured, len(table["id"]), scored)
            _fill_details(further, len(table["id"]), scored)
        if scored.rejected:
            reasons = [scored.rejected.get(ident) for ident in table["id"]]
            further[f"{scored.metric}:{UNSCORED}"] = np.array(reasons, object)
    cells = {
        name: values.tolist() if values.dtype == object else Numbers(values)
        for name, values in further.items()
    }
    return table | measured | cells


def _fill_details(columns: dict[str, NDArray[Any]], n: int, scored: MeasuredDirection) -> None:
    """Add the value of a score for each sample, and its details, at the positions of its rows."""
    values = stats.sample_values(scored.score.fold, scored.score.rows)
    own: dict[str, Any] = {} if values is None else {"score": values}
    for what, cells in (own | {**scored.score.details}).items():
        name = f"{scored.metric}:{what}"
        if name not in columns:
            columns[name] = np.full(n, np.nan) if what == "score" else np.full(n, None, object)
        columns[name][np.asarray(scored.positions, np.intp)] = cells


def _fill_rows(measured: dict[str, NumberRows], n: int, scored: MeasuredDirection) -> None:
    """Add the rows of a score to `measured`, at the positions of its predictions among all `n`."""
    rows = scored.score.rows
    # The number of the split, or of the direction, is stored as a separate column.
    stored = rows[:, :-1] if scored.score.fold.startswith("split-") else rows
    if len(stored) == n and scored.metric not in measured:
        measured[scored.metric] = NumberRows(stored)
        return
    if scored.metric not in measured:
        empty = np.zeros((n, stored.shape[1]))
        measured[scored.metric] = NumberRows(np.ma.array(empty, mask=True))
    column = measured[scored.metric]
    column.array[np.asarray(scored.positions, np.intp)] = stored


def _values(values: Sequence[object], errors: Sequence[str | None]) -> Sequence[object]:
    """Encode values as JSON; the result is None for a failed sample.

    Class scores stay arrays, which need a tenth of the space.
    """
    values = patch_rows(values, dict.fromkeys(rows_not_none(errors)))
    if hasattr(values, "dtype"):
        return values
    if rows_of_type(values, np.ndarray):
        of_classes = cast("Sequence[NDArray[np.float64] | int | None]", values)
        return [None if value is None else np.atleast_1d(value) for value in of_classes]
    return encoded_cells(values)


def _media_columns(
    values: Sequence[object], errors: Sequence[str | None]
) -> dict[str, list[bytes | None]]:
    """Return the column of generated media by its name; {} if there are none to store."""
    cells: list[bytes | None] = [None] * len(values)
    stored = StoredMedia()
    for row in rows_of_type(values, Media):
        medium = values[row]
        if errors[row] is None and isinstance(medium, Media):
            cells[row] = stored.data(medium, media_place(medium))
    return {OUTPUT_DATA: cells} if rows_not_none(cells) else {}


def encoded_cells(values: Sequence[object]) -> Sequence[str | None]:
    """Return values encoded as JSON by `_json`."""
    import pyarrow as pa

    if isinstance(values, Repeated):
        return Repeated(_json(values.only), len(values))
    if isinstance(values, Mappings) and not values.columns:
        return Repeated("{}", len(values))
    plain = isinstance(values, array) or are_texts(values)
    encode = msgspec.json.encode if plain else _json  # texts in Arrow have no lone surrogates
    return Texts(pa.array(map(encode, values), pa.large_string()))


def _json(value: Any) -> str | None:
    if isinstance(value, Media | InvalidContent):
        value = {"media": value.name} if isinstance(value, Media) else None
    if hasattr(value, "dtype"):  # a NumPy scalar
        value = value.item()
    return None if value is None else encode_json(value).decode()


def stored_predictions(table: Mapping[str, Sequence[Any]]) -> Predictions:
    """Return the predictions of stored rows, which have the columns `REQUIRED`.

    Raises DataError for generated images and audio, and for values that are no outputs.
    """
    directions: dict[str, list[list[Prediction]]] = {}
    if not table["id"]:
        raise DataError("the file of stored rows is empty; run the model again")
    scales = table.get("scores") or [""] * len(table["id"])
    for scale, direction, split, *row in zip(scales, *(table[n] for n in REQUIRED), strict=True):
        splits = directions.setdefault(direction, [])
        splits.extend([] for _ in range(split + 1 - len(splits)))
        splits[split].append(msgspec.structs.replace(_prediction(*row), scores=scale))
    texts = zip(table["id"], table.get("reasoning", ()), strict=False)
    return Predictions(directions, reasoning={i: text for i, text in texts if text is not None})


def _prediction(
    ident: str, group: str, error: str | None, value: object, target: str | None, tags: str
) -> Prediction:
    if isinstance(value, str):
        value = _decoded(value, ident)
        if isinstance(value, dict) and value.keys() == {"media"}:
            raise DataError(
                f"sample {ident}: stored rows contain no images or audio; score the files again"
                " with mmbench score"
            )
    elif value is not None:
        scores = np.asarray(value, np.float64)
        if len(scores) == 1 and not scores[0].is_integer():
            raise DataError(f"sample {ident}: the value {scores[0]} is not a class index")
        value = scores if len(scores) > 1 else int(scores[0])
    reference = None if target is None else _decoded(target, ident)
    if isinstance(value, dict | list):
        value, reference = _segments(value, reference, ident)
    return Prediction(ident, value, reference, error, group, msgspec.json.decode(tags))


def _segments(value: object, target: object, ident: str) -> tuple[object, object]:
    """Return an output and a reference that are segments with speakers.

    Raises DataError if either has another form.
    """
    try:
        segments = [one.as_json() for one in parse_segments(value, f"sample {ident}")]
        return segments, parse_reference(target, f"sample {ident}")
    except DataError as error:
        raise DataError(f"sample {ident}: the stored value is not an output of a model") from error


def _decoded(text: str, ident: str) -> object:
    """Decode a stored value or target from JSON. Raises DataError if it is invalid."""
    try:
        value = parse_json(text)
        _refuse_large_numbers(value)
        return stored_ranking(value) or value
    except ValueError as error:
        raise DataError(f"sample {ident}: the stored row cannot be read ({error})") from error


def _refuse_large_numbers(value: object) -> None:
    """Raise ValueError if a value from JSON has an integer of more than 64 bits."""
    if isinstance(value, int) and abs(value) >= 2**63:
        raise ValueError("an integer has more than 64 bits")
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            _refuse_large_numbers(inner)


def stored_ranking(value: object) -> Ranking | None:
    """Return the ranking in a stored value, parsed from JSON; None for another value.

    Raises ValueError for a ranking with values of other types.
    """
    is_ranking = isinstance(value, dict) and "ranks" in value
    return msgspec.convert(value, Ranking) if is_ranking else None
