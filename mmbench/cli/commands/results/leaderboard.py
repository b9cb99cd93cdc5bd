"""`mmbench leaderboard`: rebuild the tables from the run records, or show them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from mmbench.cli.output.board_table import board_table
from mmbench.cli.output.comparisons.group_table import group_lines
from mmbench.cli.output.json_output import write_json
from mmbench.cli.output.terminal import (
    aligned,
    display_width,
    report_stale,
    report_unreadable,
    screen_width,
    show,
    table,
)
from mmbench.comparison.comparability import distinctions
from mmbench.errors import DataError
from mmbench.reports import board
from mmbench.reports import sections as board_sections
from mmbench.reports.cells import BRIEF, brief
from mmbench.reports.groups.table import read_group
from mmbench.reports.sections import captions
from mmbench.storage import records as store
from mmbench.task_groups import PREFIX, TaskGroup, load_group
from mmbench.text import listed, plain
from mmbench.types import RunRecord


def command(args: argparse.Namespace) -> int:
    """Build or show the tables of the given tasks (default: all tasks) and groups."""
    groups = [load_group(task, args.tasks) for task in args.task if task.startswith(PREFIX)]
    tasks = [task for task in args.task if not task.startswith(PREFIX)]
    known = store.tasks_in(args.out)
    for task in tasks:
        if task not in known:
            names = listed(known, len(known))
            raise DataError(f"no run of task {task!r} in {args.out}; it has runs of {names}")
    if not known:
        raise DataError(f"no runs in {args.out}; `mmbench run -m MODEL -t TASK` makes one")
    if args.action == "build":
        _build(tasks, groups, args)
        return 0
    if groups:
        _show_groups(groups, args)
    if tasks or not groups:
        _show_tasks(tasks or known, args)
    return 0


def _build(tasks: list[str], groups: Sequence[TaskGroup], args: argparse.Namespace) -> None:
    tasks = [*tasks, *(one.recorded for group in groups for one in group.tasks)]
    chosen = dict.fromkeys(tasks)
    pages, unreadable, stale = board.build(args.out, chosen, groups=groups, task_folders=args.tasks)
    report_unreadable(unreadable)
    report_stale(stale)
    show(pages)


def _show_tasks(tasks: Sequence[str], args: argparse.Namespace) -> None:
    by_task, unreadable = _tables(args.out, tasks)
    report_unreadable(unreadable)
    width = screen_width(sys.stdout)
    if args.brief:
        show(_brief(by_task, width))
        return
    lines: list[str] = []
    for task, tables in by_task.items():
        for records, caption in zip(tables, captions(tables), strict=True):
            lines += [""] if lines else []
            lines += [f"{plain(task)}: {plain(caption, 1000)}"]
            lines += board_table(records, width)
    show(lines)


def _show_groups(groups: Sequence[TaskGroup], args: argparse.Namespace) -> None:
    """Show the tables of groups."""
    unreadable: list[str] = []
    tables = [read_group(args.out, group, unreadable=unreadable) for group in groups]
    report_unreadable(list(dict.fromkeys(unreadable)))
    if args.json:
        write_json(tables)
        return
    width = screen_width(sys.stdout)
    show(line for one in tables for line in [*group_lines(one, width), ""])


def _tables(out: str, tasks: Sequence[str]) -> tuple[dict[str, list[list[RunRecord]]], list[str]]:
    """Return the tables of each task, and a message for each file that is not a record."""
    records_by_task = {task: store.read_records(out, task) for task in tasks}
    unreadable = [line for records in records_by_task.values() for line in records.unreadable]
    return {
        task: board_sections.sections(board_sections.without_parts(records))
        for task, records in records_by_task.items()
    }, unreadable


def _brief(by_task: Mapping[str, list[list[RunRecord]]], width: int | None) -> list[str]:
    """Return a line for each model of each task.

    On a narrow terminal, the models of a task follow a heading.
    """
    lines = _one_table(by_task)
    if width is None or all(display_width(line) <= width for line in lines):
        return lines
    return [line for task, sections in by_task.items() for line in _by_task(task, sections, width)]


def _one_table(by_task: Mapping[str, list[list[RunRecord]]]) -> list[str]:
    """Return all models in one table; if a task has several tables, each gets a title."""
    tables = by_task.items()
    rows = [[plain(c) for c in row] for _, sections in tables for t in sections for row in brief(t)]
    head, *lines = aligned([BRIEF, *rows], left={0, 1, 2})
    output, rest = [head], iter(lines)
    for task, sections in tables:
        for title, section in _titled(task, sections):
            output += [f"{title}:"] if len(sections) > 1 else []
            output += islice(rest, len(brief(section)))
    return output


def _by_task(task: str, sections: list[list[RunRecord]], width: int) -> Iterator[str]:
    """Yield the lines of a task: a heading with its name and headline, then its models."""
    for title, section in _titled(task, sections):
        rows = [[plain(cell) for cell in row] for row in brief(section)]
        baseline = f"; {BRIEF[-1]} {rows[0][-1]}" if rows[0][-1] else ""
        yield f"{title}: {rows[0][2]}{baseline}"
        yield from table([(row[1], row[3], row[4]) for row in rows], {0}, width, indent=2)


def _titled(task: str, sections: list[list[RunRecord]]) -> Iterator[tuple[str, list[RunRecord]]]:
    """Yield each table of a task with a title that says how it differs from the other tables."""
    titles = distinctions([section[0] for section in sections])
    for parts, section in zip(titles, sections, strict=True):
        yield plain(f"{task}, {'; '.join(parts)}" if parts else task), section
