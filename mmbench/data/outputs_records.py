"""Outputs as records: JSONL, CSV, TSV, and JSON as a list of records or as a mapping."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from reprlib import repr
from sys import float_info
from typing import Any

from mmbench.data.jsonfile import decode_json
from mmbench.data.pairs import refuse_duplicates
from mmbench.data.records import (
    Record,
    first_of,
    jsonl_records,
    number_of,
    parse_records,
    tags_of,
    text_id,
)
from mmbench.errors import DataError
from mmbench.types import Broken, Outputs

IDS = ("id", "question_id", "image_id")
VALUES = ("value", "answer", "caption", "text", "prediction")
ERROR = "error"
_VALUE = "value (in a CSV also a number for each label)"
_WANTED = "a text, a number, {label: score}, a list of document ids or a list of scores is needed"


def record_values(data: bytes, path: Path) -> Outputs:
    """The outputs in the rows of a .jsonl, .csv or .tsv file.

    The id is the first of the columns `IDS` that a row has, its value the first of `VALUES`; other
    columns of one text or number become tags. A row with an `error` and no value is an output that
    failed, which is counted and shown. A CSV whose rows have no such value, and only numbers
    beside the id, holds scores by label: the header names the labels. Where all rows have a
    question and no id, as in the answers that POPE's evaluate.py reads, they are in the order of
    the task's samples.
    """
    return _from_records(parse_records(data, path), path)


def json_values(data: bytes, path: Path) -> Outputs:
    """The outputs in a JSON file: a list of records, as COCO and VQA have them, or {id: value}.

    A file of JSON lines is read as such whatever it is called (as POPE's are).
    """
    if _is_jsonl(data):
        return _from_records(list(jsonl_records(data, path)), path)
    content = decode_json(data, Any, path)
    if isinstance(content, dict) and content:
        # A JSON object with a key twice is decoded to its last value.
        refuse_duplicates("id", _keys(data), str(path))
        return Outputs({key: as_value(v, f"{path}: {key!r}") for key, v in content.items()})
    return _from_records(_listed(content, path), path)


def _listed(content: Any, path: Path) -> list[Record]:
    if isinstance(content, list) and content and all(type(cells) is dict for cells in content):
        return [Record(f"{path}: $[{row}]", cells) for row, cells in enumerate(content)]
    raise DataError(
        f'{path}: a list of records is needed, [{{"id": …, "value": …}}], or {{id: value}}'
    )


def _keys(data: bytes) -> list[str]:
    """The keys of a JSON object as they are written, so that one may stand there twice."""
    keys: list[str] = json.loads(
        data, parse_int=float, object_pairs_hook=lambda pairs: [key for key, _ in pairs]
    )
    return keys


def _is_jsonl(data: bytes) -> bool:
    first, _, rest = data.strip().partition(b"\n")
    return first.startswith(b"{") and first.rstrip().endswith(b"}") and bool(rest)


def _from_records(records: Sequence[Record], path: Path) -> Outputs:
    positional = all(_is_popes(record) for record in records)
    ids = [str(n) if positional else text_id(r, IDS) for n, r in enumerate(records)]
    refuse_duplicates("id", ids, str(path))
    labels = (
        _labels(records[0]) if not positional and path.suffix.lower() in (".csv", ".tsv") else []
    )
    if labels:
        rows = [{name: number_of(record, name) for name in labels} for record in records]
        return Outputs(dict(zip(ids, rows, strict=True)))
    values, tags = {}, {}
    for ident, record in zip(ids, records, strict=True):
        if _failed(record):
            values[ident] = Broken(str(record.cells[ERROR]))
            continue
        name = first_of(record, VALUES, _VALUE)
        values[ident] = as_value(record.cells[name], f"{record.where}: {name}")
        used = set() if positional else {first_of(record, IDS, "id")}
        found = tags_of(record, used | {name})
        if found:
            tags[ident] = found
    return Outputs(values, tags=tags, positional=positional)


def _failed(record: Record) -> bool:
    """Whether it says why there is no value."""
    return bool(record.cells.get(ERROR)) and not any(record.cells.get(name) for name in VALUES)


def _is_popes(record: Record) -> bool:
    """Whether it is as POPE's evaluator reads answers: by their order, beside the question."""
    return "question" in record.cells and not set(IDS) & set(record.cells)


def _labels(record: Record) -> list[str]:
    """The columns beside the id where none is a value and all hold numbers; else none."""
    ident = first_of(record, IDS, "id")
    labels = [name for name in record.cells if name and name != ident]
    try:
        scores = [number_of(record, name) for name in labels if name not in VALUES]
    except DataError:
        return []
    return labels if len(scores) == len(labels) else []


def as_value(value: Any, what: str) -> Any:
    """A JSON value as that of an output. Raises DataError, which names `what` it is.

    The whole numbers of a list are document ids, as text; with a fraction among them all are
    scores.
    """
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return value
    if isinstance(value, dict) and value and _are_numbers(list(value.values())):
        return {label: float(score) for label, score in value.items()}
    if isinstance(value, list):
        if all(isinstance(item, str | int) and not isinstance(item, bool) for item in value):
            return [str(item) for item in value]
        if _are_numbers(value):
            return [float(score) for score in value]
    hint = " (leave out what has no output; an empty text is one)" if value is None else ""
    raise DataError(f"{what} is {repr(value)}: {_WANTED}{hint}")


def _are_numbers(values: list[Any]) -> bool:
    """Whether all are numbers that a float can hold."""
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
    return numbers and all(abs(v) <= float_info.max for v in values)
