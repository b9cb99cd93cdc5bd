"""Atomic writes of files, and removal of the partial files of processes that were killed."""

from __future__ import annotations

import errno
import os
import re
import secrets
import time
from pathlib import Path

from mmbench.storage.locks import try_lock

_PART = re.compile(r"\..*\.\d+-[0-9a-f]{8}")
_SETTLED = 60  # seconds during which a partial file may be open but not yet locked


def write_whole(path: Path, data: bytes, durable_below: Path | None = None) -> None:
    """Write a file so that readers see either the old or the new content, never a part.

    If `durable_below` is given, the bytes are synced to disk before the file gets its name; then
    its name is synced, and the names of new folders below `durable_below`. Raises OSError; no
    partial file remains.
    """
    new = not path.parent.is_dir()
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}")
    try:
        with part.open("xb") as file:
            try_lock(file.fileno())  # the lock shows that the writer is alive: see remove_parts
            file.write(data)
            file.flush()
            if durable_below is not None:
                os.fsync(file.fileno())
            part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    if durable_below is not None:
        for folder in path.parents:
            _sync_names(folder)
            if folder == durable_below or not new:
                break


def _sync_names(folder: Path) -> None:
    if os.name == "nt":  # folders cannot be opened there
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (
            errno.EINVAL,
            errno.ENOTSUP,
        ):  # not supported on a network file system
            raise
    finally:
        os.close(handle)


def remove_parts(folder: Path, settled: float = _SETTLED) -> None:
    """Remove partial files in a folder if the processes that wrote them have ended, on any machine.

    A locked file is kept, because it is still being written. A file that was modified within the
    last `settled` seconds (or is dated up to `settled` seconds into the future, because of a wrong
    clock) is kept, because it may not be locked yet. Raises OSError.
    """
    for part in folder.iterdir() if folder.is_dir() else ():
        if _PART.fullmatch(part.name):
            _remove_part(part, settled)


def _remove_part(part: Path, settled: float) -> None:
    try:
        if abs(time.time() - part.lstat().st_mtime) < settled or not part.is_file():
            return
        handle = os.open(part, os.O_RDWR | os.O_NONBLOCK)
    except FileNotFoundError:  # its writer or another run has already removed it
        return
    try:
        if try_lock(handle):
            part.unlink(missing_ok=True)
    finally:
        os.close(handle)
