"""The lines of `mmbench repeats`."""

from __future__ import annotations

from collections.abc import Sequence

from mmbench.cli.output.terminal import listing, table, wrapped
from mmbench.comparison.reference_errors.result import (
    CorrectedScore,
    ErrorCounts,
    ErrorExample,
    RepeatedErrors,
    WithBaseline,
    WrongShare,
)
from mmbench.reports.sections import label
from mmbench.text import count, plain
from mmbench.text.number_format import (
    decimals,
    format_interval,
    format_number,
    p_equals,
)
from mmbench.types import RunRecord

_QUOTED = 70  # longer outputs are truncated to this many characters
_LIMITS = (
    "A repeated error shows that the output follows the reference rather than the input. It does"
    " not show how: the test set may have been in the training data, or other texts with the same"
    " errors, by the same authors or the same program."
)


def repeats_lines(
    result: RepeatedErrors, record: RunRecord, most: int, width: int | None
) -> list[str]:
    """Return the lines that `mmbench repeats` prints; at most `most` outputs are shown."""
    lines = [
        f"{plain(result.task)}  {plain(record.run)}  {plain(label(record))}",
        f"{_counts(result.counts)}; phrases are looked up {result.how}",
        "",
        *_shares(result, width),
        "",
        *wrapped(_verdict(result), width),
        *wrapped(_LIMITS, width),
    ]
    if result.baseline is not None:
        lines += ["", *wrapped(_baseline(result.baseline), width)]
    if result.corrected:
        lines += ["", *_corrected(result.corrected, width)]
    return [*lines, *_examples(result, most, width)]


def _counts(counts: ErrorCounts) -> str:
    """Return how many errors were compared, and why the others were not."""
    others = [
        (counts.neither, "with neither phrase in the output"),
        (counts.absent, "of samples that the run lacks"),
        (counts.failed, "of failed samples"),
        (counts.outdated, "that the reference lacks"),
        (counts.normalised, "that the normaliser removes"),
    ]
    parts = [f"{number:,} {reason}" for number, reason in others if number]
    rest = f" ({', '.join(parts)})" if parts else ""
    return f"{counts.compared:,} of {count(counts.listed, 'error')} compared{rest}"


def _shares(result: RepeatedErrors, width: int | None) -> list[str]:
    header = ["outputs with either phrase", "wrong", "of", "share", "95 %"]
    rows = [
        header,
        ["the reference has the error", *_share(result.with_error)],
        ["same phrases, reference without error", *_share(result.elsewhere)],
    ]
    return table(rows, {0}, width)


def _share(share: WrongShare) -> list[str]:
    interval = format_interval(share.low, share.high)
    return [f"{share.wrong:,}", f"{share.n:,}", format_number(share.share), interval]


def _verdict(result: RepeatedErrors) -> str:
    if result.verdict == "too little data":
        return f"too little data: {result.reason}."
    digits = decimals(result.difference, result.low, result.high)
    test = (
        f"difference {format_number(result.difference, digits, '+')} within"
        f" {count(result.strata, 'pair')} of phrases{_interval(result.low, result.high)},"
        f" {p_equals(result.p_value)}, one-sided"
    )
    if result.verdict == "no difference":
        return (
            f"no difference: the run is not shown to repeat the errors of the references; {test}."
        )
    return (
        "repeats the errors: the run writes the wrong phrase more often where the reference has it"
        f" than elsewhere; {test}."
    )


def _interval(low: float | None, high: float | None) -> str:
    return "" if low is None else f" ({format_interval(low, high, '+')})"


def _baseline(result: WithBaseline) -> str:
    base, share = result.baseline, format_number(result.baseline.share)
    digits = decimals(result.difference, result.low, result.high)
    words = {
        "more": "repeats more errors than",
        "fewer": "repeats fewer errors than",
        "no difference": "no difference from",
        "too little data": "too little data to compare with",
    }
    return (
        f"{words[result.verdict]} the baseline {plain(result.run)}, which has {base.wrong:,} of"
        f" {base.n:,} wrong ({share}): difference"
        f" {format_number(result.difference, digits, '+')}{_interval(result.low, result.high)},"
        f" {p_equals(result.p_value)}"
    )


def _corrected(scores: Sequence[CorrectedScore], width: int | None) -> list[str]:
    rows = [["references", "given", "corrected", "difference", "95 %"]]
    for score in scores:
        digits = decimals(score.given, score.corrected)
        rows.append([
            plain(score.metric),
            format_number(score.given, digits),
            format_number(score.corrected, digits),
            format_number(score.difference, digits, "+"),
            format_interval(score.low, score.high, "+"),
        ])  # fmt: skip
    return table(rows, {0}, width)


def _examples(result: RepeatedErrors, most: int, width: int | None) -> list[str]:
    chosen = result.examples[: max(0, most)]
    if not chosen:
        return []
    rows = [
        (
            plain(one.id, 40),
            one.form,
            f"{plain(one.wrong, 40)} → {plain(one.right, 40)}: {_excerpt(one)}",
        )
        for one in chosen
    ]
    return ["", "Outputs, those with the wrong phrase first:", *listing(rows, width, indent=2)]


def _excerpt(example: ErrorExample) -> str:
    """Return the part of an output around its phrase, without control characters."""
    text = " ".join(example.output.split())
    phrase = example.wrong if example.form == "wrong" else example.right
    at = max(0, text.casefold().find(phrase.casefold()))
    start = max(0, at - _QUOTED // 3) if len(text) > _QUOTED else 0
    return plain(f"{'…' if start else ''}{text[start:]}", _QUOTED)
