"""Refuse files whose contents are compressed beyond what real data are: decompression bombs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmbench.errors import DataError
from mmbench.regular_files import open_regular

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


def refuse_inflated_columns(metadata: Any, file: Path) -> None:
    """Refuse a Parquet file by the sizes of its columns in its footer. Raises DataError."""
    for group in range(metadata.num_row_groups):
        for number in range(metadata.num_columns):
            column = metadata.row_group(group).column(number)
            what = f"column {column.path_in_schema}"
            stored, expanded = column.total_compressed_size, column.total_uncompressed_size
            refuse_inflation(stored, expanded, file, what)


def expanded_bytes(batch: Any) -> int:
    """Return how many bytes the cells of an Arrow batch have, each category as its value."""
    import pyarrow as pa

    columns = (c.dictionary_decode() if pa.types.is_dictionary(c.type) else c for c in batch)
    return sum(column.nbytes for column in columns)


def check_parquet(file: Path) -> None:
    """Refuse a Parquet file that inflates beyond reason. Raises DataError, OSError, ArrowException.

    Its footer is read, and columns in which one long value may stand for many rows.
    """
    import pyarrow.parquet as pq

    with open_regular(file) as stream:
        parquet = pq.ParquetFile(stream, pre_buffer=False)
        refuse_inflated_columns(parquet.metadata, file)
        columns = _with_dictionaries(parquet.metadata)
        stored, expanded = file.stat().st_size, 0
        for batch in parquet.iter_batches(_BATCH, columns=columns) if columns else ():
            expanded += expanded_bytes(batch)
            refuse_inflation(stored, expanded, file, "the table")


def _with_dictionaries(metadata: Any) -> list[str]:
    """Return the columns that could expand beyond MAX_EXPANDED by values that are repeated."""
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    chunks = [group.column(number) for group in groups for number in range(group.num_columns)]
    large = (
        chunk.path_in_schema
        for chunk in chunks
        if "RLE_DICTIONARY" in chunk.encodings or "PLAIN_DICTIONARY" in chunk.encodings
        if chunk.num_values * chunk.total_uncompressed_size > MAX_EXPANDED
    )
    return list(dict.fromkeys(large))
