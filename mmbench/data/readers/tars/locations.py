"""Locations of data on disk or at URLs (`s3://…`, `hf://…`), with the few operations needed here.

URLs are opened by fsspec, which needs a library for most file systems (s3fs, gcsfs, adlfs).
"""

from __future__ import annotations

import glob
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmbench.data.readers.folders import is_system_name
from mmbench.data.readers.tars.files import ByteFile, DiskFile, RemoteFile, as_os_errors
from mmbench.data.readers.tars.index import unreadable
from mmbench.data.readers.tars.values import MOST_TEXT
from mmbench.errors import DataError
from mmbench.text import natural_key

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_ONE_SLASH = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/(?!/)")  # a URL that was a Path for a while
_LOCAL = re.compile(r"(?:file|local)://(?=/)")


class Location:
    """Base class for a file or folder; `name` is its path or URL in messages."""

    name: str

    def is_file(self) -> bool:
        """Return whether this is an existing file. Raises DataError."""
        raise NotImplementedError

    def is_dir(self) -> bool:
        """Return whether this is an existing folder. Raises DataError."""
        raise NotImplementedError

    def child(self, name: str) -> Location:
        """Return the location `name` in this folder."""
        raise NotImplementedError

    def parent(self) -> Location:
        """Return the folder that contains this location."""
        raise NotImplementedError

    def matches(self, pattern: str) -> list[Location]:
        """Return the files in this folder that match a glob pattern, in natural order.

        Hidden and system files are left out. Raises DataError.
        """
        raise NotImplementedError

    def open(self) -> ByteFile:
        """Open a file, of which ranges can be read. Raises DataError."""
        raise NotImplementedError

    def read_text(self) -> str:
        """Return the text of a small file in UTF-8. Raises DataError."""
        file = self.open()
        if file.size > MOST_TEXT:
            raise DataError(
                f"{self.name} has {file.size:,} bytes, more than {MOST_TEXT:,}; give a text file"
            )
        try:
            return file.read_whole(0, file.size).decode("utf-8-sig")
        except (OSError, ValueError) as error:
            raise unreadable(self.name, error) from error


def locate(place: str | Path) -> Location:
    """Return the location of a path or URL. Raises DataError for a URL that cannot be opened."""
    text = _as_text(place)
    return _RemoteLocation.from_url(text) if is_url(text) else _DiskLocation(Path(text))


def is_url(place: str | Path) -> bool:
    """Return whether a place is a URL that fsspec opens, and no path on this machine."""
    return "://" in _as_text(place)


def _as_text(place: str | Path) -> str:
    return _LOCAL.sub("", _ONE_SLASH.sub(r"\1://", str(place)))


class _DiskLocation(Location):
    def __init__(self, path: Path) -> None:
        self._path, self.name = path, str(path)

    def is_file(self) -> bool:
        return self._path.is_file()

    def is_dir(self) -> bool:
        return self._path.is_dir()

    def child(self, name: str) -> Location:
        return _DiskLocation(self._path / name)

    def parent(self) -> Location:
        return _DiskLocation(self._path.parent)

    def matches(self, pattern: str) -> list[Location]:
        base = glob.escape(str(self._path))
        # Path.glob does not accept absolute patterns.
        paths = map(Path, glob.glob(f"{base}/{pattern}", recursive=True))  # noqa: PTH207
        visible = (path for path in paths if not is_system_name(path.name) and path.is_file())
        return [_DiskLocation(p) for p in sorted(visible, key=lambda path: natural_key(str(path)))]

    def open(self) -> ByteFile:
        try:
            return DiskFile(self._path)
        except (OSError, ValueError) as error:
            raise unreadable(self.name, error) from error


class _RemoteLocation(Location):
    def __init__(self, fs: AbstractFileSystem, path: str) -> None:
        self._fs, self._path = fs, path
        self.name: str = fs.unstrip_protocol(path)

    @classmethod
    def from_url(cls, url: str) -> _RemoteLocation:
        from fsspec.core import url_to_fs

        try:
            fs, path = url_to_fs(url)
        except Exception as error:  # each library has its own
            reason = " ".join(str(error).split()) or type(error).__name__
            raise DataError(f"{url} cannot be opened: {reason}") from error
        return cls(fs, path.rstrip("/"))

    def is_file(self) -> bool:
        with self._reading():
            return bool(self._fs.isfile(self._path))

    def is_dir(self) -> bool:
        with self._reading():
            return bool(self._fs.isdir(self._path))

    def child(self, name: str) -> Location:
        return _RemoteLocation(self._fs, f"{self._path}/{name}")

    def parent(self) -> Location:
        return _RemoteLocation(self._fs, self._path.rpartition("/")[0])

    def matches(self, pattern: str) -> list[Location]:
        with self._reading():
            found = self._fs.glob(f"{self._path}/{pattern}", detail=True)
        paths = [str(path) for path, info in found.items() if info["type"] == "file"]
        visible = [path for path in paths if not is_system_name(path.rpartition("/")[2])]
        return [_RemoteLocation(self._fs, path) for path in sorted(visible, key=natural_key)]

    def open(self) -> ByteFile:
        info: dict[str, Any]
        with self._reading():
            info = self._fs.info(self._path)
            return RemoteFile(self._fs, self._path, info, self.name)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            with as_os_errors(self.name):
                yield
        except OSError as error:
            raise unreadable(self.name, error) from error
