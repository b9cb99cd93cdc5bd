"""Access to regular files only, since reading a pipe or a device may never end."""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path

_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def open_regular(path: str | Path) -> BufferedReader:
    """Open a regular file for reading in binary mode, following symbolic links.

    Raises OSError for the same reasons as `open`, and for a folder, a pipe, a device or a socket
    ("is a pipe, not a regular file"). Never waits for the writer of a pipe.
    """
    handle = os.open(path, _FLAGS)
    try:
        mode = stat.S_IFMT(os.fstat(handle).st_mode)
        if mode != stat.S_IFREG:
            kind = _KINDS.get(mode, "a special file")
            raise OSError(errno.EINVAL, f"is {kind}, not a regular file", str(path))
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def read_regular(path: str | Path) -> bytes:
    """Return the bytes of a regular file. Raises the OSErrors of `open_regular`."""
    with open_regular(path) as file:
        return file.read()
