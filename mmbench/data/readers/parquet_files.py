"""Rows of Parquet files.

Media bytes are decoded one row group at a time and stored in temporary files.
"""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from itertools import accumulate
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from mmbench.columns import Mapped, patch_rows
from mmbench.data.readers.arrow_columns import as_values, holds_bytes, media_columns
from mmbench.data.readers.folders import MEDIA
from mmbench.data.readers.rows import MediaCell, Rows
from mmbench.data.readers.temporary_media import Spool
from mmbench.errors import DataError
from mmbench.media.inside import (
    FileState,
    MediaFile,
    MediaInFile,
    file_state,
    open_unchanged,
)
from mmbench.storage.content_keys import KEY_BYTES, ContentKeys, cache_folder
from mmbench.types import Media, Modality, PlaceInFile
from mmbench.validation.inflation import expanded_bytes, refuse_inflated_groups, refuse_inflation
from mmbench.validation.safe_parse import parse_json

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

_BATCH = 64  # rows read at a time
_BUFFER = 1 << 20  # bytes of the file read at a time
_PUT_ASIDE = 16 << 30  # bytes of decoded row groups on disk beyond which the oldest are dropped


class ParquetColumn(MediaFile):
    """The media in a column of a Parquet file: bytes, or structs of bytes and path.

    A row group is decoded when one of its rows is first read. The result is stored on disk and not
    in memory, because a batch may take its rows from a range of thousands of rows
    (`engine.plan.WINDOW`), and many files have a single row group. Raises OSError.
    """

    def __init__(self, file: Path, column: str, metadata: pq.FileMetaData) -> None:
        self.file, self.column = file, column
        groups = map(metadata.row_group, range(metadata.num_row_groups))
        self._ends = list(accumulate(group.num_rows for group in groups))
        self._aside: dict[int, Spool] = {}  # by row group, the most recently read group last
        self._lock = Lock()
        self._state = self.state = file_state(file, column)

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def read(self, number: int) -> bytes:
        """Return the bytes in row `number`; b"" for null. Raises OSError, ValueError, DataError."""
        group = bisect_right(self._ends, number)
        with self._lock:
            spool = self._aside.pop(group, None) or self._decoded(group)
            self._aside[group] = spool
        return spool.read(number - (self._ends[group - 1] if group else 0))

    def place(self, number: int) -> tuple[Path, PlaceInFile]:
        """Return the file, and the column and the row of media item `number`."""
        return self.file, PlaceInFile(column=self.column, row=number)

    def each(self) -> Iterator[bytes | None]:
        """Yield the bytes in each row, None for null. Raises OSError, ValueError, DataError."""
        return self._cells(None)

    def _decoded(self, group: int) -> Spool:
        while sum(spool.size for spool in self._aside.values()) > _PUT_ASIDE:
            del self._aside[next(iter(self._aside))]
        spool = Spool(cache_folder())
        for data in self._cells([group]):
            spool.add(data or b"")
        return spool

    def _cells(self, groups: list[int] | None) -> Iterator[bytes | None]:
        import pyarrow as pa

        with open_parquet(self.file, self._state) as parquet:
            for batch in checked_batches(parquet, self.file, groups, self.column):
                column = pa.Table.from_batches([batch])[self.column]
                yield from media_columns(column, self.column)[1].to_pylist()


class ParquetRows(Rows):
    """The rows of a Parquet file; media are read from the file on demand. Raises DataError."""

    def __init__(self, file: Path) -> None:
        self._file = file
        with readable(file), open_parquet(file, file_state(file)) as parquet:
            refuse_inflated_groups(parquet.metadata, file.stat().st_size, file)
            self._metadata, self._schema = parquet.metadata, parquet.schema_arrow
        super().__init__(str(file), file.parent, self._metadata.num_rows)

    def names(self) -> list[str]:
        """Return the names of the columns."""
        return list(self._schema.names)

    def read(self, name: str) -> Sequence[Any]:
        """Return the cells of a column for all rows of the file."""
        return as_values(self._column(name), f"{self.place}: column {name}")

    def _column(self, name: str) -> pa.ChunkedArray:
        import pyarrow as pa

        with readable(self._file), open_parquet(self._file, file_state(self._file)) as parquet:
            batches = list(checked_batches(parquet, self._file, None, name))
        if batches:
            return pa.Table.from_batches(batches).column(0)
        return self._schema.empty_table()[name.removesuffix(".path")]

    def content_type(self, column: str) -> str:
        """Return image, audio or video if the file declares it; bytes for other encoded files.

        Return "" for a column without bytes.
        """
        index = self._schema.get_field_index(column)
        if index < 0 or not holds_bytes(self._schema.field(index).type):
            return ""
        kind = str(self._feature(column).get("_type", "")).lower()
        return kind if kind in MEDIA else "bytes"

    def classes(self, column: str) -> list[str]:
        """Return the class names that the datasets library stored with the column, else []."""
        names = self._feature(column).get("names")
        return list(map(str, names)) if isinstance(names, list) else []

    def _feature(self, column: str) -> dict[str, object]:
        """Return the description of a column that the datasets library stored in the file.

        It is {"_type": "Image"} or {"_type": "ClassLabel", "names": […]}, for example.
        """
        value: object = None
        with suppress(ValueError):  # the description belongs to another program
            value = parse_json((self._schema.metadata or {}).get(b"huggingface", b"{}").decode())
        for key in ("info", "features", column):
            value = value.get(key) if isinstance(value, dict) else None
        return value if isinstance(value, dict) else {}

    def media(self, column: str, modality: Modality) -> Sequence[MediaCell]:
        """Return the cells of a media column.

        If the column holds encoded media, all of them are read once, to compute their hashes.
        """
        import numpy as np
        import pyarrow as pa

        self.refuse_unknown(column)
        empty = self._schema.empty_table()[column]
        _, data = media_columns(empty, f"{self.place}: the {modality} column")
        if pa.types.is_null(data.type):
            paths, _ = media_columns(self._column(column), column)
            return [path or None for path in paths.to_pylist()]
        media = ParquetColumn(self._file, column, self._metadata)
        with readable(self._file), ContentKeys(cache_folder()) as keys:
            digests = np.frombuffer(keys.digests_of(media), np.uint8).reshape(-1, KEY_BYTES)
        without = np.flatnonzero(np.logical_not(digests.any(axis=1))).tolist()
        paths = self._paths(column, empty) if without else []
        here = {number: paths[number] or None for number in without}
        return patch_rows(Mapped(partial(self._medium, media, modality), self.as_column()), here)

    def _paths(self, column: str, empty: pa.ChunkedArray) -> list[str | None]:
        import pyarrow as pa

        if not pa.types.is_struct(empty.type) or empty.type.get_field_index("path") < 0:
            return [None] * self.total
        paths, _ = media_columns(self._column(f"{column}.path"), column)
        path_list: list[str | None] = paths.to_pylist()
        return path_list

    def _medium(self, media: ParquetColumn, modality: Modality, number: int) -> Media:
        where = f"{media.column} of {self.place} row {number}"
        return Media(modality, where, MediaInFile(media, number))


@contextmanager
def readable(file: Path) -> Iterator[None]:
    """Raise DataError instead of OSError and ValueError in a block that reads `file`."""
    try:
        yield
    except (OSError, ValueError) as error:
        raise DataError(f"{file} cannot be read: {' '.join(str(error).split())}") from error


@contextmanager
def open_parquet(file: Path, state: FileState) -> Iterator[pq.ParquetFile]:
    """Open a Parquet file, which must not have changed since `state` was recorded.

    Raises OSError, and ValueError for any error of Arrow.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # Arrow opens the file itself: reading through a Python file takes five times as long.
        with open_unchanged(file, state), pa.OSFile(os.fsencode(file)) as stream:
            # Without pre-buffering, the whole file is not in memory at once.
            yield pq.ParquetFile(stream, pre_buffer=False, buffer_size=_BUFFER)
    except pa.ArrowException as error:
        raise ValueError(" ".join(str(error).split())) from error
    finally:
        pa.default_memory_pool().release_unused()  # pages often take a hundred megabytes


def checked_batches(
    parquet: pq.ParquetFile, file: Path, groups: list[int] | None, column: str
) -> Iterator[pa.RecordBatch]:
    """Yield the batches of a column in the row groups `groups`; None means all row groups.

    Raises DataError if the decoded data are far larger than the file.
    """
    stored, expanded = file.stat().st_size, 0
    for batch in parquet.iter_batches(_BATCH, groups, [column]):
        expanded += expanded_bytes(batch)
        refuse_inflation(stored, expanded, file, "the table")
        yield batch
