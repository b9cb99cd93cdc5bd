"""Column types: sequences that hold many values without a Python object for each value."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any, Final, Generic, TypeAlias, TypeGuard, TypeVar, cast, overload

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

Places: TypeAlias = "NDArray[np.int64]"

T = TypeVar("T")

_BLOCK = 1 << 14  # values converted to Python objects at a time


class Absent(Enum):
    """The type of the constant `ABSENT`, which stands in a column for a row that has no value."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT


class Column(Sequence[T], Generic[T]):
    """The base class of columns. A column is equal to any sequence with equal values."""

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str):
            return NotImplemented
        pairs = zip(self, other, strict=False)
        return len(self) == len(other) and all(a == b for a, b in pairs)

    __hash__ = None  # type: ignore[assignment]  # unhashable, like a list

    def __repr__(self) -> str:
        values = ", ".join(map(repr, self[:3]))
        return f"{type(self).__name__}([{values}{', …' if len(self) > 3 else ''}])"

    def __iter__(self) -> Iterator[T]:
        return map(self.value, range(len(self)))

    @overload
    def __getitem__(self, at: int) -> T: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[T]: ...
    def __getitem__(self, at: int | slice) -> T | Sequence[T]:
        if isinstance(at, slice):
            import numpy as np

            return self.take(np.arange(*at.indices(len(self))))
        if not -len(self) <= at < len(self):
            raise IndexError(f"row {at} is out of range: the column has {len(self)} rows")
        return self.value(at % len(self))

    def value(self, row: int) -> T:
        """Return the value of a row, counted from 0."""
        raise NotImplementedError

    def take(self, rows: Places) -> Sequence[T]:
        """Return the values of rows `rows` [k], counted from 0, in this order."""
        raise NotImplementedError


class Texts(Column[Any]):
    """Strings in an Arrow array of large strings.

    A null in the array becomes the Python value `null`.
    """

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
        texts: list[Any] = self.array.slice(start, _BLOCK).to_pylist()
        if self.null is None or not self.array.null_count:
            return texts
        return [self.null if text is None else text for text in texts]

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice) and at.step in (None, 1):  # no copy
            start, stop, _ = at.indices(len(self))
            return Texts(self.array.slice(start, max(0, stop - start)), self.null)
        return super().__getitem__(at)

    def are_full(self) -> bool:
        """Return whether every string is present and not empty."""
        import pyarrow.compute as pc

        shortest = pc.min(pc.binary_length(self.array)).as_py()
        return not self.array.null_count and shortest != 0

    def longest(self) -> int:
        """Return the length of the longest string in characters; 0 if there are no strings."""
        import pyarrow.compute as pc

        length: int | None = pc.max(pc.utf8_length(self.array)).as_py()
        return length or 0

    def value(self, row: int) -> Any:
        """Return the string of a row, counted from 0."""
        text = self.array[row].as_py()
        return self.null if text is None else text

    def take(self, rows: Places) -> Texts:
        """Return the strings of rows `rows` [k], counted from 0, in this order."""
        return Texts(self.array.take(rows), self.null)


class Repeated(Column[T]):
    """One value that is repeated n times."""

    def __init__(self, only: T, n: int) -> None:
        self.only, self._n = only, n

    def __len__(self) -> int:
        return self._n

    def __iter__(self) -> Iterator[T]:
        return repeat(self.only, self._n)

    def value(self, _row: int) -> T:
        """Return the repeated value."""
        return self.only

    def take(self, rows: Places) -> Repeated[T]:
        """Return the value repeated k times, where k is the length of `rows`."""
        return Repeated(self.only, len(rows))


class NumberRows(Column[Any]):
    """Rows of an array [n, c] as lists of c numbers; a masked row is None."""

    def __init__(self, array: NDArray[Any]) -> None:
        self.array = array

    def __len__(self) -> int:
        return len(self.array)

    def value(self, row: int) -> list[float] | None:
        """Return the numbers of a row as a list, or None if the row is masked."""
        numbers: list[float] = self.array[row].tolist()
        return None if None in numbers else numbers

    def take(self, rows: Places) -> NumberRows:
        """Return the rows `rows` [k], counted from 0, in this order."""
        return NumberRows(self.array[rows])


class Numbers(Column[Any]):
    """Numbers of an array [n] float64; NaN is None."""

    def __init__(self, array: NDArray[Any]) -> None:
        self.array = array

    def __len__(self) -> int:
        return len(self.array)

    def value(self, row: int) -> float | None:
        """Return the number of a row, or None."""
        number = float(self.array[row])
        return None if number != number else number

    def take(self, rows: Places) -> Numbers:
        """Return the numbers of rows `rows` [k], counted from 0, in this order."""
        return Numbers(self.array[rows])


class Patched(Column[T]):
    """A column that equals another column except in a few rows; {row: value} gives their values."""

    def __init__(self, base: Sequence[T], few: Mapping[int, T]) -> None:
        self.base, self.few = base, few

    def __len__(self) -> int:
        return len(self.base)

    def __iter__(self) -> Iterator[T]:
        return (self.few.get(row, value) for row, value in enumerate(self.base))

    def value(self, row: int) -> T:
        """Return the value of a row, counted from 0."""
        return self.few[row] if row in self.few else self.base[row]

    def take(self, rows: Places) -> Sequence[T]:
        """Return the values of rows `rows` [k], counted from 0, in this order."""
        replaced = {at: self.few[row] for at, row in enumerate(rows.tolist()) if row in self.few}
        return patch_rows(take_rows(self.base, rows), replaced)


class Mapped(Column[T]):
    """The results of a function for the values of a column, computed on access."""

    def __init__(self, function: Callable[[Any], T], values: Sequence[Any]) -> None:
        self.function, self.values = function, values

    def __len__(self) -> int:
        return len(self.values)

    def __iter__(self) -> Iterator[T]:
        return map(self.function, self.values)

    def value(self, row: int) -> T:
        """Return the function's result for the value of a row, counted from 0."""
        return self.function(self.values[row])

    def take(self, rows: Places) -> Mapped[T]:
        """Return the results for rows `rows` [k], counted from 0, in this order."""
        return Mapped(self.function, take_rows(self.values, rows))


def are_texts(values: object) -> TypeGuard[Texts]:
    """Return whether `values` is a column of strings (`Texts`) in which no string is missing."""
    return isinstance(values, Texts) and not values.array.null_count


def equal(one: Any, other: Any) -> bool:
    """Return whether two columns have equal values; either may be a NumPy array."""
    import numpy as np

    if one is other or isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return one is other or np.array_equal(one, other)
    return bool(one == other)


def patch_rows(base: Sequence[T], few: Mapping[int, T]) -> Sequence[T]:
    """Return the column `base` with other values in a few rows; `few` maps these rows to the
    values.
    """
    return Patched(base, few) if few else base


def take_rows(values: Sequence[T], rows: Places) -> Sequence[T]:
    """Return the values of rows `rows` [k] int64, counted from 0, in this order."""
    import numpy as np

    if isinstance(values, Column):
        return values.take(rows)
    if isinstance(values, array):
        cut = np.frombuffer(values, values.typecode)[rows]
        return cast("Sequence[T]", array(values.typecode, cut.tobytes()))
    if isinstance(values, np.ndarray):
        return cast("Sequence[T]", values[rows])
    return [values[row] for row in rows.tolist()]


def without_rows(values: Sequence[T], rows: Sequence[int]) -> Sequence[T]:
    """Return a column without the rows `rows`; the column itself if `rows` is empty."""
    if not rows:
        return values
    import numpy as np

    return take_rows(values, np.delete(np.arange(len(values)), rows))


def rows_not_none(values: Sequence[object]) -> list[int]:
    """Return the row numbers, from 0, of the values that are not None, ascending."""
    if isinstance(values, Repeated) and values.only is None:
        return []
    if isinstance(values, Patched) and not rows_not_none(values.base):
        return sorted(row for row, value in values.few.items() if value is not None)
    return [row for row, value in enumerate(values) if value is not None]
