"""`mmbench leaderboard`: make the tables again from the records, or show them."""

from __future__ import annotations

import argparse
import sys

from mmbench import board, store
from mmbench.cli.columns import aligned
from mmbench.errors import DataError
from mmbench.text import plain


def command(args: argparse.Namespace) -> int:
    """Build or show the tables of the tasks named, or of all."""
    known = {name.split("/")[1] for name in store.Folder(args.out).glob("runs/*/*.json")}
    for task in args.task:
        if task not in known:
            raise DataError(f"no run of task {task!r} in {args.out}; runs of: {sorted(known)}")
    if not known:
        raise DataError(f"no runs in {args.out}: `mmbench run -m MODEL -t TASK` makes one")
    if args.action == "build":
        for page in board.build(args.out, args.task):
            print(page)
        return 0
    tasks = args.task or sorted(known)
    if args.brief:
        print("\n".join(_brief(args.out, tasks)))
        return 0
    width = None if sys.stdout.isatty() else 120
    for task in tasks:
        for records in board.sections(store.read_records(args.out, task)):
            print(task)
            print(board.show(records, width))
    return 0


def _brief(out: str, tasks: list[str]) -> list[str]:
    tables = [table for task in tasks for table in board.sections(store.read_records(out, task))]
    rows = [[plain(cell) for cell in row] for table in tables for row in board.brief(table)]
    return aligned([board.BRIEF, *rows], left={0, 1, 2})
