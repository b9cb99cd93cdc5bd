"""The cells of the rows of a table: which column is meant, and what a cell may hold.

A row by itself is a `Record`; rows are a sequence of them, a table of columns where they were read
from a file (`mmbench.data.readers.table_files`).
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from reprlib import repr
from typing import Any, NamedTuple, TypeVar

from mmbench.columns import (
    ABSENT,
    Mappings,
    Repeated,
    Table,
    Texts,
    are_distinct,
    entries,
    names_in,
    pack,
)
from mmbench.columns import column as field_of
from mmbench.errors import DataError
from mmbench.text import listed, repeated

T = TypeVar("T")

_NEXT_WORD = re.compile(r"(?<=[a-z])(?=[A-Z])")  # in questionId


class Record(NamedTuple):
    """A row: where it stands, as errors call it, and its cells by column."""

    where: str
    cells: dict[str, object]


@lru_cache(maxsize=4096)
def plain_name(name: str) -> str:
    """Return a column's name as names are compared: `Image-ID`, `imageId` are `image_id`."""
    words = _NEXT_WORD.sub("_", name.strip())
    return words.casefold().replace(" ", "_").replace("-", "_")


def find_name(names: Iterable[str], name: str, where: str) -> str | None:
    """Return a name of a column as it is written among `names`; None if it is not there.

    Raises DataError, which begins with `where`, if several are this name in another case or
    spelling and none is written exactly so.
    """
    same: list[str] = []
    for one in names:
        if one == name:
            return one
        if plain_name(one) == plain_name(name):
            same.append(one)
    if len(same) > 1:
        raise DataError(f"{where}: has columns {listed(same)}: keep one as {name}")
    return same[0] if same else None


def as_id(value: object, what: str) -> str:
    """A value as an id. Raises DataError, which names `what` it is."""
    return convert(parse_id, value, what)


def record_number(record: Record, name: str) -> float:
    """The finite number in a column. Raises DataError for all else."""
    return convert(parse_number, record.cells.get(name), f"{record.where}: {name}")


def convert(one: Callable[[Any], T], value: object, what: str) -> T:
    """Return what a function makes of a value; DataError where it raises ValueError."""
    try:
        return one(value)
    except ValueError as error:
        raise DataError(f"{what} is {format_cell(value)}: {error} is needed") from error


def format_cell(value: object) -> str:
    """Return a value for a message; `missing` for null, `empty` for a text or list of nothing."""
    if is_missing(value):
        return "missing"
    return "empty" if value in ("", []) else repr(value)


def is_missing(value: object) -> bool:
    """Whether a cell holds nothing: null, or NaN as pandas writes a missing cell."""
    return value is None or (isinstance(value, float) and value != value)


def parse_id(value: object) -> str:
    """Return the id in a cell: a text that is not empty, or a whole number as its decimal text."""
    if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
        return str(value)
    raise ValueError("a whole number or a text")


def parse_text(value: object) -> str:
    """Return the text in a cell; a number is its decimal text."""
    if isinstance(value, str | int | float) and not isinstance(value, bool) and value == value:
        return str(value)
    raise ValueError("a text")


def parse_number(value: object) -> float:
    """Return the finite number in a cell."""
    number = float("nan")
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        with suppress(ValueError, OverflowError):
            number = float(value)
    if number - number != 0:
        raise ValueError("a number")
    return number


def parse_path(value: object) -> str | None:
    """Return the path in a cell, None for an empty cell; a mapping with a `path` alone is that."""
    if isinstance(value, Mapping) and "path" in value and not value.get("bytes"):
        value = value["path"]
    if is_missing(value) or value == "":
        return None
    if isinstance(value, str):
        return value
    raise ValueError("the path of a file")


def parse_tag(value: object) -> str:
    """Return the tag in a cell: a text, a number, true or false; nothing for anything else."""
    if is_missing(value) or not isinstance(value, str | int | float):
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def refuse_duplicates(what: str, ids: Sequence[str], source: str) -> None:
    """Raise DataError that lists ids that stand twice; `what` they are ids of, `source` where."""
    if are_distinct(ids):
        return
    raise DataError(
        f"{source}: each {what} must be there once, but these stand there more often:"
        f" {listed(repeated(ids))}; remove or rename them"
    )


def same_columns(records: Sequence[Record]) -> Mapping[str, Sequence[object]] | None:
    """Return the cells of all rows by column; None where some row lacks a column of others."""
    cells = records.columns["cells"] if isinstance(records, Table) else None
    if not isinstance(cells, Mappings) or any(map(has_gaps, cells.columns.values())):
        return None
    return cells.columns


def has_gaps(cells: Sequence[object]) -> bool:
    """Return whether a row lacks the column."""
    if isinstance(cells, Texts):
        return cells.null is ABSENT and cells.array.null_count > 0
    if isinstance(cells, Repeated):
        return cells.only is ABSENT
    return not isinstance(cells, array) and any(cell is ABSENT for cell in cells)


def columns_of(records: Sequence[Record]) -> list[str]:
    """Return the names of the columns that any of the rows has, in their order."""
    return [name for name in names_in(field_of(records, "cells")) if name]


def cells_of(records: Sequence[Record], name: str) -> Sequence[object]:
    """Return the cells of a column; None for a row that does not have it."""
    cells = entries(field_of(records, "cells"), name)
    return [None if cell is ABSENT else cell for cell in cells] if has_gaps(cells) else cells


def full_texts(records: Sequence[Record], names: Sequence[str]) -> Texts | None:
    """Return the cells of the first of these columns, if all are texts and none is empty.

    None where the rows have to be looked at one by one.
    """
    columns = same_columns(records)
    if not columns:
        return None
    names_here = (find_name(columns, name, records[0].where) for name in names)
    cells = columns.get(next(filter(None, names_here), ""))
    return cells if isinstance(cells, Texts) and cells.are_full() else None


def tags(records: Sequence[Record], used: Collection[str]) -> Mappings:
    """Return the tags of each row: `tag_columns` its cells."""
    cells = field_of(records, "cells")
    columns = cells.columns if isinstance(cells, Mappings) else Mappings.from_rows(cells).columns
    return Mappings(tag_columns(columns, used), len(records))


def tag_columns(
    columns: Mapping[str, Sequence[Any]], used: Collection[str]
) -> dict[str, Sequence[Any]]:
    """Return the columns that are not `used`: ABSENT where a cell is not one text or number."""
    free = [n for n in columns if n and n not in used and plain_name(n) not in used]
    return {name: _tags(columns[name]) for name in free}


def _tags(cells: Sequence[object]) -> Sequence[object]:
    if isinstance(cells, Texts) and cells.are_full():
        return cells
    return pack([parse_tag(cell) or ABSENT for cell in cells])
