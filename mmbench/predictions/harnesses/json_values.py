"""Decoding of JSON that Python's json module wrote, and short values from it.

Other harnesses write NaN and Infinity, which are not valid in JSON, for scores without a value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeGuard

from mmbench.data.readers.json_files import decode_json
from mmbench.data.readers.records import parse_tag
from mmbench.errors import DataError
from mmbench.media.endings import IMAGES, SOUNDS, VIDEOS
from mmbench.predictions.values import is_number
from mmbench.validation.safe_parse import refuse_deep_lines

Cells = dict[str, Any]

_CONSTANT = re.compile(rb"\b(?:NaN|Infinity)\b")
_MEDIA = (*IMAGES, *SOUNDS, *VIDEOS)
_LONGEST_TAG = 64  # characters; longer texts are inputs or outputs, not names of a group


def decode_cells(data: bytes, path: Path, line: int = 0) -> Cells:
    """Return the JSON object in `data`; NaN and Infinity are accepted. Raises DataError.

    `line` is the number of the line in the file, 0 for a whole file.
    """
    try:
        return decode_json(data, Cells, path, line=line)
    except DataError:
        if not _CONSTANT.search(data):
            raise
        cells = _with_constants(data)
        if cells is None:
            raise
        return cells


def _with_constants(data: bytes) -> Cells | None:
    """Return the object in JSON with NaN or Infinity; None if it is not valid in other ways."""
    try:
        refuse_deep_lines([data])
        cells = json.loads(data)
    except ValueError:
        return None
    return cells if isinstance(cells, dict) else None


def decode_lines(data: bytes, path: Path) -> list[tuple[int, Cells]]:
    """Return line number and object of each line of JSON lines that is not empty."""
    lines = enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1)
    return [(n, decode_cells(line, path, n)) for n, line in lines if line.strip()]


def decode_messages(text: str) -> object:
    """Return the chat messages in a text of JSON, or the text if it is not JSON."""
    try:
        return decode_cells(b'{"messages": ' + text.encode() + b"}", Path())["messages"]
    except DataError:
        return text


def first_cells(data: bytes) -> Cells:
    """Return the object in the first line of a file, or {} if the line is not a JSON object."""
    line = data.removeprefix(b"\xef\xbb\xbf").lstrip().split(b"\n", 1)[0].strip()
    try:
        return decode_cells(line, Path()) if line[:1] == b"{" else {}
    except DataError:
        return {}


def short_tags(cells: Mapping[str, object], unused: Iterable[str] = ()) -> dict[str, str]:
    """Return the cells with a number or one short line of text as tags, except `unused`."""
    tags = {n: parse_tag(c) for n, c in cells.items() if n and n not in set(unused)}
    return {name: tag for name, tag in tags.items() if tag and _is_short(tag)}


def _is_short(tag: str) -> bool:
    return len(tag) <= _LONGEST_TAG and tag.isprintable()


def score_values(cells: Mapping[str, object]) -> dict[str, float]:
    """Return the cells that are a number or a boolean, or that hold a number called `score`."""
    numbers = {name: _score(cell) for name, cell in cells.items()}
    return {name: number for name, number in numbers.items() if number is not None}


def _score(cell: object) -> float | None:
    if isinstance(cell, dict):
        cell = cell.get("score")
    if isinstance(cell, bool):
        return float(cell)
    return float(cell) if is_number(cell) and cell == cell else None


def media_names(value: object, depth: int = 4) -> Iterator[str]:
    """Yield the paths and URLs of media files in nested values, without data URLs.

    `depth` limits the nesting that is searched.
    """
    if isinstance(value, str):
        is_name = len(value) < 1000 and value.lower().split("?")[0].endswith(_MEDIA)
        if is_name and not value.startswith("data:"):
            yield value
    elif depth and isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from media_names(inner, depth - 1)


def is_text_list(value: object) -> TypeGuard[list[str]]:
    """Return whether a value is a list of strings, and not empty."""
    return isinstance(value, list) and bool(value) and all(isinstance(v, str) for v in value)


def as_list(value: object) -> list[Any]:
    """Return a value if it is a list, otherwise an empty list."""
    return value if isinstance(value, list) else []


def as_cells(value: object) -> Cells:
    """Return a value if it is an object, otherwise an empty object."""
    return value if isinstance(value, dict) else {}


def objects(value: object) -> list[Cells]:
    """Return the objects in a list; [] for a value that is not a list."""
    return [one for one in as_list(value) if isinstance(one, dict)]
