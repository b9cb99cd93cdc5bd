"""Columns: sequences that hold many values without a Python object for each.

A column is a `Sequence`: of texts in Arrow's memory, of numbers in an `array`, of one value that
repeats, or a plain list. A `Table` is a sequence of rows over columns; a row becomes an object when
somebody asks for it. Code that reads one attribute of all rows asks for `column(rows, name)`, which
costs nothing for a table and works on a list of objects as well.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, ItemsView, Iterable, Iterator, Mapping, Sequence, ValuesView
from enum import Enum
from itertools import chain, islice, repeat
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, cast, overload

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    Places = NDArray[np.int64]

T = TypeVar("T")
V = TypeVar("V")

_BLOCK = 1 << 14  # values that are Python objects at a time


class Absent(Enum):
    """The type of `ABSENT`, which stands in a column where a mapping has no such key."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT


class Column(Sequence[T], Generic[T]):
    """The base of the columns of this module: equal to any sequence with equal values."""

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str):
            return NotImplemented
        pairs = zip(self, other, strict=False)
        return len(self) == len(other) and all(a == b for a, b in pairs)

    __hash__ = None  # type: ignore[assignment]  # as a list has none

    def __repr__(self) -> str:
        shown = ", ".join(map(repr, self[:3]))
        return f"{type(self).__name__}([{shown}{', …' if len(self) > 3 else ''}])"

    @overload
    def __getitem__(self, at: int) -> T: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[T]: ...
    def __getitem__(self, at: int | slice) -> T | Sequence[T]:
        if isinstance(at, slice):
            import numpy as np

            return self.take(np.arange(*at.indices(len(self))))
        if not -len(self) <= at < len(self):
            raise IndexError(f"row {at} of {len(self)}")
        return self.value(at % len(self))

    def value(self, row: int) -> T:
        """Return the value of a row from 0."""
        raise NotImplementedError

    def take(self, rows: Places) -> Sequence[T]:
        """Return the values of rows [k], from 0, in their order."""
        raise NotImplementedError


class Texts(Column[Any]):
    """Texts in an Arrow array of large strings; `null` is the value of what is null there."""

    def __init__(self, values: pa.Array | pa.ChunkedArray, null: Absent | None = None) -> None:
        import pyarrow as pa

        chunked = isinstance(values, pa.ChunkedArray)
        single = chunked and values.num_chunks == 1
        whole = values.chunk(0) if single else values.combine_chunks() if chunked else values
        self.array: pa.LargeStringArray = whole.cast(pa.large_string())
        self.null = null

    def __len__(self) -> int:
        return len(self.array)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Texts) and self.null is other.null:
            return bool(self.array.equals(other.array))
        return super().__eq__(other)

    __hash__ = None

    def __iter__(self) -> Iterator[Any]:
        return chain.from_iterable(map(self._block, range(0, len(self), _BLOCK)))

    def _block(self, start: int) -> list[Any]:
        found: list[Any] = self.array.slice(start, _BLOCK).to_pylist()
        if self.null is None or not self.array.null_count:
            return found
        return [self.null if text is None else text for text in found]

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice) and at.step in (None, 1):  # no copy
            start, stop, _ = at.indices(len(self))
            return Texts(self.array.slice(start, max(0, stop - start)), self.null)
        return super().__getitem__(at)

    def are_full(self) -> bool:
        """Return whether no text is empty, and none missing."""
        import pyarrow.compute as pc

        shortest = pc.min(pc.binary_length(self.array)).as_py()
        return not self.array.null_count and shortest != 0

    def longest(self) -> int:
        """Return how many characters the longest text has; 0 where there is none."""
        import pyarrow.compute as pc

        found: int | None = pc.max(pc.utf8_length(self.array)).as_py()
        return found or 0

    def value(self, row: int) -> Any:
        """Return the text of a row."""
        found = self.array[row].as_py()
        return self.null if found is None else found

    def take(self, rows: Places) -> Texts:
        """Return the texts of rows [k]."""
        return Texts(self.array.take(rows), self.null)


class NumberRows(Column[Any]):
    """Rows of numbers, as lists, out of an array [n, c]; a masked row is None."""

    def __init__(self, array: NDArray[Any]) -> None:
        self.array = array

    def __len__(self) -> int:
        return len(self.array)

    def __iter__(self) -> Iterator[list[float] | None]:
        return map(self.value, range(len(self)))

    def value(self, row: int) -> list[float] | None:
        """Return the numbers of a row."""
        found: list[float] = self.array[row].tolist()
        return None if None in found else found

    def take(self, rows: Places) -> NumberRows:
        """Return rows [k]."""
        return NumberRows(self.array[rows])


class Lists(Column[list[str]]):
    """Lists of texts: those of row r are `texts` from `ends[r - 1]` to `ends[r]`."""

    def __init__(self, texts: Texts, ends: NDArray[np.int64]) -> None:
        self.texts, self.ends = texts, ends

    @classmethod
    def of(cls, lists: Sequence[Sequence[object]]) -> Sequence[Sequence[object]]:
        """Return lists of texts as a column; as they are where something else is in them."""
        import numpy as np

        texts = packed(list(chain.from_iterable(lists)))
        if not isinstance(texts, Texts) or texts.array.null_count:
            return lists
        return cls(texts, np.cumsum(np.fromiter(map(len, lists), np.int64, len(lists))))

    def __len__(self) -> int:
        return len(self.ends)

    def __iter__(self) -> Iterator[list[str]]:
        texts, start = iter(self.texts), 0
        for end in self.ends.tolist():
            yield list(islice(texts, end - start))
            start = end

    def value(self, row: int) -> list[str]:
        """Return the texts of a row."""
        start = self.ends[row - 1] if row else 0
        return list(self.texts[int(start) : int(self.ends[row])])

    def take(self, rows: Places) -> Sequence[list[str]]:
        """Return the lists of rows [k]."""
        return cast("Sequence[list[str]]", Lists.of([self.value(row) for row in rows.tolist()]))


class Repeated(Column[T]):
    """One value, n times."""

    def __init__(self, only: T, n: int) -> None:
        self.only, self._n = only, n

    def __len__(self) -> int:
        return self._n

    def __iter__(self) -> Iterator[T]:
        return repeat(self.only, self._n)

    def value(self, _row: int) -> T:
        """Return the value."""
        return self.only

    def take(self, rows: Places) -> Repeated[T]:
        """Return the value, as often as there are rows."""
        return Repeated(self.only, len(rows))


class Patched(Column[T]):
    """The values of another column, but for a few rows: {row: value}."""

    def __init__(self, base: Sequence[T], few: Mapping[int, T]) -> None:
        self.base, self.few = base, few

    def __len__(self) -> int:
        return len(self.base)

    def __iter__(self) -> Iterator[T]:
        return (self.few.get(row, value) for row, value in enumerate(self.base))

    def value(self, row: int) -> T:
        """Return the value of a row."""
        return self.few[row] if row in self.few else self.base[row]

    def take(self, rows: Places) -> Sequence[T]:
        """Return the values of rows [k]."""
        kept = {at: self.few[row] for at, row in enumerate(rows.tolist()) if row in self.few}
        return patched(taken(self.base, rows), kept)


class Sparse(Column[T]):
    """One value for most of n rows, another for a few: {row: value}."""

    def __init__(self, few: Mapping[int, T], most: T, n: int) -> None:
        self.few, self.most, self._n = few, most, n

    def __len__(self) -> int:
        return self._n

    def __iter__(self) -> Iterator[T]:
        if not self.few:
            return repeat(self.most, self._n)
        return (self.few.get(row, self.most) for row in range(self._n))

    def value(self, row: int) -> T:
        """Return the value of a row."""
        return self.few.get(row, self.most)

    def take(self, rows: Places) -> Sparse[T]:
        """Return the values of rows [k]."""
        if not self.few:
            return Sparse({}, self.most, len(rows))
        few = self.few
        kept = {at: few[row] for at, row in enumerate(rows.tolist()) if row in few}
        return Sparse(kept, self.most, len(rows))


class Mapped(Column[T]):
    """What a function makes of each value of a column, when it is asked for."""

    def __init__(self, function: Callable[[Any], T], values: Sequence[Any]) -> None:
        self.function, self.values = function, values

    def __len__(self) -> int:
        return len(self.values)

    def __iter__(self) -> Iterator[T]:
        return map(self.function, self.values)

    def value(self, row: int) -> T:
        """Return what the function makes of the value of a row."""
        return self.function(self.values[row])

    def take(self, rows: Places) -> Mapped[T]:
        """Return the same of the values of rows [k]."""
        return Mapped(self.function, taken(self.values, rows))


class Mappings(Column[dict[str, Any]]):
    """Mappings whose keys are the names of n-long columns; ABSENT is where a row lacks a key."""

    def __init__(self, columns: Mapping[str, Sequence[Any]], n: int) -> None:
        self.columns, self._n = columns, n

    @classmethod
    def of(cls, rows: Sequence[Mapping[str, Any]]) -> Mappings:
        """Return mappings as columns."""
        names = dict.fromkeys(name for row in rows for name in row)
        return cls(
            {name: packed([row.get(name, ABSENT) for row in rows]) for name in names}, len(rows)
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
        """Return the mapping of a row."""
        return self._row(*(column[row] for column in self.columns.values()))

    def take(self, rows: Places) -> Mappings:
        """Return the mappings of rows [k]."""
        columns = {name: taken(column, rows) for name, column in self.columns.items()}
        return Mappings(columns, len(rows))


class Table(Column[T]):
    """Rows whose fields are columns of one length; `row` makes a row of its fields, in order."""

    def __init__(self, row: Callable[..., T], columns: Mapping[str, Sequence[Any]]) -> None:
        self.row, self.columns = row, dict(columns)
        self._n = len(next(iter(self.columns.values())))

    def __len__(self) -> int:
        return self._n

    def __iter__(self) -> Iterator[T]:
        return map(self.row, *self.columns.values())

    def value(self, row: int) -> T:
        """Return a row."""
        return self.row(*(column[row] for column in self.columns.values()))

    def take(self, rows: Places) -> Table[T]:
        """Return rows [k]."""
        return Table(self.row, {name: taken(c, rows) for name, c in self.columns.items()})

    def having(self, **columns: Sequence[Any]) -> Table[T]:
        """Return the rows with other columns in the place of some."""
        return Table(self.row, self.columns | columns)


class Keyed(Mapping[str, V]):
    """A mapping of texts to values, both of them columns; a key that stands twice has its last.

    The keys are looked up through Arrow, all of `rows` at once; the first single key that is asked
    for costs as much as a dict of them.
    """

    def __init__(self, names: Sequence[str], values: Sequence[V]) -> None:
        self.names, self.column = names, values
        self._row_of: dict[str, int] | None = None

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def values(self) -> ValuesView[V]:
        """Return the values."""
        return _Values(self)

    def items(self) -> ItemsView[str, V]:
        """Return the keys with their values."""
        return _Items(self)

    def __getitem__(self, name: str) -> V:
        if self._row_of is None:
            self._row_of = {name: row for row, name in enumerate(self.names)}
        return self.column[self._row_of[name]]


class _Values(ValuesView[V]):
    _mapping: Keyed[V]

    def __iter__(self) -> Iterator[V]:
        return iter(self._mapping.column)


class _Items(ItemsView[str, V]):
    _mapping: Keyed[V]

    def __iter__(self) -> Iterator[tuple[str, V]]:
        return zip(self._mapping.names, self._mapping.column, strict=True)


def column(rows: Sequence[object], name: str) -> Sequence[Any]:
    """Return an attribute of all rows."""
    if isinstance(rows, Table):
        return rows.columns[name]
    return [getattr(row, name) for row in rows]


def entries(mappings: Sequence[Mapping[str, Any]], name: str) -> Sequence[Any]:
    """Return what each of many mappings has under a name, ABSENT where it has nothing."""
    if not isinstance(mappings, Mappings):
        return [one.get(name, ABSENT) for one in mappings]
    found = mappings.columns.get(name)
    return Repeated(ABSENT, len(mappings)) if found is None else found


def names_in(mappings: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the names that any of many mappings has, in the order in which they first stand."""
    if isinstance(mappings, Mappings):
        return [n for n, c in mappings.columns.items() if any(v is not ABSENT for v in c)]
    if isinstance(mappings, Repeated):
        return list(mappings.only)
    return list(dict.fromkeys(name for one in mappings for name in one))


def as_column(values: Any) -> Sequence[Any]:
    """Return a list, an Arrow array or a NumPy array [n] as a column of Python's own values."""
    if hasattr(values, "to_pylist"):
        import pyarrow as pa

        kind = values.type
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            return Texts(values)
        return packed(values.to_pylist())
    if not hasattr(values, "dtype"):
        return values if isinstance(values, Column | array) else packed(values)
    if values.ndim == 1 and values.dtype.kind in "US":
        import pyarrow as pa

        return Texts(pa.array(values, pa.string()))
    return packed(values.tolist()) if values.ndim == 1 else cast("Sequence[Any]", values)


def packed(values: Sequence[T]) -> Sequence[T]:
    """Return values as the column that takes the least memory; as they are where none fits."""
    kinds = set(map(type, values))
    if len(kinds) == 1 and all(value is values[0] for value in values):
        return Repeated(values[0], len(values))
    if str in kinds and len(kinds) < 3 and kinds <= {str, type(None), Absent}:
        return _texts(values, ABSENT if Absent in kinds else None)
    code = _CODES.get(next(iter(kinds))) if len(kinds) == 1 else None
    if code is None:
        return values
    try:
        return cast("Sequence[T]", array(code, cast("Iterable[int]", values)))
    except OverflowError:
        return values


_CODES: dict[type, str] = {int: "q", float: "d"}


def _texts(values: Sequence[T], null: Absent | None) -> Sequence[T]:
    import pyarrow as pa

    plain = [None if value is null else value for value in values] if null else values
    try:
        return Texts(pa.array(plain, pa.large_string()), null)
    except UnicodeEncodeError:  # half of a pair of surrogates, which no UTF-8 has
        return values


def patched(base: Sequence[T], few: Mapping[int, T]) -> Sequence[T]:
    """Return a column with other values in a few rows: {row: value}."""
    return Patched(base, few) if few else base


def rows_not_none(values: Sequence[object]) -> list[int]:
    """Return the rows of a column whose value is not None, ascending."""
    if isinstance(values, Repeated) and values.only is None:
        return []
    if isinstance(values, Patched) and not rows_not_none(values.base):
        return sorted(row for row, value in values.few.items() if value is not None)
    return [row for row, value in enumerate(values) if value is not None]


def rows_of_type(values: Sequence[object], kind: type) -> list[int]:
    """Return the rows of a column whose value is of a type that no text or number is."""
    if isinstance(values, Texts | array) or hasattr(values, "dtype"):
        return []
    if isinstance(values, Lists):
        return list(range(len(values))) if issubclass(list, kind) else []
    if isinstance(values, Repeated) and not isinstance(values.only, kind):
        return []
    return [row for row, value in enumerate(values) if isinstance(value, kind)]


def looked_up(mapping: Mapping[str, V], names: Sequence[str]) -> Sequence[V]:
    """Return the value of each name, in their order. Raises KeyError for one that has none."""
    if not isinstance(mapping, Keyed):
        return [mapping[name] for name in names]
    rows = places(names, mapping.names)
    if len(rows) and rows.min() < 0:
        raise KeyError(names[int(rows.argmin())])
    whole = len(rows) == len(mapping) and bool((rows[1:] > rows[:-1]).all())
    return mapping.column if whole else taken(mapping.column, rows)


def keys_of(mapping: Mapping[str, object]) -> Sequence[str]:
    """Return the keys of a mapping as a column."""
    return mapping.names if isinstance(mapping, Keyed) else list(mapping)


def values_of(mapping: Mapping[str, V]) -> Sequence[V]:
    """Return the values of a mapping as a column."""
    return mapping.column if isinstance(mapping, Keyed) else list(mapping.values())


def joined(parts: Sequence[Sequence[T]]) -> Sequence[T]:
    """Return columns, one behind the other, as one column."""
    if len(parts) == 1:
        return parts[0]
    same = {id(part.only) if isinstance(part, Repeated) else None for part in parts}
    if len(same) == 1 and None not in same:
        return Repeated(parts[0][0], sum(map(len, parts)))
    first = parts[0] if parts else None
    if isinstance(first, Table) and all(isinstance(part, Table) for part in parts):
        return Table(first.row, {n: joined([column(p, n) for p in parts]) for n in first.columns})
    if isinstance(first, Mappings) and all(isinstance(part, Mappings) for part in parts):
        return cast("Sequence[T]", joined_mappings(cast("Sequence[Mappings]", parts)))
    nulls = {part.null for part in parts if isinstance(part, Texts) and part.array.null_count}
    if parts and len(nulls) < 2 and all(isinstance(part, Texts) for part in parts):
        import pyarrow as pa

        arrays = [part.array for part in parts if isinstance(part, Texts)]
        return cast("Sequence[T]", Texts(pa.chunked_array(arrays), *nulls))
    return packed(list(chain.from_iterable(parts)))


def joined_mappings(parts: Sequence[Mappings]) -> Mappings:
    """Return mappings, one part behind the other."""
    names = dict.fromkeys(name for part in parts for name in part.columns)
    columns = {name: joined([entries(part, name) for part in parts]) for name in names}
    return Mappings(columns, sum(map(len, parts)))


def without_rows(values: Sequence[T], rows: Sequence[int]) -> Sequence[T]:
    """Return a column without some of its rows; the column itself where there are none."""
    if not rows:
        return values
    import numpy as np

    return taken(values, np.delete(np.arange(len(values)), rows))


def taken(values: Sequence[T], rows: Places) -> Sequence[T]:
    """Return the values of rows [k] int64, from 0, in their order."""
    import numpy as np

    if isinstance(values, Column):
        return values.take(rows)
    if isinstance(values, array):
        cut = np.frombuffer(values, values.typecode)[rows]
        return cast("Sequence[T]", array(values.typecode, cut.tobytes()))
    if isinstance(values, np.ndarray):
        return cast("Sequence[T]", values[rows])
    return [values[row] for row in rows.tolist()]


def table(row: Callable[..., T], rows: Sequence[T], mappings: Iterable[str] = ()) -> Table[T]:
    """Return rows, msgspec structs or named tuples, as a table of columns; a table as it is.

    `mappings` are the fields that hold mappings.
    """
    if isinstance(rows, Table):
        return rows
    fields: Sequence[str] = getattr(row, "__struct_fields__", getattr(row, "_fields", ()))
    values = {name: [getattr(one, name) for one in rows] for name in fields}
    packs = dict.fromkeys(mappings, Mappings.of)
    return Table(row, {name: packs.get(name, packed)(values[name]) for name in fields})


def texts_of(values: Sequence[str]) -> Texts | None:
    """Return texts in Arrow's memory; None where one of them has no UTF-8."""
    found = values if isinstance(values, Texts) else _texts(list(values), None)
    return found if isinstance(found, Texts) else None


def places(names: Sequence[str], among: Sequence[str]) -> Places:
    """Return the row [n] int64 of each of n names among others, -1 where it is none of them.

    Of names that stand twice among the others either row may be given.
    """
    import numpy as np

    left, right = texts_of(names), texts_of(among)
    if left is None or right is None:
        row_of = {name: row for row, name in enumerate(among)}
        return np.fromiter((row_of.get(name, -1) for name in names), np.int64, len(names))
    if left.array.equals(right.array):
        return np.arange(len(names))
    if len(left) >= len(right):
        return _index_in(left, right)
    found = _index_in(right, left)  # a table of the fewer is made, and the others are looked up
    here = np.flatnonzero(found >= 0)
    rows = np.full(len(left), -1)
    rows[found[here]] = here
    return rows[_index_in(left, left)]


def _index_in(names: Texts, among: Texts) -> Places:
    import numpy as np
    import pyarrow.compute as pc

    found = pc.fill_null(pc.index_in(names.array, value_set=among.array), -1)
    return np.asarray(found.to_numpy(zero_copy_only=False), np.int64)


def by_name(names: Sequence[str]) -> tuple[Places, bool]:
    """Return the rows of n names in the order of their UTF-8 [n] int64, and if two are equal."""
    import numpy as np

    texts = texts_of(names)
    if texts is None:
        rows = sorted(range(len(names)), key=names.__getitem__)
        return np.array(rows, np.int64), len(set(names)) < len(names)
    import pyarrow.compute as pc

    values = texts.array
    if pc.all(pc.less(values[:-1], values[1:])).as_py() is not False:
        return np.arange(len(names)), False
    order = pc.sort_indices(values).to_numpy()
    ordered = values.take(order)
    twice = pc.any(pc.equal(ordered[:-1], ordered[1:])).as_py()
    return order.astype(np.int64), bool(twice)


def distinct(names: Sequence[str]) -> int:
    """Return how many different names there are."""
    if not isinstance(names, Texts):
        return len(set(names))
    if are_distinct(names):
        return len(names)
    import pyarrow.compute as pc

    return int(pc.count_distinct(names.array).as_py())


def are_distinct(names: Sequence[str]) -> bool:
    """Return whether no name stands twice."""
    return not by_name(names)[1] if isinstance(names, Texts) else len(set(names)) == len(names)
