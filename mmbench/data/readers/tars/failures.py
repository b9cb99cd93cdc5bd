"""Samples that img2dataset could not download, from the Parquet file next to an archive.

img2dataset (rom1504/img2dataset `img2dataset/writer.py`, `img2dataset/downloader.py`; commit
95523bc) writes `00000.tar` and `00000.parquet`. The table has a row for each sample with `key`,
`status` (`success`, `failed_to_download`, `failed_to_resize`) and `error_message`; only samples
with the status `success` are in the archive, where the member `.json` has the same fields.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple

from mmbench.data.readers.parquet_files import readable
from mmbench.data.readers.tars.files import ByteFile
from mmbench.data.readers.tars.locations import Location
from mmbench.errors import DataError
from mmbench.text import plain
from mmbench.validation.inflation import expanded_bytes, refuse_inflated_groups, refuse_inflation

_FIELDS = {"key", "status", "error_message"}
_BATCH = 1000  # rows read at a time


class FailedRow(NamedTuple):
    """A sample without members: its key, the reason, and the fields of its row."""

    key: str
    reason: str
    fields: dict[str, Any]


def failed_rows(tar: Location, keys: Collection[str]) -> list[FailedRow] | None:
    """Return the samples in the table next to an archive that the archive lacks, sorted by key.

    `keys` are the keys of the archive. Return None if there is no such table, or if it is not one
    of img2dataset. Raises DataError for a table that cannot be read.
    """
    name = tar.name.rpartition("/")[2].removesuffix(".tar")
    table = tar.parent().child(f"{name}.parquet")
    if not table.is_file():
        return None
    file = table.open()
    rows = _rows(file)
    if rows is None:
        return None
    failed = [_failed(row, file.name) for row in rows if row["key"] not in keys]
    return sorted(failed, key=lambda row: row.key)  # the table has them in order of completion


def _rows(file: ByteFile) -> list[dict[str, Any]] | None:
    """Return the rows of a table of img2dataset, without images; None for another table."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    place, expanded = Path(file.name), 0
    rows: list[dict[str, Any]] = []
    with readable(place):
        try:
            source = pa.BufferReader(file.read_whole(0, file.size))
            with pq.ParquetFile(source) as parquet:
                refuse_inflated_groups(parquet.metadata, file.size, place)
                if not _FIELDS.issubset(parquet.schema_arrow.names):
                    return None
                for batch in parquet.iter_batches(_BATCH):
                    expanded += expanded_bytes(batch)
                    refuse_inflation(file.size, expanded, place, "the table")
                    rows += batch.to_pylist()
        except pa.ArrowException as error:
            raise ValueError(str(error)) from error
    return rows


def _failed(row: dict[str, Any], table: str) -> FailedRow:
    key, status, message = row["key"], row["status"], row["error_message"]
    if not isinstance(key, str):
        raise DataError(f"{table}: a row has the key {key!r}; the column key must hold strings")
    if status == "success":
        return FailedRow(key, f"{table} lists it, but the archive does not have it", row)
    reason = ": ".join(plain(str(part)) for part in (status, message) if part)
    return FailedRow(key, reason or f"{table} gives no reason", row)
