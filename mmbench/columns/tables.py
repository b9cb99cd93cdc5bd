"""Rows that are stored as columns: tables of objects, and tables of mappings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, TypeVar, cast

from mmbench.columns.base import ABSENT, Column, Places, Repeated, Texts, take_rows
from mmbench.columns.packing import pack

T = TypeVar("T")


class Mappings(Column[dict[str, Any]]):
    """A sequence of n mappings, stored as one column of n values for each key.

    The column of a key holds ABSENT for mappings without the key. Raises ValueError for a column
    that does not have n values.
    """

    def __init__(self, columns: Mapping[str, Sequence[Any]], n: int) -> None:
        self.columns, self._n = columns, n
        _refuse_lengths(columns, n)

    @classmethod
    def from_rows(cls, rows: Sequence[Mapping[str, Any]]) -> Mappings:
        """Return mappings stored as columns, one for each key that occurs."""
        names = dict.fromkeys(name for row in rows for name in row)
        return cls(
            {name: pack([row.get(name, ABSENT) for row in rows]) for name in names}, len(rows)
        )

    def __len__(self) -> int:
        return self._n

    def __iter__(self) -> Iterator[dict[str, Any]]:
        if not self.columns:
            return ({} for _ in range(self._n))
        return map(self._row, *self.columns.values())

    def _row(self, *values: object) -> dict[str, Any]:
        pairs = zip(self.columns, values, strict=True)
        return {name: value for name, value in pairs if value is not ABSENT}

    def value(self, row: int) -> dict[str, Any]:
        """Return the mapping of a row, counted from 0."""
        return self._row(*(column[row] for column in self.columns.values()))

    def take(self, rows: Places) -> Mappings:
        """Return the mappings of rows `rows` [k], counted from 0, in this order."""
        columns = {name: take_rows(column, rows) for name, column in self.columns.items()}
        return Mappings(columns, len(rows))


class Table(Column[T]):
    """A sequence of objects, stored as one column for each field.

    The function or class `row` creates the object of a row from its fields, in the order of the
    columns. Raises ValueError if the columns differ in length.
    """

    def __init__(self, row: Callable[..., T], columns: Mapping[str, Sequence[Any]]) -> None:
        self.row, self.columns = row, dict(columns)
        self._n = len(next(iter(self.columns.values())))
        _refuse_lengths(self.columns, self._n)

    def __len__(self) -> int:
        return self._n

    def __iter__(self) -> Iterator[T]:
        return map(self.row, *self.columns.values())

    def value(self, row: int) -> T:
        """Return the object of a row, counted from 0."""
        return self.row(*(column[row] for column in self.columns.values()))

    def take(self, rows: Places) -> Table[T]:
        """Return the table of rows `rows` [k], counted from 0, in this order."""
        return Table(self.row, {name: take_rows(c, rows) for name, c in self.columns.items()})

    def with_columns(self, **columns: Sequence[Any]) -> Table[T]:
        """Return a copy of the table in which `columns` replace the columns of the same names."""
        return Table(self.row, self.columns | columns)


def _refuse_lengths(columns: Mapping[str, Sequence[Any]], n: int) -> None:
    for name, values in columns.items():
        if len(values) != n:
            raise ValueError(f"column {name} has length {len(values):,}, not {n:,}")


def column(rows: Sequence[object], name: str) -> Sequence[Any]:
    """Return the attribute `name` of each of the rows, as a column."""
    if isinstance(rows, Table):
        return rows.columns[name]
    return [getattr(row, name) for row in rows]


def entries(mappings: Sequence[Mapping[str, Any]], name: str) -> Sequence[Any]:
    """Return the value of the key `name` in each mapping, ABSENT for a mapping without the key."""
    if not isinstance(mappings, Mappings):
        return [one.get(name, ABSENT) for one in mappings]
    values = mappings.columns.get(name)
    return Repeated(ABSENT, len(mappings)) if values is None else values


def names_in(mappings: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the keys that occur in any of the mappings, in the order of first occurrence."""
    if isinstance(mappings, Mappings):
        return [n for n, c in mappings.columns.items() if any(v is not ABSENT for v in c)]
    if isinstance(mappings, Repeated):
        return list(mappings.only)
    return list(dict.fromkeys(name for one in mappings for name in one))


def table(row: Callable[..., T], rows: Sequence[T], mappings: Iterable[str] = ()) -> Table[T]:
    """Return rows as a table of columns; a `Table` is returned unchanged.

    The rows are msgspec structs or named tuples, and `row` is their class. `mappings` lists the
    fields that hold mappings.
    """
    if isinstance(rows, Table):
        return rows
    fields: Sequence[str] = getattr(row, "__struct_fields__", getattr(row, "_fields", ()))
    values = {name: [getattr(one, name) for one in rows] for name in fields}
    packs = dict.fromkeys(mappings, Mappings.from_rows)
    return Table(row, {name: packs.get(name, pack)(values[name]) for name in fields})


def concatenate(parts: Sequence[Sequence[T]]) -> Sequence[T]:
    """Concatenate columns into one column."""
    if len(parts) == 1:
        return parts[0]
    first = parts[0] if parts else None
    same = {id(part.only) if isinstance(part, Repeated) else None for part in parts}
    if isinstance(first, Repeated) and len(same) == 1:
        return Repeated(first.only, sum(map(len, parts)))
    if isinstance(first, Table) and all(isinstance(part, Table) for part in parts):
        return Table(
            first.row, {n: concatenate([column(p, n) for p in parts]) for n in first.columns}
        )
    if isinstance(first, Mappings) and all(isinstance(part, Mappings) for part in parts):
        return cast("Sequence[T]", concatenate_mappings(cast("Sequence[Mappings]", parts)))
    nulls = {part.null for part in parts if isinstance(part, Texts) and part.array.null_count}
    if parts and len(nulls) < 2 and all(isinstance(part, Texts) for part in parts):
        import pyarrow as pa

        arrays = [part.array for part in parts if isinstance(part, Texts)]
        return cast("Sequence[T]", Texts(pa.chunked_array(arrays), *nulls))
    return pack(list(chain.from_iterable(parts)))


def concatenate_mappings(parts: Sequence[Mappings]) -> Mappings:
    """Concatenate several `Mappings` into one; a key that a part lacks is ABSENT in the part's
    rows.
    """
    names = dict.fromkeys(name for part in parts for name in part.columns)
    columns = {name: concatenate([entries(part, name) for part in parts]) for name in names}
    return Mappings(columns, sum(map(len, parts)))
