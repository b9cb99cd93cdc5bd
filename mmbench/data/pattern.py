"""Texts with cells of a row in them: paths of files, ids, labels."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Any

from mmbench.data.cells import cell
from mmbench.data.records import Record, as_id

_SLOT = re.compile(r"\{([\w.]+)(?::(name|stem|parent|0\d\d?))?\}")


def filled(pattern: str, record: Record) -> str:
    """The pattern with the row's cells in it, empty where one of them is empty.

    `{path}` is a cell; of a path `{path:name}` is the last part, `{path:stem}` that without its
    ending, `{path:parent}` the name of the folder; `{start:06}` has six digits, zeros in front.
    Raises UnknownName for a column that the row does not have.
    """
    values = [_as(cell(record, column), how) for column, how in _SLOT.findall(pattern)]
    if "" in values:
        return ""
    texts = iter(values)
    return _SLOT.sub(lambda _: next(texts), pattern)


def named(column: str, record: Record) -> str:
    """The text in a column, or in a pattern that has one in braces. Raises DataError for none."""
    value = filled(column, record) if "{" in column else cell(record, column)
    return as_id(value, f"{record.where}: {column}")


def _as(value: Any, how: str) -> str:
    text = "" if value is None else str(value)
    path = PurePosixPath(text)
    parts = {"name": path.name, "stem": path.stem, "parent": path.parent.name}
    return parts.get(how, text.zfill(int(how)) if how.isdigit() else text)
