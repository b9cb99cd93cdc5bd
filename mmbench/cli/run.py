"""`mmbench run`: the product of models and tasks; a pair that fails does not stop the others."""

from __future__ import annotations

import argparse
import sys
from itertools import product

from mmbench import board, store
from mmbench.cli import DONE, INTERRUPTED, SAMPLES, report, worst
from mmbench.cli.options import allowed_failures, options_for
from mmbench.cli.progress import make_progress
from mmbench.text import count, plain
from mmbench.types import RunRecord


def command(args: argparse.Namespace) -> int:
    """Run every pair, write records and tables, and print what was measured."""
    allowed_failures(args.allow_failed, 1)  # refused before hours of work, not after
    records: list[RunRecord] = []
    codes: list[int] = []
    for model, task in product(args.model, args.task):
        codes.append(_pair(model, task, args, records))
        if codes[-1] == INTERRUPTED:
            break
    if records:
        codes.append(_boards(records, args))
    if args.json:
        sys.stdout.write(store.encode(records).decode() + "\n")
    return worst(codes)


def _pair(model: str, task: str, args: argparse.Namespace, records: list[RunRecord]) -> int:
    from mmbench.engine.run import run

    progress = make_progress(quiet=args.quiet)
    try:
        outcome = run(model, task, options_for(task, args), progress)
        where = store.write_record(args.out, outcome.record, outcome.rows)
    except (Exception, KeyboardInterrupt) as error:
        progress.finish()
        return report(error)
    record = outcome.record
    records.append(record)
    print(_told(record, where), file=sys.stderr if args.json else sys.stdout)
    allowed = allowed_failures(args.allow_failed, record.counts["samples"])
    return SAMPLES if record.counts["failed"] > allowed else DONE


def _boards(records: list[RunRecord], args: argparse.Namespace) -> int:
    try:
        pages = board.build(args.out, {record.task.name for record in records})
    except (Exception, KeyboardInterrupt) as error:
        return report(error)
    for page in pages:
        print(f"leaderboard: {page}", file=sys.stderr if args.json else sys.stdout)
    return DONE


def _told(record: RunRecord, where: str) -> str:
    """What one run measured: scores with their published numbers, failures, cost."""
    lines = [f"{plain(board.label(record))} on {record.task.name}: {board.caption([record])}"]
    lines += _scores(record)
    lines += [f"  note: {plain(note)}" for note in record.notes]
    lines += [f"  index {name}: {_flat(told)}" for name, told in record.index.items()]
    lines += _failures(record)
    counts, spent = record.counts, sum(record.seconds.values())
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
        line += f"  ({score.reason})" if score.reason else ""
        entry = published.get(name)
        if entry:
            line += f"  published {entry.value:.4f} for {entry.model}: {entry.verdict}"
        lines.append(line)
    return lines


def _failures(record: RunRecord) -> list[str]:
    failed = record.counts["failed"]
    if not failed:
        return []
    lines = [f"  {count(failed, 'sample')} failed: {board.failed(record)}"]
    lines += [f"    {plain(ident)}: {plain(why)}" for ident, why in record.failures]
    rest = failed - len(record.failures)
    return lines + ([f"    and {rest} more"] if rest else [])


def _flat(values: dict[str, object]) -> str:
    return ", ".join(f"{key} {value}" for key, value in values.items())
