"""Detection of decompression bombs: files with an implausibly high compression ratio."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mmbench.errors import DataError
from mmbench.validation.regular_files import open_regular

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

# Files up to MAX_EXPANDED bytes, or with a ratio up to MAX_RATIO, are accepted.
MAX_EXPANDED = 1 << 30
MAX_RATIO = 200

_BATCH = 64  # rows of a Parquet file in memory at a time


def is_inflated(stored: int, expanded: int) -> bool:
    """Return whether the ratio of `expanded` to `stored` bytes is implausibly high."""
    return expanded > MAX_EXPANDED and expanded > MAX_RATIO * stored


def refuse_inflation(stored: int, expanded: int, file: Path, what: str) -> None:
    """Raise DataError if `stored` bytes of a file expand to implausibly many bytes.

    `what` is the name in the error for this part of the file, such as "the table".
    """
    if is_inflated(stored, expanded):
        raise DataError(
            f"{file}: {what} expands from {stored:,} to {expanded:,} bytes, more than"
            f" {MAX_RATIO} times (a decompression bomb?); store it without compression"
        )


def refuse_inflated_groups(metadata: pq.FileMetaData, stored: int, file: Path) -> None:
    """Raise DataError if the row groups of a Parquet file expand to implausibly many bytes.

    `stored` is the file's size. The sizes are read from the footer; the statistics of columns are
    not read, because pyarrow aborts the process if they are damaged.
    """
    groups = range(metadata.num_row_groups)
    expanded = sum(metadata.row_group(number).total_byte_size for number in groups)
    refuse_inflation(stored, expanded, file, "the table")


def expanded_bytes(batch: pa.RecordBatch) -> int:
    """Return the size of an Arrow batch in bytes after decoding of its dictionaries."""
    import pyarrow as pa

    columns = (c.dictionary_decode() if pa.types.is_dictionary(c.type) else c for c in batch)
    return sum(column.nbytes for column in columns)


def check_parquet(file: Path) -> None:
    """Raise DataError if a Parquet file is a decompression bomb.

    The file is read once, a few rows at a time, because one long value may be repeated in many
    rows, which the footer does not show. Raises OSError or ArrowException for an unreadable file.
    """
    import pyarrow.parquet as pq

    with open_regular(file) as stream:
        parquet = pq.ParquetFile(stream, pre_buffer=False)
        stored, expanded = file.stat().st_size, 0
        refuse_inflated_groups(parquet.metadata, stored, file)
        for batch in parquet.iter_batches(_BATCH):
            expanded += expanded_bytes(batch)
            refuse_inflation(stored, expanded, file, "the table")
