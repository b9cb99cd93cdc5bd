"""Texts with cells of a row in them: paths of files, ids, labels."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from mmbench.data.mapping.samples import cell
from mmbench.data.readers.records import Record, as_id, column
from mmbench.errors import DataError, UnknownName
from mmbench.text import listed

_SLOT = re.compile(r"\{([\w.]+)(?::(name|stem|parent|0\d\d?))?\}")


def filled(pattern: str, record: Record) -> str:
    """The pattern with the row's cells in it, empty where one of them is empty.

    `{path}` is a cell; of a path `{path:name}` is the last part, `{path:stem}` that without its
    ending, `{path:parent}` the name of the folder; `{start:06}` has six digits, zeros in front.
    Raises UnknownName for a column that the row does not have.
    """
    values = [_as(cell(record, name), how) for name, how in _SLOT.findall(pattern)]
    if "" in values:
        return ""
    texts = iter(values)
    return _SLOT.sub(lambda _: next(texts), pattern)


def named(text: str, record: Record) -> str:
    """The text in a column, or in a pattern that has one in braces. Raises DataError for none."""
    value = filled(text, record) if "{" in text else cell(record, text)
    return as_id(value, f"{record.where}: {text}")


def _as(value: object, how: str) -> str:
    text = "" if value is None else str(value)
    path = PurePosixPath(text)
    parts = {"name": path.name, "stem": path.stem, "parent": path.parent.name}
    return parts.get(how, text.zfill(int(how)) if how.isdigit() else text)


def refuse_missing(record: Record, texts: Iterable[str]) -> None:
    """Raise DataError where a row lacks several of the columns in texts: columns or patterns.

    A column that is missing alone is named by whoever reads it, with the names that are near.
    """
    names = dict.fromkeys(name for text in texts for name in _columns(text))
    missing = [name for name in names if not _has(record, name)]
    if len(missing) > 1:
        raise DataError(
            f"{record.where}: has no columns {', '.join(missing)}: its columns are"
            f" {listed(record.cells, 20) or 'none'}"
        )


def _columns(text: str) -> list[str]:
    if "{" in text:
        return [name for name, _ in _SLOT.findall(text)]
    return [text] if text else []


def _has(record: Record, name: str) -> bool:
    """Return whether a row has a column, in any case: some readers ignore the case of names."""
    if column(record, name) is not None:
        return True
    try:
        cell(record, name)
    except UnknownName:
        return False
    return True
