"""Patterns of folders in `--data`: one task for each data set."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from pathlib import Path

from mmbench.cli.parser.options import data_for, task_names
from mmbench.text import natural_key, with_home

_DOCUMENTS = frozenset({".md", ".txt", ".json"})  # files that may lie next to the folders


def expand_folders(tasks: Sequence[str], data: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return tasks and values of `--data` in which patterns of folders are replaced by folders.

    A task whose data are a pattern that matches folders, such as `wds/*`, becomes one task for each
    folder, in natural order: TASK+FOLDER with the data TASK+FOLDER=PATH. Other tasks and values,
    such as a pattern of archives, are returned unchanged.
    """
    expanded: list[str] = []
    values = list(data)
    for task in tasks:
        folders = _folders(data_for(task, [*data], [*tasks]))
        if not folders:
            expanded.append(task)
            continue
        labelled = {f"{task}+{folder.name}": folder for folder in folders}
        expanded += labelled
        values = [one for one in values if one.partition("=")[0] not in task_names(task)]
        values += [f"{name}={folder}" for name, folder in labelled.items()]
    return expanded, values


def _folders(path: Path | None) -> list[Path]:
    """Return the folders that a pattern matches; [] for other paths and for patterns of files."""
    if path is None or not glob.has_magic(str(path)) or path.exists():
        return []
    names = sorted(glob.glob(with_home(str(path))), key=natural_key)  # noqa: PTH207
    matches = [Path(name) for name in names]
    folders = [match for match in matches if match.is_dir()]
    others = {match.suffix.lower() for match in matches if not match.is_dir()}
    return folders if others <= _DOCUMENTS else []
