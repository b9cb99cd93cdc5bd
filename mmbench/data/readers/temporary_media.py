"""A temporary file for encoded media, so that memory use does not grow with the data set."""

from __future__ import annotations

import os
import tempfile
import weakref
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mmbench.errors import DataError
from mmbench.media.inside import MediaFile, MediaInFile


class Spool(MediaFile):
    """An unnamed temporary file in `folder` that holds encoded images, audio or video.

    It is deleted when the last object that reads it is deleted. Raises DataError if the file cannot
    be created.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ends = array("q", [0])
        with _storing(folder):
            # The file is closed when no object reads it any more, not at the end of a block.
            self._file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115
        weakref.finalize(self, self._file.close)

    def __len__(self) -> int:
        return len(self._ends) - 1

    @property
    def size(self) -> int:
        """Return the number of bytes stored."""
        return self._ends[-1]

    def add(self, data: bytes) -> MediaInFile:
        """Store the bytes of an image, audio or video file. Raises DataError."""
        left = memoryview(data)
        with _storing(self._folder):
            while left:
                left = left[self._file.write(left) :]
        self._ends.append(self.size + len(data))
        return MediaInFile(self, len(self) - 1)

    def read(self, number: int) -> bytes:
        """Return the bytes of the item with this number, from 0. Raises OSError."""
        start, end = self._ends[number : number + 2]
        return os.pread(self._file.fileno(), end - start, start)


@contextmanager
def _storing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DataError(
            f"cannot store media files in {folder}: {error.strerror or error}; make room, or"
            " set MMBENCH_CACHE to another folder"
        ) from error
