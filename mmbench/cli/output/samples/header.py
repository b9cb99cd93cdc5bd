"""The lines around a list of samples: the run or the two runs, the verdict, and what to type."""

from __future__ import annotations

from collections.abc import Sequence

from mmbench.cli.output.samples.selection import Selection, in_scope
from mmbench.cli.output.terminal import listing
from mmbench.comparison.compare import Comparison, ScoreComparison
from mmbench.comparison.samples.run_samples import RunSamples
from mmbench.metrics.speech.long_form import options_in_signature
from mmbench.reports.sections import caption, label
from mmbench.text import count, plain
from mmbench.text.number_format import decimals, format_interval, format_number, p_equals
from mmbench.types import OUTPUTS, RunRecord

_MORE = 10  # times as many samples are suggested


def run_header(samples: RunSamples, metric: str, width: int | None) -> list[str]:
    """Return the lines about one run: model, task, score, and the numbers of samples."""
    record = samples.record
    rows = [
        ["run", plain(record.run)],
        ["model", plain(label(record), 400)],
        ["task", _task(record)],
        ["score", _score(record, metric or record.headline)],
        ["samples", _numbers(samples, metric)],
    ]
    return listing(rows, width)


def pair_header(
    records: Sequence[RunRecord], comparison: Comparison, width: int | None
) -> list[str]:
    """Return the lines about two runs: the verdict on each compared score, and how many changed."""
    rows = [
        *(
            [role, f"{plain(record.run)}  {plain(label(record), 400)}"]
            for role, record in zip(("baseline", "candidate"), records, strict=True)
        ),
        ["task", _task(records[0])],
        *(["verdict", verdict(score)] for score in comparison.scores),
        *(
            ["changed", f"{changed.worse:,} worse, {changed.better:,} better"]
            for changed in comparison.changes
        ),
    ]
    return listing(rows, width)


def verdict(score: ScoreComparison) -> str:
    """Return the verdict on a score as a line: `wer[basic]: worse, 0.1 → 0.2, difference …`."""
    digits = decimals(score.baseline, score.candidate)
    values = (format_number(value, digits) for value in (score.baseline, score.candidate))
    parts = [f"{plain(score.metric)}: {score.verdict}", " → ".join(values)]
    if score.difference is not None:
        difference = format_number(score.difference, digits, "+")
        parts += [f"difference {difference} ({format_interval(score.low, score.high, '+')})"]
    parts += [p_equals(score.p_value)] if score.p_value is not None else []
    parts += [f"on {count(score.n, 'sample')}"] if score.n else []
    parts += [plain(score.reason)] if score.reason else []
    return ", ".join(parts)


def _task(record: RunRecord) -> str:
    return f"{plain(record.task.name)}: {plain(caption([record]), 1_000)}"


def _score(record: RunRecord, name: str) -> str:
    score = record.scores.get(name)
    value = f"{plain(name)} {format_number(score.value if score else None)}"
    if score is None or score.low is None:
        return value
    return f"{value} [{format_interval(score.low, score.high)}]"


def _numbers(samples: RunSamples, metric: str) -> str:
    """Return the numbers of samples that the metric covers, that are wrong and that failed."""
    covered = in_scope(samples, metric)
    parts = []
    if wrong := int(samples.wrong(metric or None).sum()):
        graded = samples.is_graded(metric or None)
        parts = [f"{wrong:,} {'not perfect' if graded else 'wrong'}"]
    parts += [f"{int(samples.failed().sum()):,} failed"]
    rest = int((~covered).sum())
    several = "s" if len(set(samples.directions())) > 2 else ""
    others = f"; {rest:,} in the other direction{several}" if rest else ""
    return f"{int(covered.sum()):,}: {', '.join(parts)}{others}"


def list_title(selection: Selection, shown: int, selected: int, *, pairs: bool = False) -> str:
    """Return the line above a list of samples: which samples it shows, in which order.

    `pairs` says that the samples are those of two runs.
    """
    tags = " and ".join(f"{plain(tag)}={plain(value)}" for tag, value in selection.where)
    where = f" with {tags}" if tags else ""
    if selection.kind == "ids":
        return f"{count(selected, 'sample')}{where}:" if selected else f"no sample{where}"
    kind = "" if selection.kind == "worst" else f"{selection.kind} "
    if not shown:
        return f"no {kind}sample{where}"
    number = f"all {selected:,}" if shown == selected else f"{shown:,} of {selected:,}"
    noun = f"{kind}sample{'s' if selected != 1 else ''}"
    worst = "worst of the candidate" if pairs else "worst"
    worst = "largest loss" if selection.kind == "changed" else worst
    order = f", the {worst} by {plain(selection.metric)} first" if selection.metric else ""
    return f"{number} {noun}{where}{order}:"


def missing_inputs(samples: Sequence[RunSamples]) -> list[str]:
    """Return a line that says how to store the inputs of a run, if its board does not have them."""
    record = next((one.record for one in samples if one.table is None), None)
    if record is None:
        return []
    task = plain(record.task.name)
    if record.model.adapter == OUTPUTS:
        again = f"score its outputs again: mmbench score -t {task} --predictions FILE"
    else:
        model = plain(record.model.name)
        again = f"run it again (outputs are cached): mmbench run -m {model} -t {task}"
    return [f"inputs are not stored with this run; to store them, {again}"]


def joined_note(samples: RunSamples, metric: str) -> list[str]:
    """Return a line that says how alignments differ from a metric that joins recordings."""
    info = samples.record.scores.get(metric)
    options = options_in_signature(info.signature) if info else None
    if options is None:
        return []
    return [
        f"{plain(metric)} joins the utterances of each {plain(options.recording)}; its value is at"
        " the first of them, and alignments are those of single utterances"
    ]


def advice(selection: Selection, shown: Sequence[str], selected: int, *, default: bool) -> str:
    """Return a line on what to type for other samples; `shown` are the ids of the shown samples.

    `default` says that no flag selected the samples.
    """
    if selection.kind == "ids":
        return "--json prints all fields of these samples"
    flag = "--changed " if selection.kind == "changed" and default else ""
    more = f"{flag}--worst {min(selected, _MORE * len(shown))} for more"
    parts = [more] if len(shown) < selected else []
    parts += [f"--id {plain(shown[0])} for one sample in full"] if shown else []
    others = [f"--{kind}" for kind in ("wrong", "failed") if kind != selection.kind]
    return f"add {', '.join([*parts, *others])} or --where TAG=VALUE"
