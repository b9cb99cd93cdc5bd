"""Table rows and their cells: lookup of columns by name, and conversion of cell values.

A single row is a `Record`. `mmbench.data.readers.table_files` stores all rows of a file as columns.
"""

from __future__ import annotations

import re
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
from mmbench.errors import DataError, RepeatedIds
from mmbench.text import listed, repeated

T = TypeVar("T")

_NEXT_WORD = re.compile(r"(?<=[a-z])(?=[A-Z])")  # the word boundary in questionId


class Record(NamedTuple):
    """A row: `where` is its place for messages, `cells` are its values by column name."""

    where: str
    cells: dict[str, object]


@lru_cache(maxsize=4096)
def plain_name(name: str) -> str:
    """Return a column name in the form in which names are compared.

    The form is snake case: `image_id` for `Image-ID`, `imageId` and `image id`.
    """
    words = _NEXT_WORD.sub("_", name.strip())
    return words.casefold().replace(" ", "_").replace("-", "_")


def find_name(names: Iterable[str], name: str, where: str) -> str | None:
    """Return the name of a column as spelt in `names`; None if there is no such column.

    Names are compared in the form of `plain_name`. Raises DataError with a message that begins with
    `where`, if several names differ from `name` only in case and spelling, and none is exactly
    equal.
    """
    same: list[str] = []
    for one in names:
        if one == name:
            return one
        if plain_name(one) == plain_name(name):
            same.append(one)
    if len(same) > 1:
        raise DataError(
            f"{where}: several columns may be {name}: {listed(same)}; keep one, called {name}"
        )
    return same[0] if same else None


def as_id(value: object, what: str) -> str:
    """Return a value as an id.

    Raises DataError for an invalid id; its message calls the value `what`.
    """
    return convert(parse_id, value, what)


def record_number(record: Record, name: str) -> float:
    """Return the finite number in a column of a row. Raises DataError for anything else."""
    return convert(parse_number, record.cells.get(name), f"{record.where}: {name}")


def convert(one: Callable[[Any], T], value: object, what: str) -> T:
    """Return the result of `one` for a value. Raises DataError if `one` raises ValueError.

    The message of the ValueError says which values are valid; `what` is the name of the value.
    """
    try:
        return one(value)
    except ValueError as error:
        raise DataError(f"{what} is {format_cell(value)}; {error}") from error


def format_cell(value: object) -> str:
    """Return the form of a value in messages: "missing" for null, "empty" for an empty string or
    list.
    """
    if is_missing(value):
        return "missing"
    return "empty" if value in ("", []) else repr(value)


def is_missing(value: object) -> bool:
    """Return whether a cell is missing: null, or a NaN, which pandas writes for missing cells."""
    return value is None or (isinstance(value, float) and value != value)


def parse_id(value: object) -> str:
    """Return the id in a cell: a non-empty string, or an integer as a decimal string.

    Raises ValueError for anything else.
    """
    if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
        return str(value)
    raise ValueError("give an integer or a string")


def parse_text(value: object) -> str:
    """Return the string in a cell; a number as a decimal string. Raises ValueError."""
    if isinstance(value, str | int | float) and not isinstance(value, bool) and value == value:
        return str(value)
    raise ValueError("give a string")


def parse_number(value: object) -> float:
    """Return the finite number in a cell. Raises ValueError for anything else."""
    number = float("nan")
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        with suppress(ValueError, OverflowError):
            number = float(value)
    if number - number != 0:
        raise ValueError("give a number")
    return number


def parse_path(value: object) -> str | None:
    """Return the path in a cell, or in the key `path` of a cell that is a mapping.

    Return None for an empty cell. Raises ValueError for anything else.
    """
    if isinstance(value, Mapping) and "path" in value and not value.get("bytes"):
        value = value["path"]
    if is_missing(value) or value == "":
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(one, float) for one in value):
        raise ValueError("samples of a sound need their rate; give (samples, rate)")
    raise ValueError("give the path of a file")


def parse_tag(value: object) -> str:
    """Return the string, number or boolean in a cell as a string; "" for anything else."""
    if is_missing(value) or not isinstance(value, str | int | float):
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def refuse_duplicates(what: str, ids: Sequence[str], source: str) -> None:
    """Raise RepeatedIds if ids occur twice; the message lists them.

    `what` is the noun for one id ("query id"), `source` the file or place of the ids.
    """
    if are_distinct(ids):
        return
    raise RepeatedIds(
        f"{source}: each {what} must occur once, but these are repeated:"
        f" {listed(repeated(ids))}; remove or rename them"
    )


def same_columns(records: Sequence[Record]) -> Mapping[str, Sequence[object]] | None:
    """Return the cells of all rows by column; None if the rows do not all have the same columns."""
    cells = records.columns["cells"] if isinstance(records, Table) else None
    if not isinstance(cells, Mappings) or any(map(has_gaps, cells.columns.values())):
        return None
    return cells.columns


def has_gaps(cells: Sequence[object]) -> bool:
    """Return whether a column, given its cells, is missing in any row.

    Only strings, repeated values and lists can hold ABSENT. Columns of other types are not scanned,
    because that would convert each value to a Python object.
    """
    if isinstance(cells, Texts):
        return cells.null is ABSENT and cells.array.null_count > 0
    if isinstance(cells, Repeated):
        return cells.only is ABSENT
    return isinstance(cells, list | tuple) and any(cell is ABSENT for cell in cells)


def columns_of(records: Sequence[Record]) -> list[str]:
    """Return the names of the columns that occur in any of the rows, in order."""
    return [name for name in names_in(field_of(records, "cells")) if name]


def cells_of(records: Sequence[Record], name: str) -> Sequence[object]:
    """Return the cells of column `name`; None for a row that lacks the column."""
    cells = entries(field_of(records, "cells"), name)
    return [None if cell is ABSENT else cell for cell in cells] if has_gaps(cells) else cells


def full_texts(records: Sequence[Record], names: Sequence[str]) -> Texts | None:
    """Return the cells of the first column of `names` that exists, if all are non-empty strings.

    Return None in all other cases: the caller then has to examine the rows one by one.
    """
    columns = same_columns(records)
    if not columns:
        return None
    names_here = (find_name(columns, name, records[0].where) for name in names)
    cells = columns.get(next(filter(None, names_here), ""))
    return cells if isinstance(cells, Texts) and cells.are_full() else None


def tags(records: Sequence[Record], used: Collection[str]) -> Mappings:
    """Return the tags of each row, from the columns that are not in `used` (`tag_columns`)."""
    cells = field_of(records, "cells")
    columns = cells.columns if isinstance(cells, Mappings) else Mappings.from_rows(cells).columns
    return Mappings(tag_columns(columns, used), len(records))


def tag_columns(
    columns: Mapping[str, Sequence[Any]], used: Collection[str]
) -> dict[str, Sequence[Any]]:
    """Return the columns not in `used` as tags; a cell that is not a string or number becomes
    ABSENT.
    """
    free = [n for n in columns if n and n not in used and plain_name(n) not in used]
    return {name: _tags(columns[name]) for name in free}


def _tags(cells: Sequence[object]) -> Sequence[object]:
    if isinstance(cells, Texts) and cells.are_full():
        return cells
    return pack([parse_tag(cell) or ABSENT for cell in cells])
