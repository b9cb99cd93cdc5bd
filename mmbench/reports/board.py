"""Leaderboards, which are made from run records alone and can be rebuilt at any time.

Neither torch nor a model is needed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from mmbench.reports.sections import sections
from mmbench.reports.tables import index, page, to_csv
from mmbench.storage import records as store
from mmbench.storage.folders import Folder
from mmbench.storage.own_files import Maker, refuse_foreign
from mmbench.types import RunRecord

# Bytes that each index, page and table of `build` contains.
_MARKERS = {
    "README.md": b"# Leaderboards\n",
    ".md": b"Made by `mmbench leaderboard build",
    ".csv": b",fingerprint,data_hash,",
}


class BuildResult(NamedTuple):
    """The result of building a leaderboard.

    It has the paths of the written pages, and a message for each file that is not a record.
    """

    pages: list[str]
    unreadable: list[str]


def check_writable(out: str, flag: str = "--out") -> None:
    """Raise UserError if a board cannot be written to `out`; call this before a long run."""
    folder = Folder(out, flag)
    folder.check_writable()
    refuse_foreign(folder, "README.md", _maker("README.md"))


def build(out: str, tasks: Iterable[str] = (), flag: str = "--out") -> BuildResult:
    """Write the pages and CSV files of `tasks` (default: all tasks with records), and the index.

    Runs on a part of the samples are left out.
    Concurrent writers are safe: a table is replaced atomically, and built again if a new record
    appeared in the meantime, so that the last writer includes every record. Files that are not
    records are skipped. Raises UserError if a file cannot be written, or if it would overwrite a
    file of another program.
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
        replace_page(folder, "README.md", index(tables))
        if folder.run_files() == before:
            return BuildResult(pages, unreadable)


def _write(folder: Folder, task: str, tables: list[list[RunRecord]]) -> str:
    replace_page(folder, f"{task}.md", page(task, tables))
    replace_page(folder, f"{task}.csv", to_csv(tables))
    return folder.path(f"{task}.md")


def replace_page(folder: Folder, name: str, text: str) -> str:
    """Write a page or table of a board, and return its path.

    Raises UserError if the file cannot be written, or if another program has written it.
    """
    refuse_foreign(folder, name, _maker(name))
    folder.write(name, text.encode())
    return folder.path(name)


def _maker(name: str) -> Maker:
    marker = _MARKERS.get(name) or _MARKERS[name[name.rindex(".") :]]
    return Maker("mmbench leaderboard", marker)
