"""The pages of groups on a board: `group-NAME.md`, which builds of the board keep up to date."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from mmbench.errors import MmbenchError, UserError
from mmbench.reports.board_files import is_own_page, replace_page
from mmbench.reports.groups.markdown_page import group_page
from mmbench.reports.groups.table import group_table
from mmbench.storage.folders import Folder
from mmbench.task_groups import TaskGroup, load_group
from mmbench.types import RunRecord

_PREFIX, _SUFFIX = "group-", ".md"


def page_name(group: str) -> str:
    """Return the name of the page of a group."""
    return f"{_PREFIX}{group}{_SUFFIX}"


def existing_pages(folder: Folder, tasks: Collection[str]) -> list[str]:
    """Return the names of the groups with a page that mmbench wrote; `tasks` have other pages."""
    names = [name.removesuffix(_SUFFIX) for name in folder.files(f"{_PREFIX}*{_SUFFIX}")]
    return [
        name.removeprefix(_PREFIX)
        for name in names
        if name not in tasks and is_own_page(folder, f"{name}{_SUFFIX}")
    ]


def groups_to_build(
    requested: Sequence[TaskGroup], existing: Iterable[str], task_folders: Sequence[str]
) -> tuple[list[TaskGroup], list[str]]:
    """Return the requested groups and those with a page, and a message for each unknown group.

    `task_folders` are the values of --tasks, in which groups are looked up.
    """
    groups, unknown = {group.name: group for group in requested}, []
    for name in existing:
        if name not in groups:
            try:
                groups[name] = load_group(name, task_folders)
            except MmbenchError as error:
                unknown.append(
                    f"{page_name(name)} was not built again: {error}; if the group is in a file of"
                    f" yours, type mmbench leaderboard build group:FILE.yaml"
                )
    return list(groups.values()), unknown


def write_group_page(
    folder: Folder, group: TaskGroup, records: Mapping[str, Sequence[RunRecord]]
) -> str:
    """Write the page of a group from the records of each task, and return its path.

    Raises UserError if the file cannot be written, or if it is the page of a task.
    """
    name = page_name(group.name)
    if name.removesuffix(_SUFFIX) in records:
        raise UserError(f"group {group.name}: {name} is the page of a task; rename the group")
    return replace_page(folder, name, group_page(group_table(group, records)))
