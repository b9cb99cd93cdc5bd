"""What every command does with a finished run: keep it, print it, make the tables."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from mmbench import board, store
from mmbench.cli import DONE, SAMPLES, UNCLEAR, report
from mmbench.cli.json_output import write_json
from mmbench.cli.options import allowed_failures
from mmbench.errors import UserError
from mmbench.text import count, plain
from mmbench.types import RunRecord

if TYPE_CHECKING:
    from mmbench.engine.run import Outcome

_PARTS = 8  # values of a tag shown


def keep(outcome: Outcome, args: argparse.Namespace) -> RunRecord:
    """Write a run's record and rows, and print what was measured."""
    where = store.write_record(args.out, outcome.record, outcome.rows)
    print(told(outcome.record, where), file=sys.stderr if args.json else sys.stdout)
    return outcome.record


def ended(record: RunRecord, allowed: str) -> int:
    """Return the exit code of one run: 3, 4 where the headline has no value, else 0."""
    if record.counts["failed"] > allowed_failures(allowed, record.counts["samples"]):
        return SAMPLES
    headline = record.scores.get(record.headline)
    return UNCLEAR if headline is None or headline.value is None else DONE


def publish(records: list[RunRecord], args: argparse.Namespace) -> int:
    """Make the tables of these records, and print them as JSON where that was asked for."""
    code, pages = DONE, []
    try:
        pages = board.build(args.out, {record.task.name for record in records}) if records else []
    except (UserError, KeyboardInterrupt) as error:
        code = report(error)
    for page in pages:
        print(f"leaderboard: {page}", file=sys.stderr if args.json else sys.stdout)
    if args.json:
        write_json(store.encode(records))
    return code


def told(record: RunRecord, where: str) -> str:
    """What one run measured: scores with their published numbers, failures, cost."""
    lines = [f"{plain(board.label(record))} on {record.task.name}: {board.caption([record])}"]
    lines += _scores(record)
    lines += [f"  note: {plain(note)}" for note in record.notes]
    lines += [f"  index {name}: {_flat(told)}" for name, told in record.index.items()]
    lines += _failures(record)
    lines += _breakdowns(record)
    counts, spent = record.counts, sum(record.seconds.values())
    if not counts["requests"]:
        return "\n".join([*lines, f"  {spent:.1f} s", f"  record: {where}"])
    lines.append(
        f"  {counts['requests']} requests: {counts['computed']} computed,"
        f" {counts['cached']} from the cache; {spent:.1f} s"
        + "".join(f", {rate:g} {unit}" for unit, rate in record.throughput.items())
    )
    lines.append(f"  record: {where}")
    return "\n".join(lines)


def _scores(record: RunRecord) -> list[str]:
    published = {entry.metric: entry for entry in record.published}
    width = max(map(len, record.scores), default=0)
    lines = []
    for name, score in record.scores.items():
        line = f"  {name:{width}}  {board.number(score):>8}"
        line += f"  [{board.interval(score)}]" if score.low is not None else ""
        line += f"  ({score.reason})" if score.reason else ""
        entry = published.get(name)
        if entry:
            line += f"  published {entry.value:.4f} for {entry.model}: {entry.verdict}"
        lines.append(line)
    return lines


def _breakdowns(record: RunRecord) -> list[str]:
    """Show the headline by the values of each tag, the largest parts first.

    Where the headline is a mean over the values of a tag (`NAME{macro:TAG}`), its metric is shown;
    where its library is missing, nothing is.
    """
    lines = []
    metric = record.headline.partition("{macro:")[0]
    for tag, values in record.breakdowns.items():
        parts = {v: found[metric] for v, found in values.items() if metric in found}
        shown = sorted(parts, key=lambda value: -parts[value].n)[:_PARTS]
        lines += [f"  {metric} by {plain(tag)}:"] if shown else []
        lines += [f"    {plain(v):30} {board.number(parts[v]):>8}" for v in shown]
        rest = len(parts) - len(shown)
        lines += [f"    and {rest} more; `mmbench show run {record.run}`"] if rest else []
    return lines


def _failures(record: RunRecord) -> list[str]:
    failed = record.counts["failed"]
    if not failed:
        return []
    within = board.bounds(record)
    lines = [f"  {count(failed, 'sample')} failed" + (f": {within}" if within else "")]
    lines += [f"    {plain(ident)}: {plain(why)}" for ident, why in record.failures]
    rest = failed - len(record.failures)
    return lines + ([f"    and {rest} more"] if rest else [])


def _flat(values: dict[str, object]) -> str:
    return ", ".join(f"{key} {value}" for key, value in values.items())
