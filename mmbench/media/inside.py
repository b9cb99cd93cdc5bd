"""Media items that are stored in a file with other items and are read by their number."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

from mmbench.types import PlaceInFile
from mmbench.validation.regular_files import open_regular

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Values in `MediaFile.digests` for a missing media item, and for a media item of 0 bytes.
NOTHING = bytes(16)
EMPTY = b"\xff" * 16


class FileState(NamedTuple):
    """The identity of a file: its real path, its size in bytes, and its mtime and ctime in
    nanoseconds.
    """

    path: bytes
    size: int
    mtime: int
    ctime: int


class MediaFile:
    """Base class for the encoded media items in one file, numbered from 0. It is thread-safe.

    `state` is the state of the file, or None if digests of its media should not be stored. The path
    in `state` is followed by NUL and the column name, so that each media column of a file has a
    separate state. `digests` holds 16 bytes per media item and is set by
    `ContentKeys.digests_of`.
    """

    state: FileState | None = None
    digests: bytes | None = None

    def __len__(self) -> int:
        raise NotImplementedError

    def read(self, number: int) -> bytes:
        """Return the bytes of media item `number`. Raises OSError or ValueError."""
        raise NotImplementedError

    def place(self, number: int) -> tuple[Path, PlaceInFile] | None:
        """Return the file that contains media item `number`, and its place there.

        Return None if the item cannot be read without this object.
        """
        del number
        return None

    def each(self) -> Iterator[bytes | None]:
        """Yield the bytes of all media items, None for a missing one.

        Raises OSError or ValueError.
        """
        return map(self.read, range(len(self)))


class MediaInFile(Struct, frozen=True):
    """A callable that reads media item `number` of `file`; used as `Media.read`."""

    file: MediaFile
    number: int

    def __call__(self) -> bytes:
        """Return the bytes of the media item. Raises OSError or ValueError."""
        return self.file.read(self.number)


class ByteRanges(MediaFile):
    """Media items stored as byte ranges of a file.

    Item i has `lengths`[i] bytes at `offsets`[i], both int64 [n]; a length of -1 marks a missing
    item. `column` is the name of its media column. `pixels` is the height and the width of images
    that are stored as red, green and blue values, one colour after the other; they are read as PPM.
    """

    def __init__(
        self,
        file: Path,
        offsets: NDArray[np.int64],
        lengths: NDArray[np.int64],
        column: str = "",
        pixels: tuple[int, int] | None = None,
    ) -> None:
        self._file, self._offsets, self._lengths = file, offsets, lengths
        self._pixels = pixels
        self._state = self.state = file_state(file, column)

    def __len__(self) -> int:
        return len(self._offsets)

    def read(self, number: int) -> bytes:
        """Return the bytes of media item `number`. Raises OSError or ValueError."""
        with open_unchanged(self._file, self._state) as stream:
            return self._piece(stream, number) or b""

    def place(self, number: int) -> tuple[Path, PlaceInFile]:
        """Return the file, and the range of bytes of media item `number`."""
        offset, length = int(self._offsets[number]), int(self._lengths[number])
        return self._file, PlaceInFile(offset, length, self._pixels)

    def each(self) -> Iterator[bytes | None]:
        """Yield the bytes of all media items, None for a missing one.

        Raises OSError or ValueError.
        """
        with open_unchanged(self._file, self._state) as stream:
            for number in range(len(self)):
                yield self._piece(stream, number)

    def _piece(self, stream: BufferedReader, number: int) -> bytes | None:
        start, size = int(self._offsets[number]), int(self._lengths[number])
        if size < 0:
            return None
        data = os.pread(stream.fileno(), size, start)
        if len(data) < size:
            raise ValueError(f"{self._file} is truncated")
        return data if self._pixels is None else as_ppm(data, *self._pixels)


def as_ppm(planes: bytes, height: int, width: int) -> bytes:
    """Return an image in PPM format, given its red, green and blue values, one byte each.

    `planes` holds height x width bytes of each colour, one colour after the other.
    """
    pixels = bytearray(len(planes))
    for colour in range(3):
        pixels[colour::3] = planes[colour * height * width : (colour + 1) * height * width]
    return b"P6 %d %d 255\n" % (width, height) + bytes(pixels)


def file_state(file: Path, column: str = "") -> FileState:
    """Return the state of a file, which is the key under which digests of its media are stored.

    `column` is the name of the media column, if any. Raises OSError.
    """
    stat = file.stat()
    place = os.fsencode(os.path.realpath(file)) + b"\0" + column.encode("utf-8", "surrogatepass")
    return FileState(place, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)


@contextmanager
def open_unchanged(file: Path, state: FileState) -> Iterator[BufferedReader]:
    """Open a file for reading. Raises OSError, and ValueError if size or mtime changed."""
    with open_regular(file) as stream:
        stat = os.fstat(stream.fileno())
        if (stat.st_size, stat.st_mtime_ns) != (state.size, state.mtime):
            raise ValueError(f"{file} was changed after it was opened")
        yield stream
