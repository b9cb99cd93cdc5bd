"""Rows out of Arrow tables, where an image is a path, bytes, or a struct of both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

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
        paths, stored = _images(table[columns["image"]], source)
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


def cell_bytes(cell: Any) -> bytes:
    """The bytes of an image cell, which is these bytes or a mapping that has them."""
    data: bytes = cell["bytes"] if isinstance(cell, dict) else cell
    return data


def _images(column: pa.ChunkedArray, source: str) -> tuple[list[str | None], list[bool]]:
    """For each row its path, if it has one, and whether it has bytes. No bytes are copied."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return column.to_pylist(), [False] * len(column)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return [None] * len(column), pc.is_valid(column).to_pylist()
    if pa.types.is_struct(kind) and kind.get_field_index("bytes") >= 0:
        stored = pc.is_valid(pc.struct_field(column, "bytes")).to_pylist()
        if kind.get_field_index("path") < 0:
            return [None] * len(column), stored
        return pc.struct_field(column, "path").to_pylist(), stored
    raise DataError(
        f"{source}: the image column is of type {kind}: a path, bytes, or a struct of bytes and"
        " path is needed"
    )
