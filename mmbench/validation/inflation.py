"""Refuse files whose contents are compressed beyond what real data are: decompression bombs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mmbench.errors import DataError
from mmbench.validation.regular_files import open_regular

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

# Below MAX_EXPANDED bytes, or at a ratio up to MAX_RATIO, anything goes.
MAX_EXPANDED = 1 << 30
MAX_RATIO = 200

_BATCH = 64  # rows of a Parquet file held at a time


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


def refuse_inflated_groups(metadata: pq.FileMetaData, stored: int, file: Path) -> None:
    """Refuse a Parquet file of `stored` bytes by the sizes of its row groups in its footer.

    Columns are not asked: pyarrow ends the process where their statistics are damaged. Raises
    DataError.
    """
    groups = range(metadata.num_row_groups)
    expanded = sum(metadata.row_group(number).total_byte_size for number in groups)
    refuse_inflation(stored, expanded, file, "the table")


def expanded_bytes(batch: pa.RecordBatch) -> int:
    """Return how many bytes the cells of an Arrow batch have, each category as its value."""
    import pyarrow as pa

    columns = (c.dictionary_decode() if pa.types.is_dictionary(c.type) else c for c in batch)
    return sum(column.nbytes for column in columns)


def check_parquet(file: Path) -> None:
    """Refuse a Parquet file that inflates beyond reason. Raises DataError, OSError, ArrowException.

    It is read once, some rows at a time: one long value may stand for many rows, of which the
    footer says nothing.
    """
    import pyarrow.parquet as pq

    with open_regular(file) as stream:
        parquet = pq.ParquetFile(stream, pre_buffer=False)
        stored, expanded = file.stat().st_size, 0
        refuse_inflated_groups(parquet.metadata, stored, file)
        for batch in parquet.iter_batches(_BATCH):
            expanded += expanded_bytes(batch)
            refuse_inflation(stored, expanded, file, "the table")
