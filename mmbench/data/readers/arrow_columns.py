"""Conversion of Arrow columns to columns of Python values, and access to their media."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmbench.columns import Column, Texts
from mmbench.errors import DataError
from mmbench.media.inside import ByteRanges, MediaFile, MediaInFile

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from datasets import Dataset
    from numpy.typing import NDArray

_TEXTS, _BYTES = ("null", "string", "large_string"), ("null", "binary", "large_binary")
_BATCH = 100  # rows of media read at a time
_BLOCK = 1 << 13  # values converted to Python objects at a time


class ArrowValues(Column[Any]):
    """The values of an Arrow column; messages call the column `what`."""

    def __init__(self, array: pa.ChunkedArray, what: str) -> None:
        self.array, self.what = array, what

    def __len__(self) -> int:
        return len(self.array)

    def __iter__(self) -> Iterator[Any]:
        for start in range(0, len(self), _BLOCK):
            yield from self._objects(self.array.slice(start, _BLOCK))

    def value(self, row: int) -> Any:
        """Return the value of a row, counted from 0. Raises DataError."""
        return self._objects(self.array.slice(row, 1))[0]

    def take(self, rows: NDArray[np.int64]) -> ArrowValues:
        """Return the values of rows `rows` [k], counted from 0, in this order."""
        return ArrowValues(self.array.take(rows), self.what)

    def _objects(self, array: pa.ChunkedArray) -> list[Any]:
        try:
            objects: list[Any] = array.to_pylist()
        except (ValueError, OverflowError) as error:  # such as a date outside Python's range
            raise DataError(f"{self.what} cannot be read: {error}") from error
        return objects


def as_values(array: pa.ChunkedArray, what: str) -> Sequence[Any]:
    """Return an Arrow column as a column of Python values.

    Raises DataError for text that is not UTF-8; `what` is the name of the column in the message.
    """
    import pyarrow as pa

    array = as_plain_column(array)
    try:
        array.validate(full=True)
    except pa.ArrowInvalid as error:
        raise DataError(f"{what} cannot be read: {error}") from error
    kind = array.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return Texts(array)
    return ArrowValues(array, what)


def media_columns(column: pa.ChunkedArray, what: str) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    """Return two columns, the paths and the bytes of the media in a column.

    A row that lacks one of the two has a null there. Raises DataError for a column of another type;
    `what` is the name of the column in the message.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    column = as_plain_column(column)
    kind = column.type
    fields = {kind[i].name for i in range(kind.num_fields)} if pa.types.is_struct(kind) else set()
    none = pa.chunked_array([pa.nulls(len(column))])
    if str(kind) in _TEXTS:
        return column, none
    if str(kind) in _BYTES:
        return none, column
    paths, stored = (
        as_plain_column(pc.struct_field(column, name)) if name in fields else none
        for name in ("path", "bytes")
    )
    known = fields & {"path", "bytes"}
    if not known or str(paths.type) not in _TEXTS or str(stored.type) not in _BYTES:
        raise DataError(
            f"{what} has the type {kind}; give paths, bytes, or structs of bytes and path"
        )
    return paths, stored


def holds_bytes(kind: pa.DataType) -> bool:
    """Return whether a column of an Arrow type holds bytes, or structs with bytes."""
    import pyarrow as pa

    if pa.types.is_struct(kind):
        index = kind.get_field_index("bytes")
        return index >= 0 and holds_bytes(kind[index].type)
    if pa.types.is_dictionary(kind):
        return holds_bytes(kind.value_type)
    tests = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view)
    return any(test(kind) for test in tests)


def as_plain_column(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column of plain strings, bytes or numbers.

    Dictionary-encoded columns are decoded, and view types are converted.
    """
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        return as_plain_column(column.cast(column.type.value_type))
    if pa.types.is_string_view(column.type):
        return column.cast(pa.large_string())
    if pa.types.is_binary_view(column.type):
        return column.cast(pa.large_binary())
    return column


def media_by_row(dataset: Dataset, column: str) -> Callable[[int], MediaInFile]:
    """Return a function that maps a row number to the image, audio or video in a column.

    If the rows of the data set are exactly the rows of its Arrow files, in order, the function
    reads the bytes from a range of the file. Otherwise (`test[:100]`, data in memory, shuffled
    data) it reads the row through the datasets library.
    """
    places = [] if dataset._indices is not None else dataset.cache_files  # rows in another order
    files = [_pieces(Path(entry["filename"]), column) for entry in places]
    stored: list[MediaFile] = [file for file in files if file is not None]
    if len(stored) < len(files) or sum(map(len, stored)) != len(dataset):
        stored = [_HubMedia(dataset, column)]
    ends = list(accumulate(map(len, stored)))

    def part(number: int) -> MediaInFile:
        at = bisect_right(ends, number)
        return MediaInFile(stored[at], number - (ends[at - 1] if at else 0))

    return part


def first_of_lists(dataset: Dataset, column: str) -> Callable[[int], MediaInFile]:
    """Return a function that maps a row number to the first media item of a list in a column."""
    stored = _FirstOfLists(dataset, column)
    return lambda number: MediaInFile(stored, number)


class _HubMedia(MediaFile):
    """The encoded media in a column of a data set, read through the datasets library."""

    def __init__(self, dataset: Dataset, column: str) -> None:
        self._rows = dataset.select_columns([column]).with_format("arrow")
        self._column = column

    def __len__(self) -> int:
        return len(self._rows)

    def read(self, number: int) -> bytes:
        (data,) = self._cells(number, number + 1)
        return data or b""

    def each(self) -> Iterator[bytes | None]:
        for start in range(0, len(self), _BATCH):
            yield from self._cells(start, start + _BATCH)

    def _cells(self, start: int, stop: int) -> list[bytes | None]:
        column = self._rows[start:stop][self._column]
        cells: list[bytes | None] = media_columns(column, self._column)[1].to_pylist()
        return cells


class _FirstOfLists(_HubMedia):
    """The first item of each list in a column of lists of encoded media; None of an empty list."""

    def _cells(self, start: int, stop: int) -> list[bytes | None]:
        lists = self._rows[start:stop][self._column].to_pylist()
        items = [(cells or [None])[0] for cells in lists]
        return [item.get("bytes") if isinstance(item, dict) else item for item in items]


def _pieces(file: Path, column: str) -> ByteRanges | None:
    """Return the media in a column of an Arrow file as byte ranges of the file.

    Return None if the file has no such column or does not contain the bytes.
    """
    import numpy as np
    import pyarrow as pa

    with pa.memory_map(str(file)) as stream:
        whole = stream.read_buffer()
    table = pa.ipc.open_stream(whole).read_all()
    if column not in table.column_names:
        return None
    _, data = media_columns(table[column], column)
    if pa.types.is_null(data.type):
        return None
    stretches = [_stretches(chunk, whole.address) for chunk in data.chunks]
    offsets = np.concatenate([np.empty(0, np.int64), *(start for start, _ in stretches)])
    lengths = np.concatenate([np.empty(0, np.int64), *(length for _, length in stretches)])
    inside = (offsets >= 0) & (offsets + lengths <= whole.size)
    return ByteRanges(file, offsets, lengths, column) if inside.all() else None


def _stretches(chunk: pa.Array, address: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the offsets and the lengths of an Arrow chunk's values in bytes, [n] int64 each.

    Offsets are relative to the memory address `address`. The length of a null is -1.
    """
    import numpy as np
    import pyarrow as pa

    _, ends, data = chunk.buffers()
    kind = np.int64 if pa.types.is_large_binary(chunk.type) else np.int32
    cut = np.frombuffer(ends, kind)[chunk.offset : chunk.offset + len(chunk) + 1]
    bounds: NDArray[np.int64] = cut.astype(np.int64)
    lengths = np.where(chunk.is_valid().to_numpy(zero_copy_only=False), np.diff(bounds), -1)
    start = data.address - address if data else 0
    return bounds[:-1] + start, lengths.astype(np.int64)
