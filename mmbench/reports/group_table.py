"""The table of a group of tasks: the scores of each model on the tasks, and their means."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from mmbench.comparison.groups.scales import GroupColumn, group_column, mixed_scales
from mmbench.reports.sections import label, on_all_samples, other_data, sections
from mmbench.stats.combined import Estimate, weighted_mean
from mmbench.task_groups import GroupTask, TaskGroup
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
    `reason` says why there is no mean.
    """

    model: str
    scores: list[ScoreInfo | None]
    runs: list[str]
    mean: GroupMean
    by_samples: GroupMean
    reason: str = ""


class GroupTable(Struct, frozen=True):
    """The table of a group: rows by mean, best first. `reason` says why no row can have a mean."""

    group: str
    columns: list[GroupColumn]
    rows: list[GroupRow]
    reason: str = ""


def group_table(
    group: TaskGroup, records: Mapping[str, Sequence[RunRecord]], newest: Collection[str] = ()
) -> GroupTable:
    """Return the table of a group from the records of each task.

    All runs of a column have the same task, data and settings of its score, whatever other metrics
    they have. If there are several such sets of runs, the column has the first in the order of the
    task's board, or that of the latest of the runs `newest` (ids). A model without a run in each
    column has no mean.
    """
    chosen = [_section(_scored(records.get(one.recorded, ()), one), newest) for one in group.tasks]
    columns = [
        replace(group_column(one, own), differs=other_data(own[0]) if own else "")
        for one, own in zip(group.tasks, chosen, strict=True)
    ]
    reason = mixed_scales(columns)
    by_model: dict[tuple[str, str], dict[int, RunRecord]] = {}
    for at, own in enumerate(chosen):
        for record in own:
            by_model.setdefault((record.model.hash, label(record)), {})[at] = record
    rows = [_row(name, own, columns, reason) for (_, name), own in by_model.items()]
    sign = -1 if any(column.better == "higher" for column in columns) else 1
    rows.sort(key=lambda row: (row.mean.value is None, sign * (row.mean.value or 0.0), row.model))
    return GroupTable(group.name, columns, rows, reason)


def _scored(records: Sequence[RunRecord], one: GroupTask) -> list[RunRecord]:
    """Return the runs that have the score of a column, without their other scores.

    If the group names no score, it is the headline of most models, or the earliest of these: a run
    that was rescored by other metrics has another headline. If no run has it, return all runs. Runs
    on a part of the samples are left out.
    """
    records, models = on_all_samples(records), dict[str, set[str]]()
    for record in records:
        models.setdefault(record.headline, set()).add(record.model.hash)
    name = one.score or max(models, key=lambda headline: len(models[headline]), default="")
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
    model: str, own: Mapping[int, RunRecord], columns: Sequence[GroupColumn], mixed: str
) -> GroupRow:
    scores = [
        own[at].scores.get(column.score) if at in own else None for at, column in enumerate(columns)
    ]
    runs = [own[at].run if at in own else "" for at in range(len(columns))]
    fault = _fault(own, scores, columns)
    if fault or mixed:
        nothing = GroupMean()
        return GroupRow(model, scores, runs, nothing, nothing, fault)
    present = [score for score in scores if score is not None]
    weights = [column.weight for column in columns]
    by_samples = _mean(present, [score.n for score in present])
    return GroupRow(model, scores, runs, _mean(present, weights), by_samples)


def _fault(
    own: Mapping[int, RunRecord],
    scores: Sequence[ScoreInfo | None],
    columns: Sequence[GroupColumn],
) -> str:
    """Return why a model has no mean: the tasks without a run, and those without a value."""
    absent = [column.task for at, column in enumerate(columns) if at not in own]
    empty = [
        column.task
        for at, (column, score) in enumerate(zip(columns, scores, strict=True))
        if at in own and (score is None or score.value is None)
    ]
    faults = [("no comparable run of", absent), ("no value for", empty)]
    return "; ".join(f"{words} {', '.join(tasks)}" for words, tasks in faults if tasks)


def _mean(scores: Sequence[ScoreInfo], weights: Sequence[float]) -> GroupMean:
    estimates = [Estimate(score.value or 0.0, score.low, score.high) for score in scores]
    return GroupMean(*weighted_mean(estimates, weights))
