"""Media in a column of a Parquet file, which are decoded by row group and put aside on disk."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from mmbench.data.readers.arrow_columns import media_columns
from mmbench.data.readers.temporary_media import Spool
from mmbench.media.inside import MediaFile, file_state, open_unchanged
from mmbench.storage.content_keys import cache_folder
from mmbench.validation.inflation import expanded_bytes, refuse_inflation

if TYPE_CHECKING:
    import pyarrow.parquet as pq

_BATCH = 64  # rows held at a time
_BUFFER = 1 << 20  # bytes of the file read at a time
_PUT_ASIDE = 16 << 30  # bytes on disk beyond which decoded row groups are dropped


class ParquetColumn(MediaFile):
    """The media in a column of a Parquet file: bytes, or structs of bytes and path.

    A row group is decoded when one of its rows is read first. It is put aside on disk and not in
    memory, because the rows of a batch come from thousands of rows (`engine.plan.WINDOW`), and many
    files are one row group. Raises OSError.
    """

    def __init__(self, file: Path, column: str, metadata: pq.FileMetaData) -> None:
        self.file, self.column = file, column
        groups = map(metadata.row_group, range(metadata.num_row_groups))
        self._ends = list(accumulate(group.num_rows for group in groups))
        self._aside: dict[int, Spool] = {}  # by row group, the last one read last
        self._lock = Lock()
        self._state = self.state = file_state(file, column)

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def read(self, number: int) -> bytes:
        """Return the bytes of a row, none for null. Raises OSError, ValueError, DataError."""
        group = bisect_right(self._ends, number)
        with self._lock:
            spool = self._aside.pop(group, None) or self._decoded(group)
            self._aside[group] = spool
        return spool.read(number - (self._ends[group - 1] if group else 0))

    def each(self) -> Iterator[bytes | None]:
        """Yield the bytes of all rows, None for null. Raises OSError, ValueError, DataError."""
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

        expanded = 0
        with self._parquet() as parquet:
            for batch in parquet.iter_batches(_BATCH, groups, [self.column]):
                expanded += expanded_bytes(batch)
                refuse_inflation(self._state.size, expanded, self.file, "the table")
                column = pa.Table.from_batches([batch])[self.column]
                yield from media_columns(column, self.column)[1].to_pylist()

    @contextmanager
    def _parquet(self) -> Iterator[pq.ParquetFile]:
        """Open the file. Raises ValueError for whatever Arrow says of what it cannot read."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            # Arrow reads by itself: a file of Python's takes five times as long.
            with open_unchanged(self.file, self._state), pa.OSFile(os.fsencode(self.file)) as file:
                # Buffering ahead would hold the whole file before it ends.
                yield pq.ParquetFile(file, pre_buffer=False, buffer_size=_BUFFER)
        except pa.ArrowException as error:
            raise ValueError(" ".join(str(error).split())) from error
        finally:
            pa.default_memory_pool().release_unused()  # pages of a hundred megabytes are usual
