"""The files of a board that commands write and replace: pages, tables, and the index."""

from __future__ import annotations

from mmbench.storage.folders import Folder
from mmbench.storage.own_files import Maker, refuse_foreign

INDEX = "README.md"
# Bytes that each index, page and table of a board contains.
_MARKERS = {
    INDEX: b"# Leaderboards\n",
    ".md": b"Made by `mmbench leaderboard build",
    ".csv": b",fingerprint,data_hash,",
}


def replace_page(folder: Folder, name: str, text: str) -> str:
    """Write a page or table of a board, and return its path.

    Raises UserError if the file cannot be written, or if another program has written it.
    """
    refuse_foreign_page(folder, name)
    folder.write(name, text.encode())
    return folder.path(name)


def refuse_foreign_page(folder: Folder, name: str) -> None:
    """Raise UserError if another program, or a person, has written a page or table."""
    refuse_foreign(folder, name, _maker(name))


def is_own_page(folder: Folder, name: str) -> bool:
    """Return whether `mmbench leaderboard` has written an existing page or table."""
    try:
        return _maker(name).has_made(folder.read(name))
    except OSError:
        return False


def _maker(name: str) -> Maker:
    marker = _MARKERS.get(name) or _MARKERS[name[name.rindex(".") :]]
    return Maker("mmbench leaderboard", marker)
