"""`mmbench leaderboard`: make the tables again from the records, or show them."""

from __future__ import annotations

import argparse
import sys
from itertools import islice

from mmbench import board, board_terminal, store
from mmbench.cli.columns import aligned
from mmbench.errors import DataError
from mmbench.text import listed, plain, printable
from mmbench.verdicts.same import distinctions


def command(args: argparse.Namespace) -> int:
    """Build or show the tables of the tasks named, or of all."""
    known = {name.split("/")[1] for name in store.Folder(args.out).glob("runs/*/*.json")}
    for task in args.task:
        if task not in known:
            names = listed(sorted(known), len(known))
            raise DataError(f"no run of task {task!r} in {args.out}; there are runs of: {names}")
    if not known:
        raise DataError(f"no runs in {args.out}: `mmbench run -m MODEL -t TASK` makes one")
    if args.action == "build":
        for page in board.build(args.out, args.task):
            print(printable(page))
        return 0
    tasks = args.task or sorted(known)
    if args.brief:
        print(printable("\n".join(_brief(args.out, tasks))))
        return 0
    width = None if sys.stdout.isatty() else 120
    for task in tasks:
        tables = board.sections(store.read_records(args.out, task))
        for records, caption in zip(tables, board.captions(tables), strict=True):
            print(plain(task))
            print(board_terminal.show(records, caption, width))
    return 0


def _brief(out: str, tasks: list[str]) -> list[str]:
    """Lines for each model of each task; where runs of a task differ, apart and under a title."""
    tables = [(task, board.sections(store.read_records(out, task))) for task in tasks]
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
