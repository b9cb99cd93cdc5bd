"""Files that exports write: a file of another program is never replaced."""

from __future__ import annotations

from pathlib import Path

from mmbench.errors import UserError
from mmbench.storage.whole_files import write_whole
from mmbench.text import plain
from mmbench.validation.regular_files import read_regular


def write_export(path: Path, data: bytes, marker: bytes) -> str:
    """Write the file of an export atomically, and return its path.

    `marker` are bytes that each export of this format contains. A file without them is another
    program's. Raises UserError if such a file exists, and if the file cannot be written.
    """
    existing = read_existing(path)
    if existing and marker not in existing:
        raise UserError(
            f"--file {plain(str(path))}: a file that mmbench did not export exists there; move it"
            " away, or give another file"
        )
    return replace_file(path, data)


def read_existing(path: Path) -> bytes:
    """Return the bytes of a file, b"" if it does not exist.

    Raises UserError if the file cannot be read.
    """
    try:
        return read_regular(path)
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise _unusable(path, "read", error) from error


def replace_file(path: Path, data: bytes) -> str:
    """Write a file atomically and return its path. Raises UserError if it cannot be written."""
    try:
        write_whole(path, data)
    except OSError as error:
        raise _unusable(path, "written", error) from error
    return str(path)


def _unusable(path: Path, what: str, error: OSError) -> UserError:
    return UserError(
        f"--file {plain(str(path))}: the file cannot be {what}: {error.strerror or error};"
        " give another file"
    )
