"""The page of a group of tasks on a board as Markdown."""

from __future__ import annotations

from mmbench.reports.groups.notes import group_notes
from mmbench.reports.groups.table import GroupMean, GroupTable
from mmbench.text import markdown, markdown_code, markdown_name
from mmbench.text.number_format import format_interval, format_number


def group_page(found: GroupTable) -> str:
    """Return the table of a group as Markdown."""
    lines = [f"# Group {markdown(found.group)}", ""]
    lines += [markdown(found.summary, 1000), ""] if found.summary else []
    lines += [*_models(found), "", *_tasks(found), ""]
    lines += [*(f"- {markdown(note, 1000)}" for note in group_notes(found)), ""]
    command = markdown_code(f"mmbench leaderboard build group:{found.group}")
    return "\n".join([*lines, f"Made by {command} from the records in `runs/`.", ""])


def _models(found: GroupTable) -> list[str]:
    """Return the table with a row for each model."""
    header = ["model", "mean", "95 %", "by samples", *found.titles]
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
            markdown_code(one.score) if one.better else "no run",
            one.better,
            f"{one.weight:g}",
            markdown(one.data_hash[:8]),
        ])
        for one in found.columns
    ]  # fmt: skip


def _interval(mean: GroupMean) -> str:
    return format_interval(mean.low, mean.high)


def _line(row: list[str]) -> str:
    return f"| {' | '.join(row)} |"
