"""The folder of a board: on disk, or at an fsspec URL (`s3://bucket/boards`, `memory://x`).

A `file://` URL is a folder on disk. Writes are atomic: object stores never show a partial object,
and on disk a file is written under a unique name and then renamed.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from mmbench.errors import UserError
from mmbench.storage.whole_files import remove_parts, write_whole
from mmbench.validation.regular_files import read_regular

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

RUNS = "runs"  # the subfolder of a board with one folder per task
_PROBE = ".mmbench-probe"
_ONE_SLASH = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+:/")  # the start of a URL with one slash only
_LONG = 100  # characters that a path must allow for a task's name, and for a run's file names


class Folder:
    """A folder on disk or at an fsspec URL, with methods to read, list and atomically write files.

    `flag` is the command-line flag that sets the folder, for error messages.
    """

    def __init__(self, where: str | Path, flag: str = "--out") -> None:
        self.where, self.flag = str(where), flag
        self._disk = _on_disk(self.where, flag)
        self._swept: set[Path] = set()

    def path(self, name: str) -> str:
        """Return the full path or URL of a file in the folder."""
        if "://" not in self.where:
            return str(Path(self.where) / name)
        return f"{self.where}{'' if self.where.endswith('/') else '/'}{name}"

    def write(self, name: str, data: bytes, *, durable: bool = False) -> None:
        """Write a file atomically: readers see either the old or the new content.

        A `durable` file survives a power failure as soon as it has its final name. Before the first
        write to a folder on disk, partial files left by killed processes are removed. Raises
        UserError if the file cannot be written.
        """
        if self._disk is None:
            with self._remote() as (fs, root):
                fs.pipe_file(f"{root}/{name}", data)
            return
        path = self._disk / name
        try:
            if path.parent not in self._swept:
                remove_parts(path.parent)
                self._swept.add(path.parent)
            write_whole(path, data, self._disk if durable else None)
        except OSError as error:
            hint = "; the outputs are kept in the cache" if durable else ""
            raise UserError(
                f"cannot write {path}: {error.strerror}{hint}; choose another folder with"
                f" {self.flag} and repeat the command"
            ) from error

    def read(self, name: str) -> bytes:
        """Return the bytes of a file.

        Raises OSError if the file is missing or unreadable, on disk and remotely, and UserError if
        access to a remote folder fails.
        """
        if self._disk is not None:
            return read_regular(self._disk / name)
        with self._remote(FileNotFoundError, PermissionError) as (fs, root):
            return bytes(fs.cat_file(f"{root}/{name}"))

    @property
    def disk(self) -> Path | None:
        """The folder on disk; None for a folder at a URL of another file system."""
        return self._disk

    def has(self, name: str) -> bool:
        """Return whether the folder has a file.

        Raises UserError if the folder cannot be accessed.
        """
        if self._disk is not None:
            try:
                return (self._disk / name).is_file()
            except OSError as error:
                raise UserError(
                    f"{self.flag} {self.where}: {error.strerror}; choose another folder"
                ) from error
        with self._remote() as (fs, root):
            return bool(fs.isfile(f"{root}/{name}"))

    def run_files(self, suffix: str = ".json") -> list[str]:
        """Return the sorted names `runs/TASK/FILE` with this suffix, without hidden files.

        Every call lists the folder again, so that files of other writers are included.
        """
        names = self._remote_files() if self._disk is None else self._disk_files(self._disk)
        parts = [name.split("/") for name in names if name.endswith(suffix)]
        visible = (p for p in parts if len(p) == 3 and not any(name.startswith(".") for name in p))
        return sorted(map("/".join, visible))

    def files(self, pattern: str) -> list[str]:
        """Return the sorted names of the files directly in the folder that match a glob pattern.

        Every call lists the folder again. Raises UserError if the folder cannot be listed.
        """
        names = self._remote_names() if self._disk is None else self._disk_names(self._disk)
        return sorted(name for name in names if fnmatchcase(name, pattern))

    def check_writable(self) -> None:
        """Raise UserError if files cannot be written here; call this before a long run.

        In a remote folder, an empty test file remains, because deletion may not be permitted.
        """
        if self._disk is None:
            with self._remote() as (fs, root):
                fs.pipe_file(f"{root}/{_PROBE}", b"")
            return
        try:
            for folder in (self._disk, self._disk / RUNS):
                _probe(folder)
            _exists(self._disk / RUNS / ("x" * _LONG) / ("x" * _LONG))
        except OSError as error:
            raise UserError(
                f"cannot write to {self.where}: {error.strerror}; choose another folder with"
                f" {self.flag}"
            ) from error

    def _disk_files(self, base: Path) -> list[str]:
        folders = [entry for entry in self._listed(base / RUNS) if entry.is_dir()]
        return [f"{RUNS}/{at.name}/{file.name}" for at in folders for file in self._listed(at)]

    def _disk_names(self, base: Path) -> list[str]:
        return [entry.name for entry in self._listed(base) if entry.is_file()]

    def _listed(self, folder: Path) -> list[Path]:
        try:
            return _entries(folder)
        except OSError as error:
            raise UserError(
                f"{self.flag} {self.where}: the folder cannot be listed: {error}"
            ) from error

    def _remote_names(self) -> list[str]:
        with self._remote() as (fs, root):
            fs.invalidate_cache()  # cached listings lack files of other writers
            paths = fs.ls(root, detail=False) if fs.isdir(root) else []
        return [path.rpartition("/")[2] for path in paths]

    def _remote_files(self) -> list[str]:
        with self._remote() as (fs, root):
            fs.invalidate_cache()  # cached listings lack files of other writers
            paths = fs.find(f"{root}/{RUNS}")
        return [path.removeprefix(root).lstrip("/") for path in paths]

    @contextmanager
    def _remote(self, *passing: type[OSError]) -> Iterator[tuple[AbstractFileSystem, str]]:
        """Yield the file system of a remote folder, and the path of the folder in the file system.

        Errors that are raised in the `with` block are converted to UserError, except errors of the
        types `passing`. Every fsspec library has its own exceptions, so any exception is converted.
        """
        from fsspec.core import url_to_fs

        try:
            fs, root = url_to_fs(self.where)
            yield fs, root.rstrip("/")
        except passing:
            raise
        except Exception as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            library = isinstance(error, ImportError)
            hint = "install it with pip, or choose" if library else "choose"
            raise UserError(
                f"{self.flag} {self.where}: {reason}; {hint} another folder or URL"
            ) from error


def _on_disk(where: str, flag: str) -> Path | None:
    """Return the path of a folder on disk; None for a URL of another file system.

    Raises UserError for a folder without a name and for a malformed URL.
    """
    # Only URLs have escapes: a folder on disk may have %00 in its name.
    if not where or "\0" in (unquote(where) if "://" in where else where):
        raise UserError(f"{flag} {where!r}: not a folder; give a path or a URL")
    scheme, separator, rest = where.partition("://")
    if not separator:
        if _ONE_SLASH.match(where):
            url = where.replace(":/", ":///" if where.startswith("file") else "://", 1)
            raise UserError(
                f"{flag} {where}: a URL has two slashes; give {url}, or ./{where} for a folder"
            )
        return Path(where)
    if scheme.lower() not in ("file", "local"):
        return None
    path = unquote(rest.removeprefix("localhost"))
    if not path.startswith("/"):
        raise UserError(f"{flag} {where}: not an absolute path; give {scheme}:///FOLDER, or a path")
    return Path(path[1:] if os.name == "nt" else path)


def _entries(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def _probe(folder: Path) -> None:
    """Test whether a folder can be written: write a file into it, and remove the file.

    A folder that does not exist is replaced by its nearest existing parent. Raises OSError.
    """
    place = folder
    while not _exists(place):
        if place.is_symlink():
            raise OSError(errno.ENOENT, f"{place} is a link to a missing file or folder")
        place = place.parent
    probe = place / f"{_PROBE}-{os.getpid()}-{secrets.token_hex(4)}"
    probe.touch(exist_ok=False)
    probe.unlink()


def _exists(path: Path) -> bool:
    """Return whether a path exists.

    Raises OSError if a name is too long, or if a parent of the path is a file.
    """
    try:
        path.stat()
    except FileNotFoundError:
        return False
    return True
