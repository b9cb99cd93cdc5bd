"""Columns: sequences that hold many values without a Python object for each value.

A column is a `Sequence`: strings in Arrow memory, numbers in an `array`, one repeated value, or a
plain list. A `Table` is a sequence of rows that are stored as columns; the object of a row is
created on access. To read one attribute of all rows, call `column(rows, name)`: it returns the
stored column of a table without a copy, and also works on a list of objects.
"""

from __future__ import annotations

from mmbench.columns.base import (
    ABSENT,
    Absent,
    Column,
    Mapped,
    NumberRows,
    Numbers,
    Patched,
    Places,
    Repeated,
    Texts,
    are_texts,
    equal,
    patch_rows,
    rows_not_none,
    take_rows,
    without_rows,
)
from mmbench.columns.names import (
    Keyed,
    are_distinct,
    count_distinct,
    places,
    sort_names,
    utf8,
)
from mmbench.columns.packing import Lists, as_column, pack, rows_of_type, texts_of
from mmbench.columns.tables import (
    Mappings,
    Table,
    column,
    concatenate,
    concatenate_mappings,
    entries,
    names_in,
    table,
)

__all__ = [
    "ABSENT",
    "Absent",
    "Column",
    "Keyed",
    "Lists",
    "Mapped",
    "Mappings",
    "NumberRows",
    "Numbers",
    "Patched",
    "Places",
    "Repeated",
    "Table",
    "Texts",
    "are_distinct",
    "are_texts",
    "as_column",
    "column",
    "concatenate",
    "concatenate_mappings",
    "count_distinct",
    "entries",
    "equal",
    "names_in",
    "pack",
    "patch_rows",
    "places",
    "rows_not_none",
    "rows_of_type",
    "sort_names",
    "table",
    "take_rows",
    "texts_of",
    "utf8",
    "without_rows",
]
