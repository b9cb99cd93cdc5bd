"""`mmbench history`: a metric over checkpoints and time."""

from __future__ import annotations

import argparse
import sys

import msgspec

from mmbench.cli.columns import aligned
from mmbench.cli.compare import chance, number
from mmbench.cli.json_output import write_json
from mmbench.text import plain
from mmbench.verdicts.history import Point, history

_HEADER = ["line", "created", "run", "model", "value", "95 %", "failed", "change"]


def command(args: argparse.Namespace) -> int:
    """Print a line for each run, and draw them where that was asked for."""
    metric, points = history(
        args.task,
        model=args.model,
        metric=args.metric,
        alpha=args.alpha,
        out=args.out,
        seed=args.seed,
    )
    if args.json:
        write_json(msgspec.json.format(msgspec.json.encode(points), indent=2))
    else:
        print("\n".join(told(args.task, metric, points)))
    if args.plot:
        from mmbench.verdicts.plot import plot

        plot(points, f"{args.task}: {metric}", args.plot)
        print(f"plot: {args.plot}", file=sys.stderr if args.json else sys.stdout)
    return 0


def told(task: str, metric: str, points: list[Point]) -> list[str]:
    """What `mmbench history` prints."""
    by = {point.by for point in points}
    lines = [f"{plain(task)}: {plain(metric)}"]
    lines += aligned([_HEADER, *map(_row, points)], left={1, 2, 3, 7})
    if len({point.line for point in points}) > 1:
        lines.append(
            "Runs of one line may be compared: same model name, question, data and signature."
        )
    if "rows" in by:
        lines.append("By rows: a paired test on the samples of the run before in its line (Holm).")
    if "intervals" in by:
        lines.append("By intervals: rows are missing; a change is intervals that do not overlap.")
    return lines


def _row(point: Point) -> list[str]:
    digits = 2 if abs(point.value or 0) > 1 else 4
    ends = "n/a" if point.low is None else f"{point.low:.{digits}f} to {point.high:.{digits}f}"
    name = f"{point.model}@{point.checkpoint}" if point.checkpoint else point.model
    name += f" {point.dtype}" if point.dtype not in ("float32", "none") else ""
    return [
        str(point.line + 1),
        point.created[:16],
        plain(point.run),
        plain(name, 60),
        number(point.value, digits),
        ends,
        str(point.failed),
        _change(point, digits),
    ]


def _change(point: Point, digits: int) -> str:
    if not point.by:
        return ""
    told = f"{number(point.difference, digits, '+')} by {point.by}"
    told += "" if point.p_holm is None else f", p {chance(point.p_holm)}"
    return f"{point.change.upper()} {told}" if point.change else f"no change ({told})"
