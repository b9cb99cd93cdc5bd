"""`mmbench compare`: is one run better than another."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import msgspec

from mmbench import board, store
from mmbench.cli.columns import aligned
from mmbench.cli.json_output import write_json
from mmbench.errors import UserError
from mmbench.text import count, plain
from mmbench.types import RunRecord
from mmbench.verdicts.changes import Changes
from mmbench.verdicts.compare import Compared, Comparison, compare_runs
from mmbench.verdicts.letters import letters

_HEADER = ["metric", "baseline", "candidate", "difference", "{} %", "p", "p (Holm)", "detectable",
           "verdict"]  # fmt: skip


def command(args: argparse.Namespace) -> int:
    """Print every candidate beside the baseline, and of several runs which do not differ."""
    if len(args.run) < 2:
        raise UserError("mmbench compare takes two runs or more, the baseline first")
    pairs = compare_runs(
        args.run, metrics=args.metric, alpha=args.alpha, out=args.out, seed=args.seed
    )
    if args.json:
        write_json(msgspec.json.format(msgspec.json.encode(pairs), indent=2))
        return 0
    by_task: dict[str, list[RunRecord]] = {}
    for run in args.run:
        record = store.find_record(args.out, run)
        by_task.setdefault(record.task.name, []).append(record)
    lines = [told(pairs, records, args.show) for records in by_task.values()]
    print("\n\n".join("\n".join(own) for own in lines))
    return 0


def told(pairs: Sequence[Comparison], records: Sequence[RunRecord], show: int = 10) -> list[str]:
    """What `mmbench compare` prints of the runs of one task, in order, of all `pairs`."""
    tests = sum(score.p_value is not None for pair in pairs for score in pair.scores)
    lines = [
        f"{plain(records[0].task.name)}: {board.caption([records[0]])}",
        f"p corrected (Holm) over {count(tests, 'test')}; seed {pairs[0].seed}",
    ]
    pairs = [pair for pair in pairs if pair.task == records[0].task.name]
    for pair, record in zip(pairs, records[1:], strict=False):  # the first pairs: the baseline's
        lines += ["", f"baseline   {_named(records[0])}", f"candidate  {_named(record)}", ""]
        lines += _table(pair)
        lines += _notes(pair)
        for changed in pair.changes:
            lines += ["", *_changes(changed, show)]
    return lines + (_groups(pairs, records) if len(records) > 2 else [])


def _named(record: RunRecord) -> str:
    return f"{plain(record.run)}  {plain(board.label(record))}"


def _table(pair: Comparison) -> list[str]:
    header = [name.format(f"{100 * (1 - pair.alpha):g}") for name in _HEADER]
    return aligned([header, *(_row(score) for score in pair.scores)], left={0, 8})


def _row(score: Compared) -> list[str]:
    digits = 2 if max(abs(score.baseline or 0), abs(score.candidate or 0)) > 1 else 4
    ends = f"{number(score.low, 4, '+')} to {number(score.high, 4, '+')}"
    return [
        plain(score.metric),
        number(score.baseline, digits),
        number(score.candidate, digits),
        number(score.difference, 4, "+"),
        ends if score.low is not None else "n/a",
        chance(score.p_value),
        chance(score.p_holm),
        number(score.detectable, 4),
        score.verdict + (f": {plain(score.reason)}" if score.reason else ""),
    ]


def number(value: float | None, digits: int, sign: str = "") -> str:
    """A number in a table; `n/a` for none."""
    # + 0.0: what rounds to nothing has no sign of its own.
    return "n/a" if value is None else f"{round(value, digits) + 0.0:{sign}.{digits}f}"


def chance(p_value: float | None) -> str:
    """A p-value in a table."""
    return "<0.0001" if p_value is not None and p_value < 1e-4 else number(p_value, 4)


def _notes(pair: Comparison) -> list[str]:
    """Which tests, of how many samples, and what was left out."""
    lines: dict[str, list[str]] = {}
    for score in pair.scores:
        if score.test:
            of = "" if score.groups == score.n else f" in {count(score.groups, 'group')}"
            told = f"{score.test}, on {count(score.n, 'sample')}{of}"
            lines.setdefault(told, []).append(score.metric)
        if any(score.failed):
            in_a, in_b, both = score.failed
            told = (
                f"left out: {count(in_a, 'sample')} failed in the baseline alone,"
                f" {in_b} in the candidate alone, {both} in both"
            )
            lines.setdefault(told, []).append(score.metric)
    if pair.only_in_one:
        lines["only in one run"] = pair.only_in_one
    every = len(pair.scores)
    return [
        f"  {what}" + ("" if len(names) == every > 1 else f": {', '.join(map(plain, names))}")
        for what, names in lines.items()
    ]


def _changes(changed: Changes, show: int) -> list[str]:
    lines = [
        f"{plain(changed.metric)}: {count(changed.worse, 'sample')} worse, {changed.better} better"
        + (", the worst first:" if changed.samples and show > 0 else "")
    ]
    for sample in changed.samples[: max(0, show)]:
        said = f"{_quoted(sample.baseline_said)} → {_quoted(sample.candidate_said)}"
        line = f"  {plain(sample.id, 60)}  {sample.baseline:.4g} → {sample.candidate:.4g}  {said}"
        lines.append(f"{line}  (right: {_quoted(sample.target)})" if sample.target else line)
    return lines


def _quoted(text: str) -> str:
    return plain(text, 60) or "nothing"


def _groups(pairs: Sequence[Comparison], records: Sequence[RunRecord]) -> list[str]:
    """Of each metric the runs, best first, with their letters."""
    at = {record.run: place for place, record in enumerate(records)}
    lines = ["", "Runs that share a letter do not differ:"]
    for place, score in enumerate(pairs[0].scores):
        values = [record.scores[score.metric].value for record in records]
        sign = -1 if score.better == "higher" else 1
        order = sorted(
            range(len(records)), key=lambda r: (values[r] is None, sign * (values[r] or 0), r)
        )
        rank = {run: nth for nth, run in enumerate(order)}
        differ = [
            (rank[at[pair.baseline]], rank[at[pair.candidate]])
            for pair in pairs
            if pair.scores[place].verdict in ("better", "worse")
        ]
        found = letters(len(records), differ)
        rows = [
            [f"  {number(values[run], 4)}", found[nth], _named(records[run])]
            for nth, run in enumerate(order)
        ]
        lines += ["", plain(score.metric), *aligned(rows, left={1, 2})]
    return lines
