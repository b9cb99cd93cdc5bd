"""`mmbench compare`: the differences between runs, with significance tests."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence

from mmbench.cli.commands.results.judged import compare_by_judge
from mmbench.cli.commands.results.ranked import show_rankings
from mmbench.cli.commands.results.replicated import compare_by_replicates
from mmbench.cli.output.board_table import directions, short_name
from mmbench.cli.output.json_output import write_json
from mmbench.cli.output.terminal import display_width, listing, screen_width, show, table
from mmbench.cli.parser.options import find_runs
from mmbench.comparison.changes import SampleChange, SampleChanges
from mmbench.comparison.compact_letter_display import compact_letters
from mmbench.comparison.comparability import task_name
from mmbench.comparison.compare import Comparison, ScoreComparison, compare_runs
from mmbench.errors import UserError
from mmbench.reports.sections import caption, label
from mmbench.stats.corrections import TITLES, Correction
from mmbench.storage.records import StoredRun
from mmbench.task_groups import PREFIX, load_group
from mmbench.text import count, count_in_groups, plain
from mmbench.text.excerpts import excerpts
from mmbench.text.number_format import (
    decimals,
    format_interval,
    format_number,
    format_p_value,
)
from mmbench.types import RunRecord

_HEADER = ["metric", "baseline", "candidate", "difference", "{} %", "p", "p ({})", "detectable",
           "verdict"]  # fmt: skip
_SHORT: dict[Correction, str] = {"holm": "Holm", "by": "BY", "bh": "BH", "none": "uncorrected"}
_QUOTED = 60  # longer outputs are truncated to this many characters


def command(args: argparse.Namespace) -> int:
    """Print the comparison of each candidate with the baseline.

    For three or more runs of a task, print their ranks; pairs are compared on request.
    """
    if args.replicates is not None:
        if args.judge is None:
            _refuse_judge_flags(args)
        return compare_by_replicates(args)
    if args.paired:
        raise UserError("--paired needs --replicates KEY; runs are always compared by sample")
    if len(args.run) < 2:
        raise UserError(
            "compare needs at least two runs; type mmbench compare BASELINE CANDIDATE …"
        )
    if args.task is not None and args.task.startswith(PREFIX):
        return _compare_groups(args)
    runs = find_runs(args.run, args)
    if args.judge is not None:
        _refuse_ranking_flags(args, "does not work with --judge")
        return compare_by_judge(args, runs)
    _refuse_judge_flags(args)
    if _has_three_of_a_task(runs):
        show_rankings(args, runs)
        if args.pairs is None:
            return 0
    else:
        _refuse_ranking_flags(args, "needs three or more runs of a task")
    pairs = compare_runs(
        runs,
        metrics=args.metric,
        alpha=args.alpha,
        seed=args.seed,
        pairs=args.pairs or "all",
        correction=args.correction,
    )
    if args.json:
        write_json(pairs)
        return 0
    by_task: dict[str, list[RunRecord]] = {}
    for run in runs:
        by_task.setdefault(task_name(run.record), []).append(run.record)
    width = screen_width(sys.stdout)
    for nth, records in enumerate(by_task.values()):
        lines = comparison_lines(pairs, records, args.show, width)
        show(["", "", *lines] if nth or args.pairs else lines)
    return 0


def _has_three_of_a_task(runs: Sequence[StoredRun]) -> bool:
    return max(Counter(task_name(run.record) for run in runs).values()) > 2


def _refuse_ranking_flags(args: argparse.Namespace, reason: str) -> None:
    for flag in ("pairs", "cost", "plot"):
        if getattr(args, flag) is not None:
            raise UserError(f"--{flag} {reason}; leave it out")


def _compare_groups(args: argparse.Namespace) -> int:
    """Print the comparison of each candidate with the baseline over a group of tasks."""
    from mmbench.cli.output.comparisons.group_table import difference_lines
    from mmbench.comparison.groups.comparison import compare_group

    if args.judge is not None or args.metric:
        flag = "--judge" if args.judge is not None else "--metric"
        raise UserError(f"{flag} compares runs of one task; leave it out, or give a task with -t")
    _refuse_judge_flags(args)
    _refuse_ranking_flags(args, "does not work with a group of tasks")
    if args.correction != "holm":
        raise UserError("--correction: p of a group of tasks is always corrected by holm")
    group, (baseline, *candidates) = load_group(args.task, args.tasks), args.run
    found = [
        compare_group(baseline, one, group, alpha=args.alpha, out=args.out, seed=args.seed)
        for one in candidates
    ]
    if args.json:
        write_json(found)
        return 0
    width = screen_width(sys.stdout)
    for nth, one in enumerate(found):
        show([*([""] if nth else []), *difference_lines(one, width)])
    return 0


def _refuse_judge_flags(args: argparse.Namespace) -> None:
    for flag in ("rubric", "csv"):
        if getattr(args, flag) is not None:
            raise UserError(f"--{flag} needs a judge; add --judge MODEL, or leave it out")


def comparison_lines(
    pairs: Sequence[Comparison], records: Sequence[RunRecord], most: int, width: int | None
) -> list[str]:
    """Return the lines that `mmbench compare` prints for the runs of one task.

    `pairs` are all compared pairs, and `records` the records of the runs. At most `most` changed
    samples are shown.
    """
    tests = sum(score.p_value is not None for pair in pairs for score in pair.scores)
    lines = [
        f"{plain(task_name(records[0]))}: {plain(caption([records[0]]), 1000)}",
        f"{_correction(pairs[0].correction, tests)}; seed {pairs[0].seed}",
    ]
    pairs = [pair for pair in pairs if pair.task == task_name(records[0])]
    # The first pairs compare each candidate with the baseline.
    for pair, record in zip(pairs, records[1:], strict=False):
        lines += ["", f"baseline   {_run_line(records[0])}", f"candidate  {_run_line(record)}", ""]
        lines += _table(pair, width)
        lines += ["", *_notes(pair)]
        for changed in pair.changes:
            lines += ["", *_changes(changed, most, width)]
    all_pairs = len(pairs) > len(records) - 1
    return lines + (_groups(pairs, records, width) if all_pairs else [])


def _correction(correction: Correction, tests: int) -> str:
    title = TITLES[correction]
    return f"p corrected ({title}) over {count(tests, 'test')}" if title else "p not corrected"


def _run_line(record: RunRecord) -> str:
    return "  ".join(_parts(record))


def _parts(record: RunRecord) -> list[str]:
    perturbation = record.task.perturbation
    return [
        plain(record.run),
        plain(label(record)),
        *([plain(perturbation)] if perturbation else []),
    ]


def _table(pair: Comparison, width: int | None) -> list[str]:
    """Return the scores of a pair as lines, with a separate table for each direction."""
    fields = {4: f"{100 * (1 - pair.alpha):g}", 6: _SHORT[pair.correction]}
    header = [name.format(fields.get(at, "")) for at, name in enumerate(_HEADER)]
    scores = {score.metric: score for score in pair.scores}
    lines: list[str] = []
    for direction, names in directions(scores).items():
        lines += [""] if lines else []
        lines += [plain(direction)] if direction else []
        rows = [[plain(short_name(n, direction)), *_row(scores[n])] for n in names]
        lines += table([header, *rows], {0, 8}, width)
    return lines


def _row(score: ScoreComparison) -> list[str]:
    digits = decimals(score.baseline, score.candidate)
    differences = decimals(score.difference, score.low, score.high)
    return [
        format_number(score.baseline, digits),
        format_number(score.candidate, digits),
        format_number(score.difference, differences, "+"),
        format_interval(score.low, score.high, "+"),
        format_p_value(score.p_value),
        format_p_value(score.p_corrected),
        format_number(score.detectable, differences),
        score.verdict,
    ]


def _notes(pair: Comparison) -> list[str]:
    """Return notes on the tests: the method, the number of samples, and the excluded samples."""
    lines: dict[str, list[str]] = {}
    for score in pair.scores:
        for note in _notes_on(score):
            lines.setdefault(note, []).append(score.metric)
    if pair.only_in_one:
        lines["only in one run"] = pair.only_in_one
    every = [score.metric for score in pair.scores]
    return [
        f"  {note}" + ("" if names == every and len(names) > 1 else f": {_metrics(names, every)}")
        for note, names in lines.items()
    ] + [f"  {plain(note, 1000)}" for note in pair.notes]


def _metrics(names: Sequence[str], every: Sequence[str]) -> str:
    """Return names of metrics as text; if all metrics of a direction are named, `all DIRECTION`.

    `every` are the names of all metrics.
    """
    by_direction = directions(names)
    whole = {
        direction
        for direction, group in directions(every).items()
        if direction and by_direction.get(direction) == group
    }
    return ", ".join(
        f"all {plain(direction)}" if direction in whole else ", ".join(map(plain, group))
        for direction, group in by_direction.items()
    )


def _notes_on(score: ScoreComparison) -> Iterator[str]:
    if score.test:
        yield f"{score.test}, on {count_in_groups(score.n, 'sample', score.groups)}"
    if score.reason:
        yield f"{score.verdict}: {plain(score.reason)}"
    if any(score.failed):
        in_a, in_b, both = score.failed
        yield (
            f"excluded: {count(in_a, 'sample')} failed in the baseline alone,"
            f" {in_b:,} in the candidate alone, {both:,} in both"
        )


def _changes(changed: SampleChanges, most: int, width: int | None) -> list[str]:
    samples = changed.samples[: max(0, most)]
    lines = [
        f"{plain(changed.metric)}: {count(changed.worse, 'sample')} worse,"
        f" {changed.better:,} better{', the worst first:' if samples else ''}"
    ]
    return lines + [line for sample in samples for line in _change(sample, width)]


def _change(sample: SampleChange, width: int | None) -> list[str]:
    """Return the lines that show a changed sample: both outputs and the reference.

    The result is a single line if it fits into `width`, otherwise a line for each part.
    """
    baseline, candidate = excerpts(sample.baseline_output, sample.candidate_output, _QUOTED)
    reference = excerpts(sample.target, sample.candidate_output, _QUOTED)[0]
    heading = f"  {plain(sample.id, 60)}  {sample.baseline:.4g} → {sample.candidate:.4g}"
    line = f"{heading}  {baseline or 'nothing'} → {candidate or 'nothing'}"
    line += f"  (reference: {reference})" if reference else ""
    if width is None or display_width(line) <= width:
        return [line]
    rows = [("baseline", baseline or "nothing"), ("candidate", candidate or "nothing")]
    rows += [("reference", reference)] if reference else []
    return [heading, *listing(rows, width, indent=4)]


def _groups(
    pairs: Sequence[Comparison], records: Sequence[RunRecord], width: int | None
) -> list[str]:
    """Return lines that list, for each metric, the runs from best to worst with their letters.

    Runs with a common letter do not differ significantly.
    """
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
        group_letters = compact_letters(len(records), differ)
        digits = decimals(*values)
        formatted = [format_number(values[run], digits) for run in order]
        wide = max(map(len, formatted))
        rows = [
            [f"{formatted[nth]:>{wide}}", group_letters[nth], *_parts(records[run])]
            for nth, run in enumerate(order)
        ]
        lines += ["", plain(score.metric), *listing(rows, width, indent=2)]
    return lines
