"""Patterns with column names in braces, for paths of files, ids and labels."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import repeat
from pathlib import PurePosixPath
from typing import Any

from mmbench.data.readers.records import parse_id
from mmbench.data.readers.rows import Rows
from mmbench.errors import DataError
from mmbench.text import listed

_SLOT = re.compile(r"\{([\w.]+)(?::(name|stem|parent|0\d\d?))?\}")


def is_pattern(text: str) -> bool:
    """Return whether a string is a pattern with columns in braces and not a column name."""
    return "{" in text


def fill_pattern(pattern: str, rows: Rows) -> Sequence[str]:
    """Return the pattern filled with the cells of each row; "" if any of these cells is empty.

    `{path}` is the cell in the column `path`. `{path:name}` is the last part of a path,
    `{path:stem}` the last part without its extension, `{path:parent}` the name of the folder;
    `{start:06}` is the cell in the column `start`, padded with zeros to six digits. Raises
    UnknownName for a column that does not exist.
    """
    literals = _SLOT.split(pattern)[::3]
    columns = [[_as(c, how) for c in rows.column(name)] for name, how in _SLOT.findall(pattern)]
    if not columns:
        return list(repeat(pattern, len(rows)))
    return [
        "" if "" in cells else "".join(map(str.__add__, literals, (*cells, "")))
        for cells in zip(*columns, strict=True)
    ]


def _as(value: object, how: str) -> str:
    text = "" if value is None else str(value)
    if not how:
        return text
    path = PurePosixPath(text)
    parts = {"name": path.name, "stem": path.stem, "parent": path.parent.name}
    return parts.get(how, text.zfill(int(how)) if how.isdigit() else text)


def read_cells(text: str, rows: Rows) -> Sequence[Any]:
    """Return the cells of a column, or a pattern filled for each row (`fill_pattern`)."""
    return fill_pattern(text, rows) if is_pattern(text) else rows.column(text)


def read_ids(text: str, rows: Rows) -> Sequence[str]:
    """Return the ids in a column, or from a pattern. Raises DataError for an empty id."""
    return rows.as_texts(text, parse_id, read_cells(text, rows))


def refuse_missing(rows: Rows, texts: Iterable[str]) -> None:
    """Raise DataError if several of the columns in `texts` (names and patterns) do not exist.

    A single missing column is reported when it is read, with a suggestion of similar names.
    """
    names = dict.fromkeys(name for text in texts if text for name in _columns(text))
    missing = [name for name in names if not rows.has(name)]
    if len(rows) and len(missing) > 1:
        raise DataError(
            f"{rows.where(0)}: no columns {', '.join(missing)}; the columns are"
            f" {listed(rows.names(), 20) or 'none'}"
        )


def _columns(text: str) -> list[str]:
    return [name for name, _ in _SLOT.findall(text)] if is_pattern(text) else [text]
