"""Bytes of files that are read in ranges: files on disk, and files at URLs through fsspec."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from hashlib import blake2b
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmbench.media.inside import FileState, file_state, open_unchanged

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

Range = tuple[int, int]  # offset and length in bytes
Read = Callable[[int, int], bytes]  # offset, length → bytes, fewer at the end of the file

MOST_BYTES = 0x7FFFF000  # of a range: the most that Linux reads at once, 2 GiB
_AT_ONCE = 64 << 20  # bytes of ranges that are requested together
_REQUESTS = 256  # ranges that are requested together
_THREADS = 16  # for the Hugging Face hub, whose library requests one range at a time
# What servers say about the version of a file, by the names that fsspec's libraries use.
_VERSIONS = (
    *("ETag", "etag", "md5Hash", "checksum", "sha256", "blob_id", "lfs", "versionId"),
    *("generation", "mtime", "LastModified", "last_modified", "modified", "created"),
)


class ByteFile:
    """Base class for a file of which ranges are read. It is thread-safe.

    `name` is the path or URL in messages, `path` the path of a file on disk, else None. `step` is a
    good number of bytes to read at once. `state` identifies the version of the file; None if that
    is unknown. `size` is in bytes.
    """

    name: str
    path: Path | None = None
    step: int
    size: int
    state: FileState | None

    def read(self, offset: int, length: int) -> bytes:
        """Return the bytes of a range, fewer at the end of the file. Raises OSError, ValueError."""
        raise NotImplementedError

    @contextmanager
    def opened(self) -> Iterator[Read]:
        """Yield a function that reads ranges like `read`, for many of them."""
        yield self.read

    def read_ranges(self, ranges: Sequence[Range]) -> Iterator[bytes]:
        """Yield the bytes of several ranges inside the file. Raises OSError, ValueError."""
        with self.opened() as read:
            for offset, length in ranges:
                yield self._whole(read(offset, length), length)

    def read_whole(self, offset: int, length: int) -> bytes:
        """Return the bytes of a range inside the file. Raises OSError, ValueError."""
        return self._whole(self.read(offset, length), length)

    def _whole(self, data: bytes, length: int) -> bytes:
        if len(data) != length:
            raise ValueError(f"{self.name} gave {len(data):,} bytes instead of {length:,}")
        return data


class DiskFile(ByteFile):
    """A regular file on disk, which must not change while it is used. Raises OSError."""

    step = 1 << 14

    def __init__(self, path: Path) -> None:
        self.name, self.path = str(path), path
        self._state = self.state = file_state(path)
        self.size = self._state.size

    def read(self, offset: int, length: int) -> bytes:
        """Return the bytes of a range, fewer at the end of the file. Raises OSError, ValueError."""
        with self.opened() as read:
            return read(offset, length)

    @contextmanager
    def opened(self) -> Iterator[Read]:
        """Yield a function that reads ranges like `read`; the file is opened once."""
        assert self.path is not None
        with open_unchanged(self.path, self._state) as stream:
            yield partial(_pread, stream)


def _pread(stream: BufferedReader, offset: int, length: int) -> bytes:
    refuse_large(length)
    return os.pread(stream.fileno(), length, offset)


def refuse_large(length: int) -> None:
    """Raise ValueError for a range of more than `MOST_BYTES`."""
    if length > MOST_BYTES:
        raise ValueError(f"{length:,} bytes exceed the limit of {MOST_BYTES:,}")


class RemoteFile(ByteFile):
    """A file at a URL, of which ranges are requested.

    `fs` is the fsspec file system, `path` the path in it, `info` what `fs.info` returned. Raises
    ValueError if the size of the file is unknown.
    """

    step = 4 << 20

    def __init__(self, fs: AbstractFileSystem, path: str, info: dict[str, Any], name: str) -> None:
        from fsspec import AbstractFileSystem

        self._fs, self._path, self.name = fs, path, name
        # The general method reads ahead by megabytes, unless it is told not to.
        is_general = type(fs).cat_file is AbstractFileSystem.cat_file
        self._options = {"cache_type": "none"} if is_general else {}
        if info.get("size") is None:
            raise ValueError("the server does not tell the size of the file")
        self.size = int(info["size"])
        self.state = _remote_state(name, self.size, info)

    def read(self, offset: int, length: int) -> bytes:
        """Return the bytes of a range, fewer at the end of the file. Raises OSError, ValueError."""
        refuse_large(length)
        end = min(offset + length, self.size)
        if offset >= end:
            return b""
        with as_os_errors(self.name):
            data = bytes(self._fs.cat_file(self._path, start=offset, end=end, **self._options))
        return self._whole(data, end - offset)

    def read_ranges(self, ranges: Sequence[Range]) -> Iterator[bytes]:
        """Yield the bytes of several ranges; many are requested at the same time."""
        start = 0
        while start < len(ranges):
            end, total = start, 0
            while end < min(len(ranges), start + _REQUESTS) and (end == start or total < _AT_ONCE):
                refuse_large(ranges[end][1])
                total += ranges[end][1]
                end += 1
            yield from self._together(ranges[start:end])
            start = end

    def _together(self, ranges: Sequence[Range]) -> Iterator[bytes]:
        if not self._fs.async_impl:
            with ThreadPoolExecutor(_THREADS if self._is_hub() else 1) as pool:
                return iter(list(pool.map(lambda one: self.read_whole(*one), ranges)))
        full = [one for one in ranges if one[1]]  # a server may refuse an empty range
        with as_os_errors(self.name):
            starts, ends = [at for at, _ in full], [at + length for at, length in full]
            data = self._fs.cat_ranges([self._path] * len(full), starts, ends, on_error="raise")
        parts = iter(data)
        return (self._whole(bytes(next(parts)) if n else b"", n) for _, n in ranges)

    def _is_hub(self) -> bool:
        protocol = self._fs.protocol
        return "hf" in ([protocol] if isinstance(protocol, str) else protocol)


@contextmanager
def as_os_errors(name: str) -> Iterator[None]:
    """Convert any error of an fsspec library to an OSError of one line that begins with `name`.

    Each library has its own exceptions.
    """
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise OSError(errno.EIO, f"{name}: {reason}") from error


def _remote_state(url: str, size: int, info: dict[str, Any]) -> FileState | None:
    """Return the state of a file at a URL; None if the server does not tell its version."""
    versions = {name: str(info[name]) for name in _VERSIONS if info.get(name) is not None}
    if not versions:
        return None
    version = blake2b(repr(versions).encode("utf-8", "surrogatepass"), digest_size=14).digest()
    halves = (int.from_bytes(version[:7], "big"), int.from_bytes(version[7:], "big"))
    return FileState(url.encode("utf-8", "surrogatepass"), size, *halves)
