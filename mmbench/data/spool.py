"""Bytes put aside on disk, so that the memory does not grow with the data set."""

from __future__ import annotations

import os
import tempfile
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from mmbench.errors import DataError


class Spool:
    """A nameless temporary file in `folder` that goes when the last reader goes.

    Raises DataError where it cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._end = 0
        with _storing(folder):
            # Closed when nothing reads it any more, not at the end of a block.
            self._file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115
        weakref.finalize(self, self._file.close)

    def add(self, data: bytes) -> Callable[[], bytes]:
        """Put bytes aside; what is returned reads them, from any thread. Raises DataError."""
        start = self._end
        with _storing(self._folder):
            while self._end < start + len(data):
                self._end += self._file.write(data[self._end - start :])
        return partial(self._read, start, len(data))

    def _read(self, start: int, size: int) -> bytes:
        return os.pread(self._file.fileno(), size, start)


@contextmanager
def _storing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DataError(
            f"{folder}: images cannot be put aside there: {error.strerror or error}; make room, or"
            " set MMBENCH_CACHE to another folder"
        ) from error
