"""The lines that `mmbench explain` prints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from mmbench.cli.output.terminal import listing, table
from mmbench.comparison.explain.explanation import (
    CAUSES,
    Cause,
    Divergence,
    Explanation,
    SampleView,
)
from mmbench.comparison.samples.output_text import output_text, reference_texts
from mmbench.text import count, listed, plain
from mmbench.text.excerpts import excerpts
from mmbench.text.number_format import format_number
from mmbench.text.word_difference import word_difference

_QUOTED = 200  # longer texts are shortened to this many characters
_DECIMALS = 2  # of points
_AT_PROMPT, _AT_ANSWER = "prompt", "raw answer"
_AT_EXTRACTION, _AT_REFERENCE = "extraction", "reference"
_NOT_EXAMINED = "not examined"


def explanation_lines(explanation: Explanation, most: int, width: int | None) -> list[str]:
    """Return the lines: both values, at most `most` samples of each cause, and the table of points.

    Texts of samples and names in files are safe to print.
    """
    lines = [*_header(explanation, width), ""]
    for cause, group in groupby(explanation.divergences, lambda one: one.cause):
        lines += [*_samples(explanation, cause, list(group), most, width), ""]
    return [*lines, *_table(explanation, width), *_notes(explanation)]


def _header(explanation: Explanation, width: int | None) -> list[str]:
    theirs = plain(explanation.their_metric) or "computed here"
    metric = f"{plain(explanation.metric)} ({explanation.better} is better)"
    stated = explanation.stated
    difference = explanation.difference
    percent = stated is not None and abs(stated - explanation.theirs) > 1e-9
    in_file = f"; {stated:g} in their file" if stated is not None and percent else ""
    rows = [
        ("our run", f"{plain(explanation.run)}, task {plain(explanation.task)}"),
        ("their result", f"{plain(explanation.other)}, {plain(explanation.source)}"),
        ("samples", f"{count(explanation.matched, 'sample')} matched by {explanation.matched_by}"),
        ("ours", f"{_number(explanation.ours)}, {metric}"),
        ("theirs", f"{_number(explanation.theirs)}, {theirs}{in_file}"),
        ("difference", f"{_number(difference, '+')}, {_points(difference)} points"),
    ]
    if unmatched := explanation.unmatched:
        rows.insert(3, ("unmatched", f"{len(unmatched):,}: {listed(unmatched)}"))
    return listing(rows, width)


def _number(value: float, sign: str = "") -> str:
    return format_number(value, 4, sign)


def _points(difference: float) -> str:
    return format_number(100 * difference, _DECIMALS, "+")


def _samples(
    explanation: Explanation,
    cause: Cause,
    group: Sequence[Divergence],
    most: int,
    width: int | None,
) -> list[str]:
    """Return the samples of a cause under a heading with its points."""
    points = format_number(explanation.points()[cause], _DECIMALS, "+")
    lines = [f"{cause}: {points} points, {count(len(group), 'sample')}"]
    for one in group[: max(0, most)]:
        lines += [f"  {plain(one.id, 60)}{_scores(one)}", *_fields(one, width)]
    hidden = len(group) - max(0, most)
    return [*lines, f"  and {hidden:,} more (--show N)"] if hidden > 0 else lines


def _scores(one: Divergence) -> str:
    """Return both scores of a sample, and the change at this stage if it is only a part."""
    ours, theirs, change = one.ours.score, one.theirs.score, one.change
    if theirs is None and ours is not None and change is not None:
        theirs = ours + change
    if ours is None and theirs is None:
        return ""
    whole = ours is not None and theirs is not None and change == theirs - ours
    part = "" if whole or change is None else f" ({change:+.4g} at this stage)"
    return f"  {_score(ours)} → {_score(theirs)}{part}"


def _score(score: float | None) -> str:
    return "n/a" if score is None else f"{score:.4g}"


def _fields(one: Divergence, width: int | None) -> list[str]:
    """Return the fields of a sample: one line if both results agree, otherwise a line for each."""
    ours, theirs = one.ours, one.theirs
    rows: list[tuple[str, str]] = []
    if one.cause == _AT_PROMPT and ours.prompt and theirs.prompt:
        difference = word_difference(ours.prompt, theirs.prompt)
        rows.append(("prompt", plain(difference, 2 * _QUOTED)))
    rows += _pair("answer", _answer(ours.raw), _answer(theirs.raw))
    if one.cause not in (_AT_PROMPT, _AT_ANSWER):
        rows += _extracted(one.cause, ours, theirs)
    differs = one.cause == _AT_REFERENCE or ours.reference is None
    their_reference = _reference(theirs.reference) if differs else None
    rows += _pair("reference", _reference(ours.reference), their_reference)
    rows += [("our error", plain(ours.error))] if ours.error else []
    rows += [("their error", plain(theirs.error))] if theirs.error else []
    return listing(rows, width, indent=4)


def _extracted(cause: Cause, ours: SampleView, theirs: SampleView) -> list[tuple[str, str]]:
    shortened = ours.extracted != ours.raw or theirs.extracted not in (None, theirs.raw)
    if cause != _AT_EXTRACTION and not shortened:
        return []
    return _pair("extracted", _answer(ours.extracted), _answer(theirs.extracted))


def _pair(name: str, ours: str | None, theirs: str | None) -> list[tuple[str, str]]:
    """Return a field of both results: one row if they are equal or one is missing."""
    one, other = excerpts(ours or "", theirs or "", _QUOTED)
    if ours is None or theirs is None or one == other:
        value = other if ours is None else one
        return [] if ours is None and theirs is None else [(name, value or "empty")]
    return [(f"our {name}", one or "empty"), (f"their {name}", other or "empty")]


def _answer(value: Any) -> str | None:
    return None if value is None else output_text(value)


def _reference(value: Any) -> str | None:
    """Return references as text; equal ones are shown once, with their number."""
    if value is None:
        return None
    numbers = Counter(reference_texts(value))
    return ", ".join(text if n == 1 else f"{text} ({n} times)" for text, n in numbers.items())


def _table(explanation: Explanation, width: int | None) -> list[str]:
    """Return the table of points by cause; the last line is their sum."""
    rows = [["cause", "points", "samples", "what differs"], *_rows(explanation)]
    total = ["difference", _points(explanation.difference), "", ""]
    return table([*rows, total], {0, 3}, width)


def _rows(explanation: Explanation) -> Iterator[list[str]]:
    points = explanation.points()
    for cause in CAUSES:
        steps = [step for step in explanation.steps if step.cause == cause]
        if steps:
            details = "; ".join(plain(step.detail, 300) for step in steps)
            samples = sum(step.changed for step in steps)
            yield [cause, format_number(points[cause], _DECIMALS, "+"), f"{samples:,}", details]
        elif cause in explanation.absent:
            yield [cause, "", "", f"{_NOT_EXAMINED}: {plain(explanation.absent[cause])}"]
        elif cause != "unexplained":
            yield [cause, format_number(0.0, _DECIMALS), "0", "no difference"]


def _notes(explanation: Explanation) -> list[str]:
    notes = [plain(note, 1000) for note in explanation.notes]
    lines = [
        "A point is 0.01. The causes are replaced in this order, and `samples` counts the samples"
        " with another score after each."
    ]
    return ["", *lines, *(f"note: {note}" for note in notes)]
