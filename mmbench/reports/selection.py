"""The runs of a report: all runs of a board, or runs that the user names."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from mmbench.comparison.history import Point, histories
from mmbench.reports.groups.table import GroupTable, group_table
from mmbench.reports.pages.board_tables import BoardTable, board_tables
from mmbench.reports.pages.training import is_last, own_points, steps
from mmbench.reports.sections import section_key, sections
from mmbench.storage import records as store
from mmbench.storage.folders import Folder
from mmbench.storage.records import StoredRun
from mmbench.storage.run_lookup import check_has_runs
from mmbench.task_groups import TaskGroup
from mmbench.types import RunRecord

_MOST_PAIRS = 20  # comparisons of checkpoints in a table


def key_of(record: RunRecord) -> tuple[str, str]:
    """Return the task and the id of a run; ids are unique in a task."""
    return record.task.name, record.run


class Selection(NamedTuple):
    """The runs of a report with their tables.

    `tables` are the tables of each task; every run has a page. `peers` are, by `key_of`, the
    records of the run's table on its board, best first. `pairs` are the runs that get a comparison
    page, the baseline first. `points` are the histories of the headlines by task. `unreadable` has
    a message for each file that cannot be read. `groups` are the tables of groups of tasks.
    """

    tables: dict[str, list[BoardTable]]
    peers: dict[tuple[str, str], list[RunRecord]]
    pairs: list[tuple[StoredRun, StoredRun]]
    points: dict[str, list[Point]]
    unreadable: list[str]
    groups: Sequence[GroupTable] = ()

    @property
    def runs(self) -> list[StoredRun]:
        """Return the runs of all tables."""
        return [run for own in self.tables.values() for one in own for run in one.runs]

    def table_of(self, record: RunRecord) -> BoardTable | None:
        """Return the table of a run; None if its board has runs that the selection lacks."""
        peers = set(map(key_of, self.peers[key_of(record)]))
        tables = (one for own in self.tables.values() for one in own)
        return next((one for one in tables if peers == {key_of(r.record) for r in one.runs}), None)


def whole_board(
    out: str,
    tasks: Sequence[str] = (),
    groups: Sequence[TaskGroup] = (),
    known_groups: Sequence[TaskGroup] = (),
) -> Selection:
    """Return the latest run of each model on each of `tasks` (default: all tasks of the board).

    The selection has the `groups`, and of the `known_groups` those of which a model has all tasks.
    Raises DataError for a task without runs, and UserError if the board cannot be listed.
    """
    folder = Folder(out)
    names = folder.run_files()
    known = sorted({store.task_of(name) for name in names})
    for task in tasks:
        check_has_runs(task, known, out)
    chosen = [name for name in names if not tasks or store.task_of(name) in tasks]
    runs, unreadable = store.stored_runs(folder, chosen)
    whole = [run for run in runs if run.record.task.part is None]
    tables = board_tables(whole, unreadable=unreadable)
    peers = {
        key_of(run.record): [other.record for other in one.runs]
        for own in tables.values()
        for one in own
        for run in one.runs
    }
    points = {task: _history(task, out, unreadable) for task in tables}
    pairs = [
        pair
        for task, own in tables.items()
        for one in own
        for pair in _pairs(one, own_points(one, points[task]))
    ]
    by_group = _groups([run.record for run in runs], groups, known_groups)
    return Selection(tables, peers, pairs, points, list(dict.fromkeys(unreadable)), by_group)


def _groups(
    records: Sequence[RunRecord], groups: Sequence[TaskGroup], known: Sequence[TaskGroup]
) -> list[GroupTable]:
    by_task: dict[str, list[RunRecord]] = {}
    for record in records:
        by_task.setdefault(record.task.name, []).append(record)
    names = {group.name for group in groups}
    others = [group_table(one, by_task) for one in known if one.name not in names]
    return [group_table(one, by_task) for one in groups] + [o for o in others if o.is_complete]


def _pairs(one: BoardTable, own: Sequence[Point]) -> list[tuple[StoredRun, StoredRun]]:
    """Return the runs of a table with rows that a reader wants to compare, the baseline first.

    These are the best model with the second, and each checkpoint with the one before if it changed
    significantly or is the last of its line: at most `_MOST_PAIRS`, the latest.
    """
    runs = {run.record.run: run for run in one.runs}
    changed = [
        (before, after)
        for before, after in steps(own)
        if after.by == "rows" and (after.change or is_last(after, own))
    ]
    found = {
        (before.run, after.run): (runs[before.run], runs[after.run])
        for before, after in changed[-_MOST_PAIRS:]
    }
    second = next(iter(one.models[1:2]), None)
    if one.best and second and one.to_best[second.run].by == "rows":
        best = one.best.record.run
        if (second.run, best) not in found:
            found[best, second.run] = one.best, runs[second.run]
    return list(found.values())


def _history(task: str, out: str, unreadable: list[str]) -> list[Point]:
    (points,) = histories(task, [], out=out, unreadable=unreadable).values()
    return points


def named_runs(runs: Sequence[StoredRun]) -> Selection:
    """Return runs that the user names; the first run of each table is the baseline."""
    unreadable: list[str] = []
    distinct = list({(run.folder.where, run.name): run for run in runs}.values())
    tables = board_tables(distinct, distinct, unreadable=unreadable)
    pairs = [
        (one.reference, run)
        for own in tables.values()
        for one in own
        for run in one.runs
        if one.reference and run.record.run != one.reference.record.run
    ]
    peers = {key_of(run.record): _peers(run) for run in distinct}
    return Selection(tables, peers, pairs, {}, list(dict.fromkeys(unreadable)))


def _peers(run: StoredRun) -> list[RunRecord]:
    """Return the records of a run's table on its board, with the run itself."""
    latest = [r for r in _records(run.folder.where, run.record.task.name) if r != run.record]
    tables = sections([*latest, run.record])
    return next(own for own in tables if section_key(own[0]) == section_key(run.record))


@cache
def _records(where: str, task: str) -> Sequence[RunRecord]:
    return store.read_records(where, task)
