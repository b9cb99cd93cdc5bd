"""Files that appear whole or not at all, and removal of the parts that killed processes left."""

from __future__ import annotations

import errno
import os
import re
import secrets
import time
from pathlib import Path

from mmbench.storage.locks import try_lock

_PART = re.compile(r"\..*\.\d+-[0-9a-f]{8}")
_SETTLED = 60  # seconds within which a part may be open and not yet locked


def write_whole(path: Path, data: bytes, durable_below: Path | None = None) -> None:
    """Write a file so that readers see its old content or the new one, never a part.

    With `durable_below` the bytes are on the disk before the name is, and then the name is, with
    those of new folders up to this one. Raises OSError; then no part is left behind.
    """
    new = not path.parent.is_dir()
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}")
    try:
        with part.open("xb") as file:
            try_lock(file.fileno())  # the lock says that the writer lives: see remove_parts
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
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # a network file system has no such
            raise
    finally:
        os.close(handle)


def remove_parts(folder: Path, settled: float = _SETTLED) -> None:
    """Remove the parts of files in a folder whose writers are dead, on whatever machine they ran.

    A part that is locked is being written; one written within the last `settled` seconds, or that
    much in the future by a clock that was wrong, may be. Raises OSError.
    """
    for part in folder.iterdir() if folder.is_dir() else ():
        if _PART.fullmatch(part.name):
            _remove_part(part, settled)


def _remove_part(part: Path, settled: float) -> None:
    try:
        if abs(time.time() - part.lstat().st_mtime) < settled or not part.is_file():
            return
        handle = os.open(part, os.O_RDWR | os.O_NONBLOCK)
    except FileNotFoundError:  # its writer, or another run, was quicker
        return
    try:
        if try_lock(handle):
            part.unlink(missing_ok=True)
    finally:
        os.close(handle)
