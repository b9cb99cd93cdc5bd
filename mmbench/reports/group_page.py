"""The Markdown page of a group of tasks on a board: `group-NAME.md`."""

from __future__ import annotations

from collections.abc import Collection

from mmbench.errors import UserError
from mmbench.reports.board import replace_page
from mmbench.reports.group_table import GroupMean, GroupTable, group_table
from mmbench.storage import records as store
from mmbench.storage.folders import Folder
from mmbench.task_groups import TaskGroup
from mmbench.text import markdown, markdown_code, markdown_name
from mmbench.text.number_format import format_interval, format_number


def read_group(out: str, group: TaskGroup, newest: Collection[str] = ()) -> GroupTable:
    """Return the table of a group from the runs of a board; see `group_table` for `newest`."""
    names = {one.recorded for one in group.tasks}
    return group_table(group, {name: store.read_records(out, name) for name in names}, newest)


def write_group(out: str, found: GroupTable, flag: str = "--out") -> str:
    """Write the page of a group, and return its path.

    Raises UserError if the file cannot be written, or if it is the page of a task.
    """
    name = f"group-{found.group}"
    if name in store.tasks_in(out):
        raise UserError(f"group {found.group}: {name}.md is the page of a task; rename the group")
    return replace_page(Folder(out, flag), f"{name}.md", group_page(found))


def group_page(found: GroupTable) -> str:
    """Return the table of a group as Markdown."""
    lines = [f"# Group {markdown(found.group)}", "", *_models(found), "", *_tasks(found), ""]
    lines += [*(f"- {note}" for note in _notes(found)), ""]
    command = markdown_code(f"mmbench leaderboard build group:{found.group}")
    return "\n".join([*lines, f"Made by {command} from the records in `runs/`.", ""])


def _models(found: GroupTable) -> list[str]:
    """Return the table with a row for each model."""
    header = ["model", "mean", "95 %", "by samples", *(column.task for column in found.columns)]
    lines = [_line([markdown_name(name) for name in header])]
    lines.append(_line(["---"] + ["---:"] * (len(header) - 1)))
    return lines + [
        _line([
            markdown(row.model),
            format_number(row.mean.value),
            _interval(row.mean),
            format_number(row.by_samples.value),
            *(format_number(score.value if score else None) for score in row.scores),
        ])
        for row in found.rows
    ]  # fmt: skip


def _tasks(found: GroupTable) -> list[str]:
    """Return the table with a row for each task: its score, weight and data."""
    lines = ["| task | score | better | weight | data |", "|---|---|---|---:|---|"]
    return lines + [
        _line([
            markdown(one.task),
            markdown_code(one.score) if one.score else "no run",
            one.better,
            f"{one.weight:g}",
            markdown(one.data_hash[:8]),
        ])
        for one in found.columns
    ]  # fmt: skip


def _notes(found: GroupTable) -> list[str]:
    notes = [f"No mean: {markdown(found.reason, 1000)}."] if found.reason else []
    notes += [
        f"{markdown(row.model)} has no mean: {markdown(row.reason, 1000)}."
        for row in found.rows
        if row.reason
    ]
    notes += [
        f"{markdown(one.task)}: {markdown(one.differs, 1000)}."
        for one in found.columns
        if one.differs
    ]
    return [
        *notes,
        "Mean: with the weights of the tasks. By samples: weighted by the numbers of samples. The"
        " 95 % interval is computed as if the tasks were independent.",
    ]


def _interval(mean: GroupMean) -> str:
    return format_interval(mean.low, mean.high)


def _line(row: list[str]) -> str:
    return f"| {' | '.join(row)} |"
