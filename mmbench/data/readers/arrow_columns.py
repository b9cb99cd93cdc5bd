"""Rows out of Arrow tables, where an image is a path, bytes, or a struct of both."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from mmbench.data.mapping.rows import Row
from mmbench.errors import DataError
from mmbench.media.inside import MediaInFile
from mmbench.types import Media

if TYPE_CHECKING:
    import pyarrow as pa


def arrow_rows(
    table: pa.Table,
    columns: dict[str, str],
    start: int,
    source: str,
    part: Callable[[int], MediaInFile],
    stored: Iterable[object] | None = None,
) -> Iterator[Row]:
    """The rows of a table, the first of which has the number `start`.

    `columns` is what `choose_columns` gave. `stored` says which rows have their image as bytes,
    where the table has these no more; `part` is called with the number of each of them. Raises
    DataError for an image column of another type, and for values that cannot be read.
    """
    rows = f"{source}, rows {start} to {start + table.num_rows - 1}"
    try:
        paths, found = _paths(table, columns["image"], source)
        cells = {key: table[name].to_pylist() for key, name in columns.items() if key != "image"}
    except (ValueError, OverflowError) as error:
        # Text that is not UTF-8, a date that no calendar has.
        raise DataError(f"{rows}: cannot be read: {error}") from error
    images = zip(paths, found if stored is None else stored, strict=True)
    for i, (path, has) in enumerate(images):
        number = start + i
        image: str | Media | None = path
        if has:
            image = Media("image", f"row {number} of {source}", part(number))
        yield Row(f"row {number}", image or None, **{key: cells[key][i] for key in cells})


def _paths(table: pa.Table, name: str, source: str) -> tuple[list[str | None], list[bool]]:
    if name not in table.column_names:
        return [None] * table.num_rows, [False] * table.num_rows
    return media_cells(table[name], f"{source}: the image column")


def media_cells(column: pa.ChunkedArray, what: str) -> tuple[list[str | None], list[bool]]:
    """Return for each row its path, if it has one, and whether it has bytes. No bytes are copied.

    Raises DataError, naming `what` the column is, for a column of anything else.
    """
    import pyarrow.compute as pc

    paths, data = media_columns(column, what)
    return paths.to_pylist(), pc.is_valid(data).to_pylist()


def media_columns(column: pa.ChunkedArray, what: str) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    """Return the paths and the bytes in a column, each null where a row has none.

    Raises DataError, naming `what` the column is, for a column of anything else.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    column = plain(column)
    kind = column.type
    none = pa.chunked_array([pa.nulls(len(column))])
    if pa.types.is_null(kind):
        return none, none
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return column, none
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return none, column
    fields = {kind[i].name: plain(pc.struct_field(column, i)) for i in _fields(kind)}
    paths, stored = fields.get("path", none), fields.get("bytes", none)
    if not fields or not _is_text(paths.type) or not _is_bytes(stored.type):
        raise DataError(
            f"{what} is of type {kind}: a path, bytes, or a struct of bytes and path is needed"
        )
    return paths, stored


def plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column as texts, bytes or numbers: dictionaries decoded, views made plain."""
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        return plain(column.cast(column.type.value_type))
    if pa.types.is_string_view(column.type):
        return column.cast(pa.large_string())
    if pa.types.is_binary_view(column.type):
        return column.cast(pa.large_binary())
    return column


def _fields(kind: pa.DataType) -> list[int]:
    """Return the numbers of the fields bytes and path, of a type that has fields."""
    import pyarrow as pa

    if not pa.types.is_struct(kind):
        return []
    return [i for i in range(kind.num_fields) if kind[i].name in ("bytes", "path")]


def _is_text(kind: pa.DataType) -> bool:
    import pyarrow as pa

    types = pa.types
    return bool(types.is_null(kind) or types.is_string(kind) or types.is_large_string(kind))


def _is_bytes(kind: pa.DataType) -> bool:
    import pyarrow as pa

    types = pa.types
    return bool(types.is_null(kind) or types.is_binary(kind) or types.is_large_binary(kind))
