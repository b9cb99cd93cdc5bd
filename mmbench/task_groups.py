"""Groups of tasks: YAML files that name tasks whose scores are shown in one table, with their mean.

A group is looked up by name in the subfolder `groups` of each `--tasks DIR`, then in `./groups`,
then among the packaged groups; a name that ends in .yaml is a path. A file is data only.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite
from pathlib import Path
from typing import Any

from msgspec import Struct, structs

from mmbench.errors import MmbenchError, SpecError, UnknownName
from mmbench.spec import is_task, load_task, packaged_folders, read_yaml, recorded_name
from mmbench.storage.file_names import name_fault
from mmbench.text import repeated, with_home
from mmbench.validation.named_values import as_struct

PREFIX = "group:"  # of a group in place of a task, as in `-t group:nano`
_FOLDER = "groups"


class GroupTask(Struct, frozen=True, forbid_unknown_fields=True):
    """A task of a group. `score` is the name of one of its scores, "" for the headline.

    `weight` is the weight of the score in the mean.
    """

    task: str
    score: str = ""
    weight: float = 1.0

    @property
    def recorded(self) -> str:
        """The name of the task in records: a perturbed task has another form there."""
        return recorded_name(self.task)


class TaskGroup(Struct, frozen=True):
    """A group of tasks. `tasks` has at least two entries."""

    name: str
    tasks: tuple[GroupTask, ...]
    summary: str = ""


class _GroupFile(Struct, frozen=True, forbid_unknown_fields=True):
    tasks: list[Any]
    name: str = ""
    summary: str = ""


def group_files(extra: Iterable[str] = ()) -> dict[str, Path]:
    """Return {group name: file} without parsing the files; `extra` are the values of --tasks."""
    own = [Path(with_home(folder), _FOLDER) for folder in extra]
    files: dict[str, Path] = {}
    for folder in [*own, Path(_FOLDER), *packaged_folders(_FOLDER)]:
        for path in sorted(folder.glob("*.yaml")) if folder.is_dir() else ():
            files.setdefault(path.stem, path)
    return files


def load_group(name: str, extra: Iterable[str] = ()) -> TaskGroup:
    """Load a group by name or path, with or without `group:` before it.

    Raises UnknownName for an unknown group or task, SpecError for an invalid file.
    """
    extra = list(extra)
    path = group_path(name, extra)
    where = str(path)
    raw = as_struct(read_yaml(path), _GroupFile, where)
    group = TaskGroup(raw.name or path.stem, tuple(_task(one, where) for one in raw.tasks))
    if fault := name_fault(f"{_FOLDER}-{group.name}"):
        raise SpecError(f"{where}: invalid group name {group.name!r}: {fault}; set `name: NAME`")
    if len(group.tasks) < 2:
        raise SpecError(f"{where}: a group has at least two tasks; add tasks")
    for one in group.tasks:
        if one.task.startswith(PREFIX):
            raise SpecError(f"{where}: {one.task}: a group has tasks only; list its tasks instead")
        if not is_task(one.task, extra):
            load_task(one.task, extra)  # raises the reason
            raise SpecError(f"{where}: task {one.task}: give the name of a task, not a path")
    if twice := repeated(_score(one, group.tasks, extra) for one in group.tasks):
        raise SpecError(f"{where}: {', '.join(twice)} is listed twice; remove one")
    return structs.replace(group, summary=raw.summary)


def _score(one: GroupTask, tasks: Iterable[GroupTask], extra: Iterable[str]) -> str:
    """Return a task with the name of its score; the headline is looked up only if needed."""
    several = sum(other.task == one.task for other in tasks) > 1
    score = one.score or (several and load_task(one.task, extra).headline) or ""
    return f"{one.task} {score}".rstrip()


def known_groups(extra: Iterable[str] = ()) -> tuple[list[TaskGroup], list[str]]:
    """Return all groups, and a message for each file that is no valid group; see `group_files`."""
    extra, groups, invalid = list(extra), [], []
    for name in group_files(extra):
        try:
            groups.append(load_group(name, extra))
        except MmbenchError as error:
            invalid.append(str(error))
    return groups, invalid


def _task(entry: object, where: str) -> GroupTask:
    if isinstance(entry, str):
        return GroupTask(entry)
    if not isinstance(entry, dict):
        raise SpecError(
            f"{where}: a task is a name, or a mapping such as {{task: gqa, weight: 2}}; not"
            f" {entry!r}"
        )
    task = as_struct(entry, GroupTask, f"tasks of {where}")
    if not (isfinite(task.weight) and task.weight > 0):
        raise SpecError(f"{where}: the weight of {task.task} is {task.weight}; give one above 0")
    return task


def group_path(name: str, extra: Iterable[str] = ()) -> Path:
    """Return the file of a group, with or without `group:` before its name.

    Raises UnknownName for an unknown group, SpecError for a path that does not exist.
    """
    name = name.removeprefix(PREFIX)
    if name.endswith((".yaml", ".yml")):
        path = Path(with_home(name))
        if not path.is_file():
            raise SpecError(f"{name}: no such file of a group")
        return path
    files = group_files(extra)
    if name not in files:
        raise UnknownName("group", name, files, "`mmbench list groups` shows all")
    return files[name]
