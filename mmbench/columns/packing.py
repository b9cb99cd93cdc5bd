"""Conversion of lists and arrays to the columns that need the least memory."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, TypeVar, cast

from mmbench.columns.base import ABSENT, Absent, Column, Places, Repeated, Texts, are_texts

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

T = TypeVar("T")


def pack(values: Sequence[T]) -> Sequence[T]:
    """Return values as the column that needs the least memory; unchanged if no column type fits."""
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
    except UnicodeEncodeError:  # lone surrogates, which UTF-8 does not encode
        return values


def as_column(values: Any) -> Sequence[Any]:
    """Return a list, an Arrow array or a NumPy array [n] as a column of Python values."""
    if hasattr(values, "to_pylist"):
        import pyarrow as pa

        kind = values.type
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            return Texts(values)
        return pack(values.to_pylist())
    if not hasattr(values, "dtype"):
        return values if isinstance(values, Column | array) else pack(values)
    if values.ndim == 1 and values.dtype.kind in "US":
        import pyarrow as pa

        return Texts(pa.array(values, pa.string()))
    return pack(values.tolist()) if values.ndim == 1 else cast("Sequence[Any]", values)


def texts_of(values: Sequence[str]) -> Texts | None:
    """Return strings as a column in Arrow memory; None if a string cannot be encoded as UTF-8."""
    texts = values if isinstance(values, Texts) else _texts(list(values), None)
    return texts if isinstance(texts, Texts) else None


class Lists(Column[list[str]]):
    """A column of lists of strings, stored as one column of strings and the end of each list.

    The list of row r is `texts[ends[r - 1]:ends[r]]`; the first list begins at 0.
    """

    def __init__(self, texts: Texts, ends: NDArray[np.int64]) -> None:
        self.texts, self.ends = texts, ends

    @classmethod
    def from_lists(cls, lists: Sequence[Sequence[object]]) -> Sequence[Sequence[object]]:
        """Return lists of strings as a column; the lists unchanged if any item is not a string."""
        import numpy as np

        texts = pack(list(chain.from_iterable(lists)))
        if not are_texts(texts):
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
        """Return the list of strings of a row, counted from 0."""
        start = self.ends[row - 1] if row else 0
        return list(self.texts[int(start) : int(self.ends[row])])

    def take(self, rows: Places) -> Sequence[list[str]]:
        """Return the lists of rows `rows` [k], counted from 0, in this order."""
        return cast(
            "Sequence[list[str]]", Lists.from_lists([self.value(row) for row in rows.tolist()])
        )


def rows_of_type(values: Sequence[object], kind: type) -> list[int]:
    """Return the row numbers of the values of type `kind`, which must not be a string or number
    type.
    """
    if isinstance(values, Texts | array) or hasattr(values, "dtype"):
        return []
    if isinstance(values, Lists):
        return list(range(len(values))) if issubclass(list, kind) else []
    if isinstance(values, Repeated) and not isinstance(values.only, kind):
        return []
    return [row for row, value in enumerate(values) if isinstance(value, kind)]
