"""The section of a comment on one gate: verdicts, changed samples, cost and commands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from shlex import join
from typing import NamedTuple

from mmbench.comparison.gate import WORST_FIRST, GateOutcome, GateResult, GateVerdict
from mmbench.reports.command import repeat_command
from mmbench.reports.pull_request.cost import cost_lines
from mmbench.reports.pull_request.links import ReportLinks
from mmbench.reports.pull_request.samples import sample_lines
from mmbench.reports.pull_request.tables import table_lines
from mmbench.reports.sections import label
from mmbench.text import count_in_groups
from mmbench.text.github_markdown import github_block, github_code, github_text
from mmbench.text.number_format import format_interval, format_number
from mmbench.types import RunRecord

MARKS: dict[GateOutcome, str] = {"pass": "✅", "fail": "❌", "unclear": "⚠️"}
_ON_UNCLEAR = {"pass": "passes", "fail": "fails"}
_MOST_FAILURES = 3  # failed samples of the candidate that are named
_HEADER = ("metric", "baseline", "candidate", "difference ({:g} %)", "allowed loss", "verdict")


class Section(NamedTuple):
    """A section of a comment: the outcome, the task, what was compared, and the Markdown.

    `compared` are the ids of the baseline and of the candidate, and the metrics of the gate.
    """

    outcome: GateOutcome
    task: str
    compared: tuple[str, ...]
    markdown: str


def gate_section(
    result: GateResult, fail_if: Sequence[str], on_unclear: str = "4", report_url: str = ""
) -> Section:
    """Return the section of a comment on a gate.

    `fail_if` are the rules of the gate, `on_unclear` the value of `--on-unclear`, and `report_url`
    the URL of a report with both runs, or "" (see `ReportLinks`). Raises DataError if the rows of a
    run cannot be read.
    """
    records = result.baseline.record, result.candidate.record
    links = ReportLinks(report_url, *records)
    task = result.comparison.task
    lines = [
        f"### {MARKS[result.outcome]} {github_text(task)}: {_summary(result)}",
        "",
        *_runs(records, links),
        "",
        *_verdicts(result),
        "",
        *_remarks(result, on_unclear),
        *sample_lines(result, _worst(result).metric, links),
        *cost_lines(records),
        *_commands(result, fail_if),
    ]
    runs, metrics = (record.run for record in records), (v.metric for v in result.verdicts)
    markdown = "\n".join(lines).rstrip("\n")
    return Section(result.outcome, task, (*runs, *metrics), markdown)


def _worst(result: GateResult) -> GateVerdict:
    """Return the first verdict with the outcome of the gate; of passes, that of the headline."""
    headline = result.baseline.record.headline
    return min(result.verdicts, key=lambda v: (WORST_FIRST.index(v.outcome), v.metric != headline))


def _summary(result: GateResult) -> str:
    """Return the outcome of a gate in words, with the change of the worst verdict."""
    verdict = _worst(result)
    same = sum(one.outcome == verdict.outcome for one in result.verdicts)
    others = f", and {same - 1} more" if same > 1 else ""
    metric = github_code(verdict.metric)
    if result.outcome == "pass":
        return f"pass ({metric} {_change(verdict)}{others})"
    return f"{result.outcome}: {metric} {_change(verdict)}{others}"


def _change(verdict: GateVerdict) -> str:
    if verdict.loss is None:
        return "has no test"
    if not verdict.loss:
        return "is unchanged"
    return f"is {'better' if verdict.loss < 0 else 'worse'} by {abs(verdict.loss):.4g}"


def _runs(records: tuple[RunRecord, RunRecord], links: ReportLinks) -> Iterator[str]:
    for name, record in zip(("Baseline", "Candidate"), records, strict=True):
        run = links.to_run(github_code(record.run), record)
        yield f"- {name}: {github_code(label(record))}, run {run}"
    if links.comparison:
        yield f"- {links.to_comparison('All differences in the report')}"


def _verdicts(result: GateResult) -> list[str]:
    """Return the table of verdicts, the worst first."""
    scores = {score.metric: score for score in result.comparison.scores}
    ordered = sorted(result.verdicts, key=lambda v: WORST_FIRST.index(v.outcome))
    rows = []
    for verdict in ordered:
        score = scores[verdict.metric]
        interval = format_interval(score.low, score.high, "+")
        change = format_number(score.difference, sign="+")
        rows.append([
            github_code(verdict.metric),
            format_number(verdict.baseline),
            format_number(verdict.candidate),
            change if score.low is None else f"{change} ({interval})",
            _allowed(verdict),
            _conclusion(verdict),
        ])  # fmt: skip
    level = 100 * (1 - result.comparison.alpha)
    return table_lines([name.format(level) for name in _HEADER], rows, numbers=range(1, 5))


def _allowed(verdict: GateVerdict) -> str:
    """Return the allowed loss: `0.5%`, with its value in the unit of the metric."""
    relative = verdict.allowed.endswith("%") and verdict.margin is not None
    return f"{verdict.allowed} = {verdict.margin:.4g}" if relative else verdict.allowed


def _conclusion(verdict: GateVerdict) -> str:
    short = f"{MARKS[verdict.outcome]} {verdict.outcome}"
    if verdict.outcome == "pass":
        return f"{short}: {github_text(verdict.message, 100)}"
    return f"{short}, p = {verdict.p_value:.2g}" if verdict.p_value is not None else short


def _remarks(result: GateResult, on_unclear: str) -> Iterator[str]:
    """Yield why verdicts are unclear, the failed samples, and which samples were tested."""
    for verdict in result.verdicts:
        if verdict.outcome == "unclear":
            yield f"- {github_code(verdict.metric)}: {github_text(verdict.message, 400)}."
    if result.outcome == "unclear" and on_unclear in _ON_UNCLEAR:
        yield f"- An unclear verdict {_ON_UNCLEAR[on_unclear]} the check (`--on-unclear`)."
    yield from _failed(result)
    sizes = dict.fromkeys((score.n, score.groups) for score in result.comparison.scores)
    tested = ", ".join(count_in_groups(n, "sample", groups) for n, groups in sizes)
    yield f"- Compared on {tested}; p corrected (Holm) over the metrics of this table."
    yield from (f"- Note: {github_text(note, 400)}." for note in result.comparison.notes)
    yield ""


def _failed(result: GateResult) -> Iterator[str]:
    records = result.baseline.record, result.candidate.record
    numbers = [record.counts.get("failed", 0) for record in records]
    if not any(numbers):
        return
    reasons = "; ".join(
        f"{github_code(ident, 60)}: {github_text(why, 120)}"
        for ident, why in records[1].failures[:_MOST_FAILURES]
    )
    named = f", for example {reasons}" if reasons else ""
    counted = f"{numbers[0]:,} in the baseline, {numbers[1]:,} in the candidate"
    yield f"- Failed samples: {counted}{named}."


def _commands(result: GateResult, fail_if: Sequence[str]) -> Iterator[str]:
    """Yield the commands that repeat the runs, the gate, and show the changed samples."""
    baseline, candidate = result.baseline.record, result.candidate.record
    rules = [word for rule in fail_if for word in ("--fail-if", rule)]
    task = ["-t", baseline.task.name] if baseline.task.name == candidate.task.name else []
    runs = ["--baseline", baseline.run, "--candidate", candidate.run]
    repeated = [repeat_command(record) for record in (baseline, candidate)]
    commands = [
        *(one.text for one in repeated),
        join(["mmbench", "gate", *task, *runs, *rules]),
        join(["mmbench", "inspect", *task, baseline.run, candidate.run, "--changed"]),
    ]
    missing = dict.fromkeys(sentence for one in repeated for sentence in one.missing)
    yield "<details><summary>Reproduce</summary>"
    yield ""
    yield from github_block(commands, "sh")
    yield ""
    yield from (f"- {github_text(sentence, 400)}" for sentence in missing)
    yield from ("", "</details>")
