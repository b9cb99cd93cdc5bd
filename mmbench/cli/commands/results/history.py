"""`mmbench history`: metrics over the checkpoints of training runs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import PurePosixPath

from mmbench.cli.output import terminal as columns
from mmbench.cli.output.json_output import write_json
from mmbench.cli.output.terminal import (
    aligned,
    display_width,
    report_unreadable,
    screen_width,
    show,
)
from mmbench.comparison.history import Point, histories, line_name, point_name
from mmbench.storage.folders import Folder
from mmbench.text import plain
from mmbench.text.number_format import decimals, format_interval, format_number, p_equals

_STAMP = len("20261126-120631")  # length of the time at the beginning of a run id


def command(args: argparse.Namespace) -> int:
    """Print a table for each metric, and write a plot if a file is given."""
    unreadable: list[str] = []
    points_by_metric = histories(
        args.task,
        args.metric,
        model=args.model,
        by=args.by,
        alpha=args.alpha,
        out=args.out,
        seed=args.seed,
        unreadable=unreadable,
    )
    report_unreadable(unreadable)
    if args.json:
        points = [point for own in points_by_metric.values() for point in own]
        write_json(points)
    else:
        names = Folder(args.out).run_files()
        short = shortener([PurePosixPath(name).stem for name in names])
        width = screen_width(sys.stdout)
        tables = [
            table(args.task, name, points, short, width)
            for name, points in points_by_metric.items()
        ]
        blocks = [lines for lines in [*tables, notes(list(points_by_metric.values()))] if lines]
        for nth, lines in enumerate(blocks):
            show(["", *lines] if nth else lines)
    if args.plot:
        from mmbench.comparison.plot import plot

        plot(
            {f"{args.task}: {name}": points for name, points in points_by_metric.items()}, args.plot
        )
        show([f"plot: {args.plot}"], sys.stderr if args.json else sys.stdout)
    return 0


def shortener(runs: Sequence[str]) -> Callable[[str], str]:
    """Return a function that shortens a run id to the time of the run.

    It returns ids unchanged if two runs have the same time.
    """

    def short(run: str) -> str:
        beginning = run[:_STAMP]
        return run if sum(other.startswith(beginning) for other in runs) > 1 else beginning

    return short


def table(
    task: str,
    metric: str,
    points: Sequence[Point],
    short: Callable[[str], str],
    width: int | None = None,
) -> list[str]:
    """Return the lines of a metric's table, in which each line of the history has a heading.

    Columns are aligned over the whole table; on a narrow terminal, they are aligned only below each
    heading.
    """
    failed = any(point.failed for point in points)
    parts = [_part(list(own), failed, short) for _, own in groupby(points, lambda p: p.line)]
    left = {3 + failed, 4 + failed}
    whole = iter(aligned([row for _, rows in parts for row in rows], left))
    tables = [[f"  {next(whole)}" for _ in rows] for _, rows in parts]
    if width is not None and any(display_width(line) > width for lines in tables for line in lines):
        tables = [columns.table(rows, left, width, indent=2) for _, rows in parts]
    lines = [f"{plain(task)}: {plain(metric)}"]
    for (heading, _), rows in zip(parts, tables, strict=True):
        lines += ["", heading, *rows]
    return lines


def _part(
    line: Sequence[Point], failed: bool, short: Callable[[str], str]
) -> tuple[str, list[list[str]]]:
    """Return the heading of a line of the history, and its table rows with the header first."""
    first = "step" if line[0].order == "step" else "checkpoint"
    header = [first, "value", "95 %", *(["failed"] if failed else []), "change", "run"]
    heading = f"{line[0].line + 1}  {plain(line_name(line[0]), 76)}"
    return heading, [header, *(_row(point, failed, short) for point in line)]


def _row(point: Point, failed: bool, short: Callable[[str], str]) -> list[str]:
    return [
        plain(point_name(point), 40),
        format_number(point.value),
        format_interval(point.low, point.high),
        *([str(point.failed)] if failed else []),
        _change(point),
        plain(short(point.run)),
    ]


def _change(point: Point) -> str:
    if not point.by:
        return ""
    chance = "" if point.p_holm is None else f", {p_equals(point.p_holm)}"
    word = point.change.upper() or "no change"
    return f"{word} {format_number(point.difference, decimals(point.value), '+')}{chance}"


def notes(tables: Sequence[Sequence[Point]]) -> list[str]:
    """Return notes that explain the columns of the tables."""
    points = [point for points in tables for point in points]
    lines = []
    if any(point.by for point in points):
        lines.append("Changes are relative to the previous point in the same numbered line.")
    if any(point.by == "rows" for point in points):
        lines.append("With p: a paired test of the samples, corrected over the history (Holm).")
    if any(point.by == "intervals" for point in points):
        lines.append(
            "Without p: rows are missing; intervals that do not overlap count as a change."
        )
    return lines
