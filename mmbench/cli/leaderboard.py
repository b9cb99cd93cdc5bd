"""`mmbench leaderboard`: make the tables again from the records, or show them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from itertools import islice

from mmbench import board, store
from mmbench.cli.board_table import board_table
from mmbench.cli.columns import aligned, cells, printable, screen_width, show, table
from mmbench.errors import DataError
from mmbench.text import listed, plain
from mmbench.types import RunRecord
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
        show(board.build(args.out, args.task))
        return 0
    tasks = args.task or sorted(known)
    width = screen_width(sys.stdout)
    if args.brief:
        show(_brief(args.out, tasks, width))
        return 0
    lines: list[str] = []
    for task in tasks:
        tables = board.sections(store.read_records(args.out, task))
        for records, caption in zip(tables, board.captions(tables), strict=True):
            lines += [""] if lines else []
            lines += [f"{plain(task)}: {printable(caption)}"]
            lines += board_table(records, width)
    show(lines)
    return 0


def _brief(out: str, tasks: list[str], width: int | None) -> list[str]:
    """Return a line for each model of each task; on a narrow terminal the tasks are headings."""
    tables = [(task, board.sections(store.read_records(out, task))) for task in tasks]
    lines = _one_table(tables)
    if width is None or all(cells(line) <= width for line in lines):
        return lines
    return [line for task, sections in tables for line in _by_task(task, sections, width)]


def _one_table(tables: list[tuple[str, list[list[RunRecord]]]]) -> list[str]:
    """Return all models in one table; where runs of a task differ, apart and under a title."""
    rows = [[plain(c) for c in row] for _, found in tables for t in found for row in board.brief(t)]
    head, *lines = aligned([board.BRIEF, *rows], left={0, 1, 2})
    shown, rest = [head], iter(lines)
    for task, found in tables:
        for title, section in _titled(task, found):
            shown += [f"{title}:"] if len(found) > 1 else []
            shown += islice(rest, len(board.brief(section)))
    return shown


def _by_task(task: str, sections: list[list[RunRecord]], width: int) -> Iterator[str]:
    """Yield the models of a task under its name and headline."""
    for title, section in _titled(task, sections):
        rows = [[plain(cell) for cell in row] for row in board.brief(section)]
        blind = f"; {board.BRIEF[-1]} {rows[0][-1]}" if rows[0][-1] else ""
        yield f"{title}: {rows[0][2]}{blind}"
        yield from table([(row[1], row[3], row[4]) for row in rows], {0}, width, indent=2)


def _titled(task: str, sections: list[list[RunRecord]]) -> Iterator[tuple[str, list[RunRecord]]]:
    """Yield each table of a task with its title, which says what sets it apart."""
    titles = distinctions([section[0] for section in sections])
    for parts, section in zip(titles, sections, strict=True):
        yield plain(f"{task}, {'; '.join(parts)}" if parts else task), section
