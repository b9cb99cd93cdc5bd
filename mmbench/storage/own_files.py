"""Files that commands write for users: a file of another program is never replaced."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from mmbench.errors import UserError
from mmbench.storage.folders import Folder
from mmbench.storage.whole_files import write_whole
from mmbench.text import plain
from mmbench.validation.regular_files import read_regular


class Maker(NamedTuple):
    """A command that writes files, and bytes that each of these files contains.

    `marker` is None for files without such bytes; if they exist, another program wrote them.
    """

    command: str
    marker: bytes | None

    def has_made(self, data: bytes) -> bool:
        """Return whether a file with these bytes may be replaced; an empty file may."""
        return not data or (self.marker is not None and self.marker in data)


def refuse_foreign(folder: Folder, name: str, maker: Maker, new: bytes = b"") -> None:
    """Raise UserError for a file in a folder that exists and that `maker` has not written.

    An empty file may be replaced, and so may a file that has the `new` content already, and a file
    without permission to read it, because folders that several people write to may hold such files.
    """
    try:
        data = folder.read(name)
    except (FileNotFoundError, PermissionError):
        return
    except OSError as error:
        reason = f"{error.strerror or error}"
    else:
        if data == new or maker.has_made(data):
            return
        reason = _not_made_by(maker)
    raise UserError(
        f"cannot write {folder.path(name)}: {reason}; move it away, or choose another folder with"
        f" {folder.flag}"
    )


def write_own_file(file: Path, data: bytes, maker: Maker, flag: str) -> str:
    """Write a file, and the folder if it is new, unless another program has written the file.

    Raises UserError for a file that exists, is not empty and has not been written by `maker`.
    """
    if not maker.has_made(read_existing(file, flag)):
        reason = _not_made_by(maker)
        raise UserError(
            f"{flag} {plain(str(file), 4000)}: {reason}; move it away, or give another file"
        )
    return write_file(file, data, flag, new_folder=True)


def read_existing(file: Path, flag: str) -> bytes:
    """Return the bytes of the file that `flag` names; b"" if it does not exist.

    Raises UserError if the file cannot be read.
    """
    try:
        return read_regular(file)
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise unusable(file, "read", flag, error) from error


def write_file(file: Path, data: bytes, flag: str, *, new_folder: bool = False) -> str:
    """Write the file that `flag` names, and return its path.

    The write is atomic, except for a link, a pipe and a terminal, such as /dev/stdout, which must
    not be replaced. Raises UserError if the file cannot be written, and for a folder that does not
    exist unless `new_folder`.
    """
    try:
        in_place = file.is_symlink() or (file.exists() and not file.is_file())
        if in_place or not (new_folder or file.parent.is_dir()):
            file.write_bytes(data)
        else:
            write_whole(file, data)
    except OSError as error:
        raise unusable(file, "written", flag, error) from error
    return str(file)


def unusable(file: Path, what: str, flag: str, error: OSError) -> UserError:
    """Return the error for a file that cannot be `read` or `written`, with the reason `error`."""
    return UserError(
        f"{flag} {plain(str(file), 4000)}: the file cannot be {what}: {error.strerror or error};"
        " give another file"
    )


def _not_made_by(maker: Maker) -> str:
    return f"a file that `{maker.command}` has not made exists there"
