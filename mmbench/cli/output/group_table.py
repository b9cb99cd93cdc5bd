"""The table of a group of tasks as text."""

from __future__ import annotations

from collections.abc import Sequence

from mmbench.cli.output.terminal import table
from mmbench.comparison.groups.result import GroupDifference
from mmbench.reports.group_table import GroupMean, GroupRow, GroupTable
from mmbench.text import count, plain
from mmbench.text.number_format import decimals, format_interval, format_number, format_p_value

_HEADER = ("model", "mean", "± 95 %", "by samples")


def group_lines(found: GroupTable, width: int | None) -> list[str]:
    """Return the lines of a group's table: the means first, then the score of each task."""
    header = [*_HEADER, *(column.task for column in found.columns)]
    rows = [header, *(_cells(row) for row in found.rows)]
    lines = [f"group {plain(found.group)}: {plain(_scale(found), 1000)}", ""]
    lines += table([[plain(cell) for cell in row] for row in rows], {0}, width)
    return [*lines, "", *group_notes(found)]


def _scale(found: GroupTable) -> str:
    """Return the scores and their direction: `accuracy@1, higher is better`."""
    scores = dict.fromkeys(column.score for column in found.columns if column.score)
    directions = {column.better for column in found.columns if column.better}
    better = [f"{one} is better" for one in directions] if len(directions) == 1 else []
    names = ", ".join(scores) if len(scores) < 3 else f"{len(scores)} scores"
    return ", ".join([names or "no runs", *better])


def _cells(row: GroupRow) -> list[str]:
    return [
        row.model,
        format_number(row.mean.value),
        margin(row.mean),
        format_number(row.by_samples.value),
        *(format_number(score.value if score else None) for score in row.scores),
    ]


def margin(mean: GroupMean) -> str:
    """Return the distance from a mean to the farther end of its interval; `n/a` without one."""
    if mean.value is None or mean.low is None or mean.high is None:
        return "n/a"
    return format_number(max(mean.value - mean.low, mean.high - mean.value), decimals(mean.value))


def group_notes(found: GroupTable) -> list[str]:
    """Return remarks on a group's table: missing means, and the scores of tasks if they differ."""
    notes = [f"no mean: {plain(found.reason, 1000)}"] if found.reason else []
    notes += [
        f"{plain(row.model)} has no mean: {plain(row.reason, 1000)}"
        for row in found.rows
        if row.reason
    ]
    notes += [
        f"{plain(row.model)}: {count(score.failed, 'sample')} of {plain(column.task)} failed"
        for row in found.rows
        for column, score in zip(found.columns, row.scores, strict=True)
        if score and score.failed
    ]
    notes += [f"{plain(one.task)}: {plain(one.differs)}" for one in found.columns if one.differs]
    if len({column.score for column in found.columns if column.score}) > 2:
        notes += _score_lines(found)
    weights = [column.weight for column in found.columns]
    equal = len(set(weights)) == 1
    notes.append(f"mean: of {len(weights)} tasks, {_weighted(equal, weights)}; by samples: weighted"
                 " by the numbers of samples; ± 95 %: as if tasks were independent")  # fmt: skip
    return notes


def _weighted(equal: bool, weights: Sequence[float]) -> str:
    if equal:
        return "equally weighted"
    return f"with the weights {', '.join(f'{weight:g}' for weight in weights)}"


def _score_lines(found: GroupTable) -> list[str]:
    by_score: dict[str, list[str]] = {}
    for column in found.columns:
        by_score.setdefault(column.score or "no run", []).append(column.task)
    return [f"{plain(score)}: {plain(', '.join(tasks), 1000)}" for score, tasks in by_score.items()]


_DIFFERENCES = ("task", "baseline", "candidate", "difference", "{} %", "p (Holm)", "verdict")


def difference_lines(found: GroupDifference, width: int | None) -> list[str]:
    """Return the lines of a comparison over a group: a row for each task, and the mean."""
    level = f"{100 * (1 - found.alpha):g}"
    rows: list[Sequence[str]] = [[name.format(level) for name in _DIFFERENCES]]
    for column, pair in zip(found.columns, found.tasks, strict=True):
        (score,) = pair.scores
        values = [format_number(value) for value in (score.baseline, score.candidate)]
        difference = _difference(score.difference, score.low, score.high)
        rows.append(
            [column.task, *values, *difference, format_p_value(score.p_holm), score.verdict]
        )
    rows.append(["mean", "", "", *_difference(found.difference, found.low, found.high), "",
                 found.verdict])  # fmt: skip
    scores = ", ".join(dict.fromkeys(column.score for column in found.columns))
    models = f"{plain(found.candidate)} against {plain(found.baseline)}"
    lines = [f"group {plain(found.group)}: {models}; {plain(scores, 1000)}", ""]
    lines += table([[plain(cell) for cell in row] for row in rows], {0, 6}, width)
    lines += ["", *([f"no mean or interval: {plain(found.reason)}"] if found.reason else [])]
    return [*lines, "mean: its verdict is by its interval, which assumes independent tasks"]


def _difference(value: float | None, low: float | None, high: float | None) -> list[str]:
    digits = decimals(value, low, high)
    return [format_number(value, digits, "+"), format_interval(low, high, "+")]
