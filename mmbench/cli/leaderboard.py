"""`mmbench leaderboard`: make the tables again from the records, or show them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from itertools import islice

from mmbench import board, board_terminal, store
from mmbench.cli.columns import aligned
from mmbench.cli.unreadable import report_unreadable
from mmbench.errors import DataError
from mmbench.text import listed, plain
from mmbench.types import RunRecord
from mmbench.verdicts.same import distinctions


def command(args: argparse.Namespace) -> int:
    """Build or show the tables of the tasks named, or of all."""
    known = store.tasks_in(args.out)
    for task in args.task:
        if task not in known:
            names = listed(known, len(known))
            raise DataError(f"no run of task {task!r} in {args.out}; there are runs of: {names}")
    if not known:
        raise DataError(f"no runs in {args.out}: `mmbench run -m MODEL -t TASK` makes one")
    if args.action == "build":
        pages, unreadable = board.build(args.out, args.task)
        report_unreadable(unreadable)
        for page in pages:
            print(page)
        return 0
    by_task, unreadable = _tables(args.out, args.task or known)
    report_unreadable(unreadable)
    if args.brief:
        print("\n".join(_brief(by_task)))
        return 0
    width = None if sys.stdout.isatty() else 120
    for task, tables in by_task.items():
        for records, caption in zip(tables, board.captions(tables), strict=True):
            print(task)
            print(board_terminal.show(records, caption, width))
    return 0


def _tables(out: str, tasks: Sequence[str]) -> tuple[dict[str, list[list[RunRecord]]], list[str]]:
    """The tables of each task, and a line about each file that is no record."""
    found = {task: store.read_records(out, task) for task in tasks}
    unreadable = [line for records in found.values() for line in records.unreadable]
    return {task: board.sections(records) for task, records in found.items()}, unreadable


def _brief(by_task: Mapping[str, list[list[RunRecord]]]) -> list[str]:
    """Lines for each model of each task; where runs of a task differ, apart and under a title."""
    tables = by_task.items()
    rows = [[plain(c) for c in row] for _, found in tables for t in found for row in board.brief(t)]
    head, *lines = aligned([board.BRIEF, *rows], left={0, 1, 2})
    shown, rest = [head], iter(lines)
    for task, found in tables:
        titles = distinctions([table[0] for table in found])
        for parts, table in zip(titles, found, strict=True):
            title = f"{task}, {'; '.join(parts)}" if parts else task
            shown += [f"{plain(title)}:"] if len(found) > 1 else []
            shown += islice(rest, len(board.brief(table)))
    return shown
