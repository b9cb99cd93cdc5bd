"""Locks on files that live processes hold; the kernel drops them when a process ends or is killed.

A lock file says who uses what lies beside it, in this process and in others of this machine, and
of other machines where the file system passes locks on (NFS does, unless mounted with `nolock` or
`local_lock`). Where it has no locks, a file that was not used for a day counts as free.
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
_ATTEMPTS = 1000  # each is lost only to another process that removed the file in the meantime
_DAY = 86400


def hold(path: Path) -> int:
    """Lock a file, next to other holders, until the returned handle is closed.

    The file and its folder are created, again where another process is just removing them. Raises
    OSError.
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
    """Say whether no process holds a file; if so, none begins to while the block runs.

    The file is created where its folder has none, and may be removed inside. Raises OSError.
    """
    handle = os.open(path, _FLAGS, 0o644)
    try:
        yield try_lock(handle)
    finally:
        os.close(handle)


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Run the block in one process at a time; the others wait. Raises OSError.

    The file is created and stays. Where the file system has no locks, nobody waits.
    """
    handle = os.open(path, _FLAGS, 0o644)
    try:
        _lock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def try_lock(handle: int) -> bool:
    """Lock an open file for this process alone, or return False where another one holds it."""
    try:
        locked = _lock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return locked or time.time() - os.fstat(handle).st_mtime > _DAY


def _lock(handle: int, how: int) -> bool:
    """Lock an open file; False where its file system has no locks."""
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
