"""The folders from which commands on this machine have read data.

A sample table from another machine may name any file. Pages show the files in these folders only,
because a page may be sent to others. The cache has a file for each folder.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from mmbench.storage.cache_errors import cache_errors
from mmbench.storage.content_keys import cache_folder, digest
from mmbench.storage.whole_files import write_whole
from mmbench.validation.regular_files import read_regular

_FOLDER = "data-folders"  # in the cache


def remember_data_folders(folders: Iterable[Path]) -> None:
    """Store folders from which a command has read data, with symbolic links resolved.

    The home folder and the folders that contain it are left out: they have private files, too.
    Raises UserError if the cache cannot be written.
    """
    home = Path(os.path.realpath(Path.home()))
    place = cache_folder() / _FOLDER
    for folder in {Path(os.path.realpath(one)) for one in folders} - {home, *home.parents}:
        path = os.fsencode(folder)
        file = place / digest(path).hex()
        with cache_errors(file):
            if not file.exists():
                write_whole(file, path)


def data_folders_read() -> list[Path]:
    """Return the stored folders. Raises UserError if the cache cannot be read."""
    place = cache_folder() / _FOLDER
    with cache_errors(place):
        files = sorted(place.iterdir()) if place.is_dir() else []
        stored = [(file.name, read_regular(file)) for file in files if file.suffix == ""]
    # A file that is damaged has another name than the hash of its content.
    return [Path(os.fsdecode(path)) for name, path in stored if digest(path).hex() == name]


class PermittedFiles:
    """The files that pages may show: those in `folders`. `refused` collects the paths of others."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = folders
        self.refused: set[str] = set()

    def __contains__(self, path: str) -> bool:
        inside = is_inside(path, self._folders)
        if not inside:
            self.refused.add(path)
        return inside


def is_inside(path: str, folders: Sequence[Path]) -> bool:
    """Return whether a path leads into one of the folders, which are resolved.

    Symbolic links are resolved, so that a link out of a folder is outside. Raises OSError or
    ValueError for a path that cannot exist.
    """
    real = Path(os.path.realpath(path))
    return any(real.is_relative_to(folder) for folder in folders)
