"""The table of a group of tasks as text."""

from __future__ import annotations

from collections.abc import Sequence

from mmbench.cli.output.terminal import table
from mmbench.comparison.groups.result import GroupDifference
from mmbench.comparison.groups.scales import column_titles
from mmbench.reports.groups.notes import group_notes
from mmbench.reports.groups.table import GroupMean, GroupRow, GroupTable
from mmbench.text import plain
from mmbench.text.number_format import decimals, format_interval, format_number, format_p_value

_HEADER = ("model", "mean", "± 95 %", "by samples")


def group_lines(found: GroupTable, width: int | None) -> list[str]:
    """Return the lines of a group's table: the means first, then the score of each task."""
    header = [*_HEADER, *found.titles]
    rows = [header, *(_cells(row) for row in found.rows)]
    lines = [f"group {plain(found.group)}: {plain(_scale(found), 1000)}", ""]
    lines += table([[plain(cell) for cell in row] for row in rows], {0}, width)
    notes = [*_score_lines(found), *group_notes(found)]
    return [*lines, "", *(plain(note, 1000) for note in notes)]


def _scale(found: GroupTable) -> str:
    """Return the scores and their direction: `accuracy@1, higher is better`."""
    scores = dict.fromkeys(column.score for column in found.columns if column.better)
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


def _score_lines(found: GroupTable) -> list[str]:
    """Return the tasks of each score, if the first line does not name the scores."""
    by_score: dict[str, list[str]] = {}
    for column in found.columns:
        by_score.setdefault(column.score if column.better else "no run", []).append(column.task)
    if len(by_score.keys() - {"no run"}) < 3:
        return []
    return [f"{score}: {', '.join(tasks)}" for score, tasks in by_score.items()]


_DIFFERENCES = ("task", "baseline", "candidate", "difference", "{} %", "p (Holm)", "verdict")


def difference_lines(found: GroupDifference, width: int | None) -> list[str]:
    """Return the lines of a comparison over a group: a row for each task, and the mean."""
    level = f"{100 * (1 - found.alpha):g}"
    rows: list[Sequence[str]] = [[name.format(level) for name in _DIFFERENCES]]
    for title, pair in zip(column_titles(found.columns), found.tasks, strict=True):
        (score,) = pair.scores
        values = [format_number(value) for value in (score.baseline, score.candidate)]
        difference = _difference(score.difference, score.low, score.high)
        rows.append([title, *values, *difference, format_p_value(score.p_holm), score.verdict])
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
