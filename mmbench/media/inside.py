"""Media inside a file, referenced by number instead of a function for each."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

from mmbench.validation.regular_files import open_regular

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Values in `MediaFile.digests` for no medium, and for a medium without bytes.
NOTHING = bytes(16)
EMPTY = b"\xff" * 16


class FileState(NamedTuple):
    """A file's real path as bytes, its size, and when content and inode changed, in ns."""

    path: bytes
    size: int
    mtime: int
    ctime: int


class MediaFile:
    """Encoded media in one file, numbered from 0. Any thread may read them.

    `state` is that of the file, None if digests of its media are not worth storing. If a file holds
    several media columns, the path in `state` is followed by a NUL and the column name.
    `ContentKeys.digests_of` sets `digests`, 16 bytes per medium.
    """

    state: FileState | None = None
    digests: bytes | None = None

    def __len__(self) -> int:
        raise NotImplementedError

    def read(self, number: int) -> bytes:
        """Return the bytes of a medium. Raises OSError, ValueError."""
        raise NotImplementedError

    def each(self) -> Iterator[bytes | None]:
        """Yield the bytes of all media, None where there is none. Raises OSError, ValueError."""
        return map(self.read, range(len(self)))


class MediaInFile(Struct, frozen=True):
    """A medium inside a file: the value of `Media.read`, which returns its bytes when called."""

    file: MediaFile
    number: int

    def __call__(self) -> bytes:
        """Return the bytes. Raises OSError, ValueError."""
        return self.file.read(self.number)


class ByteRanges(MediaFile):
    """Media stored unchanged in a file: `lengths` [n] bytes at `offsets` [n], both int64.

    A length of -1 means that there is no medium. `convert` turns the bytes in the file into those
    of a medium.
    """

    def __init__(
        self,
        file: Path,
        offsets: NDArray[np.int64],
        lengths: NDArray[np.int64],
        column: str = "",
        convert: Callable[[bytes], bytes] = bytes,
    ) -> None:
        self._file, self._offsets, self._lengths = file, offsets, lengths
        self._convert = convert
        self._state = self.state = file_state(file, column)

    def __len__(self) -> int:
        return len(self._offsets)

    def read(self, number: int) -> bytes:
        """Return the bytes of a medium. Raises OSError, ValueError."""
        with open_unchanged(self._file, self._state) as stream:
            return self._piece(stream, number) or b""

    def each(self) -> Iterator[bytes | None]:
        """Yield the bytes of all media, None where there is none. Raises OSError, ValueError."""
        with open_unchanged(self._file, self._state) as stream:
            for number in range(len(self)):
                yield self._piece(stream, number)

    def _piece(self, stream: BufferedReader, number: int) -> bytes | None:
        start, size = int(self._offsets[number]), int(self._lengths[number])
        if size < 0:
            return None
        data = os.pread(stream.fileno(), size, start)
        if len(data) < size:
            raise ValueError(f"{self._file} is cut short")
        return self._convert(data)


def file_state(file: Path, column: str = "") -> FileState:
    """Return the state of a file under which digests of its media are stored. Raises OSError."""
    stat = file.stat()
    place = os.fsencode(os.path.realpath(file)) + b"\0" + column.encode("utf-8", "surrogatepass")
    return FileState(place, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)


@contextmanager
def open_unchanged(file: Path, state: FileState) -> Iterator[BufferedReader]:
    """Open a file for reading. Raises OSError, and ValueError if it has changed."""
    with open_regular(file) as stream:
        stat = os.fstat(stream.fileno())
        if (stat.st_size, stat.st_mtime_ns) != (state.size, state.mtime):
            raise ValueError(f"{file} was changed after it was opened")
        yield stream
