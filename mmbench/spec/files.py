"""Files of tasks: the folders in which they are searched, their names, summaries and contents."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from mmbench import registry
from mmbench.errors import SpecError, UnknownName, UserError
from mmbench.text import with_home
from mmbench.validation.regular_files import read_regular
from mmbench.validation.safe_parse import parse_yaml

_SUMMARY = re.compile(r"^summary:\s*(.*)$", re.MULTILINE)


def task_folders(extra: Iterable[str] = ()) -> list[Path]:
    """Return the existing folders with task files, in the order in which they are searched."""
    folders = [Path(with_home(folder)) for folder in extra]
    for folder in folders:
        if not folder.is_dir():
            raise SpecError(f"--tasks {folder}: no such folder")
    packaged = packaged_folders("tasks")
    return [folder for folder in [*folders, Path("tasks"), *packaged] if folder.is_dir()]


def packaged_folders(name: str) -> list[Path]:
    """Return the possible folders of packaged files: inside the package (wheel) or next to it."""
    package = Path(__file__).parent.parent
    return [package / name, package.parent / name]


def packaged_files(name: str) -> dict[str, Path]:
    """Return the YAML files of a folder of the package by their names without the ending."""
    folders = [folder for folder in packaged_folders(name) if folder.is_dir()]
    return {path.stem: path for folder in folders for path in sorted(folder.glob("*.yaml"))}


def packaged_tasks() -> list[str]:
    """Return the names of the packaged tasks."""
    return sorted(packaged_files("tasks"))


def task_files(extra: Iterable[str] = ()) -> dict[str, Path]:
    """Return {task name: file} without parsing the files.

    If several folders have a name, the first one counts. A task of a plugin has the name of its
    entry point; it is left out if its package cannot be imported.
    """
    files: dict[str, Path] = {}
    for folder in task_folders(extra):
        # Paths compare slowly, and this runs for each task that is loaded.
        for path in sorted(folder.glob("*.yaml"), key=lambda path: path.name):
            files.setdefault(path.stem, path)
    for name in registry.names("task"):
        with suppress(UserError):  # `load_task` raises the reason
            files.setdefault(name, Path(registry.lookup("task", name)))
    return files


def task_summaries(extra: Iterable[str] = ()) -> dict[str, str]:
    """Return {task name: one-line summary}, sorted by name, without parsing the files."""
    return {name: task_summary(path) for name, path in sorted(task_files(extra).items())}


def task_summary(path: Path) -> str:
    """Return the one-line summary of a task file without parsing YAML."""
    try:
        match = _SUMMARY.search(read_regular(path).decode())
    except (OSError, UnicodeDecodeError) as error:
        return f"cannot be read: {getattr(error, 'strerror', None) or error}"
    return match.group(1).strip().strip("\"'") if match else ""


def _other_kind(name: str) -> str:
    """Return model or metric if a name, without arguments in @ or [], is one; else ""."""
    (start, *_) = re.split(r"[@\[]", name)
    for kind in ("model", "metric"):
        if any(re.split(r"[@\[]", known)[0] == start for known in registry.names(kind)):
            return kind
    return ""


def find_task(name: str, extra: list[str]) -> Path:
    """Return the file of a task, given its name or path; `extra` are the values of --tasks.

    Raises UnknownName for an unknown name, SpecError for a path that does not exist.
    """
    if name.endswith((".yaml", ".yml")):
        path = Path(with_home(name))
        if not path.is_file():
            raise SpecError(f"{name}: no such task file")
        return path
    files = task_files(extra)
    if name not in files and name in registry.names("task"):
        return Path(registry.lookup("task", name))  # raises the reason
    if name not in files:
        hint = "`mmbench list tasks` shows all"
        other = _other_kind(name)
        raise UnknownName("task", name, files, f"{name} is a {other}; {hint}" if other else hint)
    return files[name]


def read_yaml(path: Path) -> dict[str, Any]:
    """Return a YAML mapping as plain values. Raises SpecError with the line of a syntax error."""
    try:
        text = read_regular(path).decode()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SpecError(f"{path}: the file cannot be read: {reason}") from error
    try:
        raw = parse_yaml(text)
    except ValueError as error:
        raise SpecError(f"{path}: {error}") from error
    if not isinstance(raw, dict):
        raise SpecError(f"{path}: the file is not a mapping of keys to values")
    return raw
