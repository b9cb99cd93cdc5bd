"""Leaderboards, which are made from run records alone and can be rebuilt at any time.

Neither torch nor a model is needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from mmbench.reports.board_files import INDEX, refuse_foreign_page, replace_page
from mmbench.reports.groups.board_pages import existing_pages, groups_to_build, write_group_page
from mmbench.reports.sections import sections
from mmbench.reports.tables import index, page, to_csv
from mmbench.storage import records as store
from mmbench.storage.folders import Folder
from mmbench.task_groups import TaskGroup
from mmbench.types import RunRecord


class BuildResult(NamedTuple):
    """The result of building a leaderboard.

    It has the paths of the written pages, a message for each file that is not a record, and a
    message for each page of a group that could not be built again.
    """

    pages: list[str]
    unreadable: list[str]
    stale: list[str]


def check_writable(out: str, flag: str = "--out") -> None:
    """Raise UserError if a board cannot be written to `out`; call this before a long run."""
    folder = Folder(out, flag)
    folder.check_writable()
    refuse_foreign_page(folder, INDEX)


def build(
    out: str,
    tasks: Iterable[str] = (),
    flag: str = "--out",
    groups: Sequence[TaskGroup] = (),
    task_folders: Sequence[str] = (),
) -> BuildResult:
    """Write the pages and CSV files of `tasks` (default: all tasks with records), and the index.

    Runs on a part of the samples are left out. The pages of `groups` are written, and the existing
    pages of other groups, which are looked up in the `task_folders`. Concurrent writers are safe: a
    table is replaced atomically, and built again if a new record appeared in the meantime, so that
    the last writer includes every record. Files that are not records are skipped. Raises UserError
    if a file cannot be written, or if it would overwrite a file of another program.
    """
    folder = Folder(out, flag)
    requested = list(tasks)
    while True:
        before = folder.run_files()
        runs, unreadable = store.stored_runs(folder, before)
        by_task: dict[str, list[RunRecord]] = {}
        for run in runs:
            if run.record.task.part is not None:
                continue
            by_task.setdefault(store.task_of(run.name), []).append(run.record)
        tables = {task: sections(records) for task, records in sorted(by_task.items())}
        pages = [
            _write(folder, task, tables[task]) for task in requested or tables if task in tables
        ]
        existing = existing_pages(folder, tables)
        own, stale = groups_to_build(groups, existing, task_folders)
        replace_page(folder, INDEX, index(tables, sorted({*existing, *(g.name for g in own)})))
        pages += _group_pages(folder, own, by_task)
        if folder.run_files() == before:
            return BuildResult(pages, unreadable, stale)


def _write(folder: Folder, task: str, tables: list[list[RunRecord]]) -> str:
    replace_page(folder, f"{task}.md", page(task, tables))
    replace_page(folder, f"{task}.csv", to_csv(tables))
    return folder.path(f"{task}.md")


def _group_pages(
    folder: Folder, groups: Iterable[TaskGroup], records: Mapping[str, Sequence[RunRecord]]
) -> list[str]:
    return [write_group_page(folder, group, records) for group in groups]
