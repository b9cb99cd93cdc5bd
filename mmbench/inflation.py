"""Refuse files whose contents are compressed beyond what real data are: decompression bombs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmbench.errors import DataError
from mmbench.regular_files import open_regular

# Below MAX_EXPANDED bytes, or at a ratio up to MAX_RATIO, anything goes.
MAX_EXPANDED = 1 << 30
MAX_RATIO = 200


def is_inflated(stored: int, expanded: int) -> bool:
    """Return whether `stored` bytes become more `expanded` bytes than those of real data."""
    return expanded > MAX_EXPANDED and expanded > MAX_RATIO * stored


def refuse_inflation(stored: int, expanded: int, file: Path, what: str) -> None:
    """Raise DataError where `stored` bytes of a file become too many `expanded` bytes."""
    if is_inflated(stored, expanded):
        raise DataError(
            f"{file}: {what} expands from {stored:,} to {expanded:,} bytes, more than"
            f" {MAX_RATIO} times (a decompression bomb?): store it without compression"
        )


def refuse_inflated_columns(metadata: Any, file: Path) -> None:
    """Refuse a Parquet file by the sizes of its columns in its footer. Raises DataError."""
    for group in range(metadata.num_row_groups):
        for number in range(metadata.num_columns):
            column = metadata.row_group(group).column(number)
            what = f"column {column.path_in_schema}"
            stored, expanded = column.total_compressed_size, column.total_uncompressed_size
            refuse_inflation(stored, expanded, file, what)


def check_parquet(file: Path) -> None:
    """Refuse a Parquet file that inflates beyond reason. Raises DataError, OSError, ArrowException.

    Nothing but its footer is read.
    """
    import pyarrow.parquet as pq

    with open_regular(file) as stream:
        refuse_inflated_columns(pq.ParquetFile(stream).metadata, file)
