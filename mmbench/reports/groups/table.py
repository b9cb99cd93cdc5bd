"""The table of a group of tasks: the scores of each model on the tasks, and their means."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from mmbench.comparison.groups.scales import (
    GroupColumn,
    column_titles,
    group_column,
    mixed_scales,
    score_of,
)
from mmbench.reports.models import ModelKey, distinct_names, model_key
from mmbench.reports.sections import other_data, sections, without_parts
from mmbench.stats.combined import Estimate, weighted_mean
from mmbench.storage import records as store
from mmbench.task_groups import TaskGroup
from mmbench.types import RunRecord, ScoreInfo


class GroupMean(Struct, frozen=True):
    """A mean over the tasks of a group; None without a value, or without an interval."""

    value: float | None = None
    low: float | None = None
    high: float | None = None


class GroupRow(Struct, frozen=True):
    """The scores of one model, in the order of the tasks; None for a missing run or score.

    `mean` is weighted by the weights of the group, which are equal by default (macro), and
    `by_samples` by the numbers of samples. `runs` are the ids of the runs, "" for a missing one.
    `reason` says why there is no mean. `baseline` says whether the model is a baseline.
    """

    model: str
    scores: list[ScoreInfo | None]
    runs: list[str]
    mean: GroupMean
    by_samples: GroupMean
    reason: str = ""
    baseline: bool = False


class GroupTable(Struct, frozen=True):
    """The table of a group: rows by mean, best first. `reason` says why no row can have a mean.

    `titles` are the distinct titles of the columns.
    """

    group: str
    columns: list[GroupColumn]
    titles: list[str]
    rows: list[GroupRow]
    reason: str = ""
    summary: str = ""

    @property
    def is_complete(self) -> bool:
        """Return whether a model has a run of each task."""
        return any(all(row.runs) for row in self.rows)


def read_group(
    out: str, group: TaskGroup, newest: Collection[str] = (), *, unreadable: list[str] | None = None
) -> GroupTable:
    """Return the table of a group from the runs of a board; see `group_table` for `newest`.

    For each file that is not a record, a message is appended to `unreadable`, if it is given.
    """
    names = dict.fromkeys(one.recorded for one in group.tasks)
    records = {name: store.read_records(out, name) for name in names}
    if unreadable is not None:
        unreadable += [line for one in records.values() for line in one.unreadable]
    return group_table(group, records, newest)


def group_table(
    group: TaskGroup, records: Mapping[str, Sequence[RunRecord]], newest: Collection[str] = ()
) -> GroupTable:
    """Return the table of a group from the records of each task, oldest first.

    Runs on a part of the samples are left out. All runs of a column have the same task, data and
    settings of its score, whatever other metrics they have. If there are several such sets of runs,
    the column has the first in the order of the task's board, or that of the latest of the runs
    `newest` (ids). A model without a run in each column has no mean.
    """
    whole = [without_parts(records.get(one.recorded, ())) for one in group.tasks]
    names = [score_of(one, own) for one, own in zip(group.tasks, whole, strict=True)]
    chosen = [_section(_scored(own, name), newest) for own, name in zip(whole, names, strict=True)]
    columns = [
        replace(group_column(*column), differs=other_data(column[2][0]) if column[2] else "")
        for column in zip(group.tasks, names, chosen, strict=True)
    ]
    titles, reason = column_titles(columns), mixed_scales(columns)
    by_model: dict[ModelKey, dict[int, RunRecord]] = {}
    for at, own in enumerate(chosen):
        for record in sorted(own, key=lambda one: one.created):
            by_model.setdefault(model_key(record), {})[at] = record
    named = zip(distinct_names(list(by_model)), by_model.values(), strict=True)
    rows = [_row(name, own, columns, titles, reason) for name, own in named]
    sign = -1 if any(column.better == "higher" for column in columns) else 1
    rows.sort(key=lambda row: (row.mean.value is None, sign * (row.mean.value or 0.0), row.model))
    return GroupTable(group.name, columns, titles, rows, reason, group.summary)


def _scored(records: Sequence[RunRecord], name: str) -> list[RunRecord]:
    """Return the runs that have the score `name`, without their other scores; else all runs."""
    found = [
        replace(record, headline=name, scores={name: record.scores[name]})
        for record in records
        if name in record.scores
    ]
    return found or list(records)


def _section(records: Sequence[RunRecord], newest: Collection[str]) -> list[RunRecord]:
    tables = sections(records)
    latest = max((r for r in records if r.run in newest), key=lambda r: r.created, default=None)
    ids = [{record.run for record in table} for table in tables]
    at = next((at for at, own in enumerate(ids) if latest and latest.run in own), 0)
    return tables[at] if tables else []


def _row(
    model: str,
    own: Mapping[int, RunRecord],
    columns: Sequence[GroupColumn],
    titles: Sequence[str],
    mixed: str,
) -> GroupRow:
    scores = [
        own[at].scores.get(column.score) if at in own else None for at, column in enumerate(columns)
    ]
    runs = [own[at].run if at in own else "" for at in range(len(columns))]
    baseline = all(record.baseline for record in own.values())
    fault = _fault(runs, scores, titles)
    if fault or mixed:
        nothing = GroupMean()
        return GroupRow(model, scores, runs, nothing, nothing, fault, baseline)
    present = [score for score in scores if score is not None]
    weights = [column.weight for column in columns]
    by_samples = _mean(present, [score.n for score in present])
    return GroupRow(model, scores, runs, _mean(present, weights), by_samples, baseline=baseline)


def _fault(runs: Sequence[str], scores: Sequence[ScoreInfo | None], titles: Sequence[str]) -> str:
    """Return why a model has no mean: the tasks without a run, and those without a value."""
    absent = [title for title, run in zip(titles, runs, strict=True) if not run]
    empty = [
        title
        for title, run, score in zip(titles, runs, scores, strict=True)
        if run and (score is None or score.value is None)
    ]
    faults = [("no comparable run of", absent), ("no value for", empty)]
    return "; ".join(f"{words} {', '.join(tasks)}" for words, tasks in faults if tasks)


def _mean(scores: Sequence[ScoreInfo], weights: Sequence[float]) -> GroupMean:
    estimates = [Estimate(score.value or 0.0, score.low, score.high) for score in scores]
    return GroupMean(*weighted_mean(estimates, weights))
