"""Rows out of Arrow tables, where an image is a path, bytes, or a struct of both."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from mmbench.data.rows import Row
from mmbench.errors import DataError
from mmbench.types import Media

if TYPE_CHECKING:
    import pyarrow as pa

Reader = Callable[[], bytes]


def arrow_rows(
    table: pa.Table,
    columns: dict[str, str],
    start: int,
    source: str,
    reader: Callable[[int], Reader],
) -> Iterator[Row]:
    """The rows of a table, the first of which has the number `start`.

    `columns` is what `choose_columns` gave. `reader` is called with the number of each row that has
    its image as bytes and says how to get them later. Raises DataError for an image column of
    another type, and for values that cannot be read.
    """
    rows = f"{source}, rows {start} to {start + table.num_rows - 1}"
    try:
        paths, stored = media_cells(table[columns["image"]], f"{source}: the image column")
        cells = {key: table[name].to_pylist() for key, name in columns.items() if key != "image"}
    except (ValueError, OverflowError) as error:
        # Text that is not UTF-8, a date that no calendar has.
        raise DataError(f"{rows}: cannot be read: {error}") from error
    for i in range(table.num_rows):
        number = start + i
        image: str | Media | None = paths[i]
        if stored[i]:
            image = Media("image", f"row {number} of {source}", reader(number))
        yield Row(f"row {number}", image or None, **{key: cells[key][i] for key in cells})


def cell_bytes(cell: bytes | Mapping[str, bytes]) -> bytes:
    """The bytes of an image cell, which is these bytes or a mapping that has them."""
    return cell["bytes"] if isinstance(cell, Mapping) else cell


def media_cells(column: pa.ChunkedArray, what: str) -> tuple[list[str | None], list[bool]]:
    """Return for each row its path, if it has one, and whether it has bytes. No bytes are copied.

    Raises DataError, naming `what` the column is, for a column of anything else.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    column = plain(column)
    kind = column.type
    if pa.types.is_null(kind):
        return [None] * len(column), [False] * len(column)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return column.to_pylist(), [False] * len(column)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return [None] * len(column), pc.is_valid(column).to_pylist()
    fields = {kind[i].name: plain(pc.struct_field(column, i)) for i in _fields(kind)}
    paths = fields.get("path", pa.nulls(len(column)))
    stored = fields.get("bytes", pa.nulls(len(column)))
    if not fields or not _is_text(paths.type) or not _is_bytes(stored.type):
        raise DataError(
            f"{what} is of type {kind}: a path, bytes, or a struct of bytes and path is needed"
        )
    return paths.to_pylist(), pc.is_valid(stored).to_pylist()


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
