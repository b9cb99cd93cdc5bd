"""The journal folders in the cache: one folder for each model and type of device.

A folder holds the journals, the file `in-use`, which every live run of the model has locked, and
`model.txt` with the model's name, which `mmbench cache show` prints. A folder `uncached-…` is used
by a single run.
"""

from __future__ import annotations

import os
import shutil
import weakref
from pathlib import Path

from mmbench.storage.cache_errors import cache_errors
from mmbench.storage.content_keys import cache_folder
from mmbench.storage.locks import claim, hold
from mmbench.storage.whole_files import remove_parts, write_whole
from mmbench.surrogates import escape_surrogates
from mmbench.validation.regular_files import read_regular

_LOCK = "in-use"
_NAME = "model.txt"
_TEMPORARY = "uncached-"


def journal_root() -> Path:
    """Return the parent folder of all journal folders."""
    return cache_folder() / "journal"


def open_folder(user: object, name: str, model: str) -> Path:
    """Return a journal folder that no process removes as long as the object `user` exists.

    `model` is the name that `mmbench cache show` prints. Raises UserError if the cache cannot be
    used.
    """
    folder = journal_root() / name
    with cache_errors(folder / _LOCK):
        weakref.finalize(user, os.close, hold(folder / _LOCK))
    if read_name(folder) != model:
        with cache_errors(folder / _NAME):
            remove_parts(folder)
            write_whole(folder / _NAME, f"{escape_surrogates(model)}\n".encode())
    return folder


def open_temporary_folder(user: object, name: str, model: str) -> Path:
    """Return a journal folder that is removed when the object `user` is deleted.

    Temporary folders left by killed runs are removed first. Raises UserError if the cache cannot be
    used.
    """
    _remove_abandoned()
    folder = open_folder(user, f"{_TEMPORARY}{name}", model)
    weakref.finalize(user, shutil.rmtree, folder, ignore_errors=True)
    return folder


def read_name(folder: Path) -> str:
    """Return the model name of a journal folder; "" if `model.txt` is incomplete."""
    try:
        text = read_regular(folder / _NAME).decode()
    except (OSError, UnicodeDecodeError):
        return ""
    return text[:-1] if text.endswith("\n") else ""


def remove(folder: Path) -> bool:
    """Remove a journal folder, unless a live run uses it; return whether it was removed.

    Raises UserError if the folder cannot be removed.
    """
    with cache_errors(folder):
        try:
            with claim(folder / _LOCK) as free:
                if free:
                    shutil.rmtree(folder)
                return free
        except FileNotFoundError:  # another process has just removed it
            return True


def _remove_abandoned() -> None:
    for folder in journal_root().glob(f"{_TEMPORARY}*"):
        if folder.is_dir():
            remove(folder)
