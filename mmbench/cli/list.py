"""`mmbench list`: names in the first column, a summary behind; loads nothing heavy."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from mmbench import registry
from mmbench.cli.unreadable import report_unreadable
from mmbench.text import plain


def command(args: argparse.Namespace) -> int:
    """Print one line per name."""
    rows = list(_rows(args))
    width = max((len(name) for name, _ in rows), default=0)
    for name, text in rows:
        print(f"{name:{width}}  {plain(text)}".rstrip())
    return 0


def _rows(args: argparse.Namespace) -> Iterator[tuple[str, str]]:
    if args.what == "tasks":
        return _tasks(args.tasks)
    if args.what == "runs":
        return _runs(args.out)
    kind = "data" if args.what == "data" else args.what.removesuffix("s")
    return ((name, registry.summary(kind, name)) for name in registry.names(kind))


def _tasks(folders: list[str]) -> Iterator[tuple[str, str]]:
    from mmbench.spec import task_files, task_summary

    for name, path in sorted(task_files(folders).items()):
        yield name, task_summary(path)


def _runs(out: str) -> Iterator[tuple[str, str]]:
    from mmbench import board, store

    records = store.read_records(out)
    report_unreadable(records.unreadable)
    for record in records:
        headline = record.scores.get(record.headline)
        value = f"{record.headline} {board.number(headline)}"
        yield record.run, f"{record.task.name}  {board.label(record)}  {value}"
