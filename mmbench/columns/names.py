"""Mappings from strings to values, stored as columns, and lookup of the rows with given names."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, Mapping, Sequence, ValuesView
from typing import TYPE_CHECKING, TypeVar

from mmbench.columns.base import Places, Texts, take_rows
from mmbench.columns.packing import texts_of

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

V = TypeVar("V")


class Keyed(Mapping[str, V]):
    """A mapping of strings to values, stored as two columns.

    If a key occurs twice, its last value counts. `look_up` finds many keys at once with Arrow. The
    first lookup of a single key builds a dict of all keys.
    """

    def __init__(self, names: Sequence[str], values: Sequence[V]) -> None:
        self.names, self.column = names, values
        self._row_of: dict[str, int] | None = None

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, V]) -> Keyed[V]:
        """Return a mapping as a `Keyed`; a `Keyed` is returned unchanged."""
        if isinstance(mapping, Keyed):
            return mapping
        return cls(list(mapping), list(mapping.values()))

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def values(self) -> ValuesView[V]:
        """Return the values."""
        return _Values(self)

    def items(self) -> ItemsView[str, V]:
        """Return the pairs of key and value."""
        return _Items(self)

    def __getitem__(self, name: str) -> V:
        if self._row_of is None:
            self._row_of = {name: row for row, name in enumerate(self.names)}
        return self.column[self._row_of[name]]

    def look_up(self, names: Sequence[str]) -> Sequence[V]:
        """Return the value of each name, in the order of `names`.

        Raises KeyError for an unknown name.
        """
        rows = places(names, self.names)
        if len(rows) and rows.min() < 0:
            raise KeyError(names[int(rows.argmin())])
        whole = len(rows) == len(self) and bool((rows[1:] > rows[:-1]).all())
        return self.column if whole else take_rows(self.column, rows)


class _Values(ValuesView[V]):
    _mapping: Keyed[V]

    def __iter__(self) -> Iterator[V]:
        return iter(self._mapping.column)


class _Items(ItemsView[str, V]):
    _mapping: Keyed[V]

    def __iter__(self) -> Iterator[tuple[str, V]]:
        return zip(self._mapping.names, self._mapping.column, strict=True)


def places(names: Sequence[str], among: Sequence[str]) -> Places:
    """Return, for each of n names, the row in `among` that holds it, [n] int64; -1 if no row does.

    If a name occurs several times in `among`, any of its rows may be returned.
    """
    import numpy as np

    left, right = utf8(names), utf8(among)
    if left.equals(right):
        return np.arange(len(names))
    if len(left) >= len(right):
        return _index_in(left, right)
    rows_of_fewer = _index_in(
        right, left
    )  # Arrow hashes its second argument, so the shorter column is passed second
    here = np.flatnonzero(rows_of_fewer >= 0)
    rows = np.full(len(left), -1)
    rows[rows_of_fewer[here]] = here
    return rows[_index_in(left, left)]


def _index_in(names: pa.LargeBinaryArray, among: pa.LargeBinaryArray) -> Places:
    import numpy as np
    import pyarrow.compute as pc

    indices = pc.fill_null(pc.index_in(names, value_set=among), -1)
    return np.asarray(indices.to_numpy(zero_copy_only=False), np.int64)


def utf8(names: Sequence[str]) -> pa.LargeBinaryArray:
    """Return names as UTF-8 bytes in an Arrow array; names in Arrow memory are not copied."""
    import pyarrow as pa

    texts = texts_of(names)
    if texts is None:  # lone surrogates, which Arrow does not store
        return pa.array([n.encode("utf-8", "surrogatepass") for n in names], pa.large_binary())
    return texts.array.cast(pa.large_binary())


def sort_names(names: Sequence[str]) -> tuple[Places, NDArray[np.bool_]]:
    """Return the row numbers [n] int64 that sort n names by their UTF-8 bytes.

    Also return, for each name in sorted order, whether it differs from the previous name, [n] bool.
    """
    import numpy as np
    import pyarrow.compute as pc

    values, first = utf8(names), np.ones(len(names), np.bool_)
    if pc.all(pc.less(values[:-1], values[1:])).as_py() is not False:
        return np.arange(len(names)), first
    order = pc.sort_indices(values).to_numpy()
    ordered = values.take(order)
    first[1:] = pc.not_equal(ordered[1:], ordered[:-1])
    return order.astype(np.int64), first


def count_distinct(names: Sequence[str]) -> int:
    """Return the number of different names."""
    return int(sort_names(names)[1].sum())


def are_distinct(names: Sequence[str]) -> bool:
    """Return whether no name occurs twice."""
    different = count_distinct(names) if isinstance(names, Texts) else len(set(names))
    return different == len(names)
