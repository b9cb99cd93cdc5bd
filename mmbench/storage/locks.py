"""File locks of live processes. The kernel releases them when a process ends or is killed.

A lock file shows which processes use the files next to it: processes of this machine, and of other
machines if the file system supports this (NFS does, unless mounted with `nolock` or `local_lock`).
On a file system without locks, a lock file that has not been used for a day counts as unlocked.
"""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK
_ATTEMPTS = 1000  # an attempt fails only if another process has just removed the file
_DAY = 86400


def hold(path: Path) -> int:
    """Take a shared lock on a file and return the file handle; closing it releases the lock.

    The file and its folder are created if missing, and created again if another process removes
    them in the meantime. Raises OSError.
    """
    for _ in range(_ATTEMPTS):
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            handle = os.open(path, _FLAGS, 0o644)
            try:
                _lock(handle, fcntl.LOCK_SH)
                os.utime(handle)
                if _same_file(handle, path):
                    return handle
            except BaseException:
                os.close(handle)
                raise
            os.close(handle)
    raise OSError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))


@contextmanager
def claim(path: Path) -> Iterator[bool]:
    """Yield whether a file is unlocked; if it is, no other process can lock it inside the block.

    The file is created if missing, and may be removed inside the block. Raises OSError.
    """
    handle = os.open(path, _FLAGS, 0o644)
    try:
        yield try_lock(handle)
    finally:
        os.close(handle)


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Run the block in one process at a time; other processes wait. Raises OSError.

    The file is created and remains. On a file system without locks, no process waits.
    """
    handle = os.open(path, _FLAGS, 0o644)
    try:
        _lock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def try_lock(handle: int) -> bool:
    """Lock an open file exclusively; return False if another process holds a lock, else True."""
    try:
        locked = _lock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return locked or time.time() - os.fstat(handle).st_mtime > _DAY


def _lock(handle: int, how: int) -> bool:
    """Lock an open file; return False if its file system does not support locks.

    `how` is an operation of `fcntl.flock`.
    """
    try:
        fcntl.flock(handle, how)
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        return False
    return True


def _same_file(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False
