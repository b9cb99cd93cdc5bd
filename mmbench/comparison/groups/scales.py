"""The scores of a group of tasks, and whether they have a common mean."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from msgspec import Struct

from mmbench.engine.score_names import score_info, without_macro
from mmbench.task_groups import GroupTask
from mmbench.types import RunRecord


class GroupColumn(Struct, frozen=True):
    """A task of a group: its name in records, its score, and the data of the compared runs.

    `unit` and `better` describe the score; all are "" if no run has the score. `differs` says how
    the data of the runs differ from those of the task's protocol.
    """

    task: str
    score: str
    weight: float
    unit: str = ""
    better: str = ""
    data_hash: str = ""
    differs: str = ""


def score_of(one: GroupTask, records: Sequence[RunRecord]) -> str:
    """Return the name of a task's score in a group; "" without records.

    If the group names no score, it is the headline of most models, or the earliest of these: a run
    that was rescored by other metrics has another headline.
    """
    models: dict[str, set[str]] = {}
    for record in records:
        models.setdefault(record.headline, set()).add(record.model.hash)
    return one.score or max(models, key=lambda headline: len(models[headline]), default="")


def group_column(one: GroupTask, name: str, records: Sequence[RunRecord]) -> GroupColumn:
    """Return the column of a task with the score `name`; `records` are comparable runs of it."""
    score = next((record.scores[name] for record in records if name in record.scores), None)
    if score is None:
        return GroupColumn(one.recorded, name, one.weight)
    info = score_info(name)
    unit, data_hash = info.unit if info else "", records[0].task.data_hash
    return GroupColumn(one.recorded, name, one.weight, unit, score.better, data_hash)


def column_titles(columns: Sequence[GroupColumn]) -> list[str]:
    """Return a distinct title for each column: its task, with the score if a task has several."""
    times = Counter(column.task for column in columns)
    return [
        f"{column.task} {column.score}" if times[column.task] > 1 else column.task
        for column in columns
    ]


def mixed_scales(columns: Sequence[GroupColumn]) -> str:
    """Return why the scores of these columns have no common mean; "" if they have one.

    Scores can be averaged if they have one direction, and all are values of one metric or range
    from 0 to 1.
    """
    known = [column for column in columns if column.better]
    different = [column for column in known if not _same_scale(known[0], column)]
    if not different:
        return ""
    return (
        f"{_described(known[0])} and {_described(different[0])} cannot be averaged; make a group"
        " for each scale"
    )


def _same_scale(one: GroupColumn, other: GroupColumn) -> bool:
    if one.better != other.better:
        return False
    same_metric = _metric(one.score) == _metric(other.score)
    return same_metric or (_is_bounded(one.score) and _is_bounded(other.score))


def _is_bounded(score: str) -> bool:
    info = score_info(score)
    return info is not None and {info.worst, info.best} == {0, 1}


def _metric(score: str) -> str:
    return without_macro(score).partition("[")[0]


def _described(column: GroupColumn) -> str:
    scale = ", ".join(filter(None, [column.unit, f"{column.better} is better"]))
    return f"{column.score} of {column.task} ({scale})"
