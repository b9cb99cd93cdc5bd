"""Errors of transcripts: their numbers by type, and the words that are confused most often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from mmbench.comparison.samples.run_samples import RunSamples
from mmbench.comparison.samples.transcripts import is_transcript, transcript_alignment
from mmbench.metrics.speech.alignment import ErrorRate, error_rate
from mmbench.reports.charts.columns import decoded
from mmbench.reports.charts.figure import Chart, count_cell
from mmbench.reports.charts.histograms import Bar, bar_chart
from mmbench.reports.pages.html import Html
from mmbench.reports.pages.tables import Cell, Column, Row, table
from mmbench.text import count

_TYPES = {"substitute": "substitutions", "delete": "deletions", "insert": "insertions"}
_FREQUENT = 15  # rows of the table of errors
_MOST_ALIGNED = 5_000  # transcripts that are aligned


class WordErrors(NamedTuple):
    """The errors of an error rate: counts of (reference, hypothesis) tokens by type.

    An inserted token has the reference "", a deleted one the hypothesis "". `reference` is the
    number of tokens of all references, `aligned` and `samples` the numbers of transcripts that were
    aligned, and that were measured.
    """

    score: str
    unit: str
    errors: dict[str, Counter[tuple[str, str]]]
    reference: int
    aligned: int
    samples: int

    def total(self, kind: str) -> int:
        """Return the number of errors of a type."""
        return sum(self.errors[kind].values())


def word_errors(samples: RunSamples) -> WordErrors | None:
    """Return the errors of the first error rate of a run; None if it has none.

    At most 5,000 transcripts are aligned, evenly spaced over the run. Raises MissingExtra if the
    package of the normaliser is not installed.
    """
    score = next(filter(error_rate, samples.record.scores), None)
    if score is None or (rate := error_rate(score)) is None:
        return None
    pairs = list(_pairs(samples))
    step = max(1, -(-len(pairs) // _MOST_ALIGNED))
    errors: dict[str, Counter[tuple[str, str]]] = {kind: Counter() for kind in _TYPES}
    reference = 0
    for value, target in pairs[::step]:
        reference += _add_errors(errors, value, target, rate)
    unit = "character" if rate.characters else "word"
    return WordErrors(score, unit, errors, reference, len(pairs[::step]), len(pairs))


def _pairs(samples: RunSamples) -> Iterator[tuple[str, Any]]:
    """Yield each transcript with its reference."""
    for value, target in zip(decoded(samples, "value"), decoded(samples, "target"), strict=True):
        if is_transcript(value, target):
            yield value, target


def _add_errors(
    errors: dict[str, Counter[tuple[str, str]]], value: str, target: Any, rate: ErrorRate
) -> int:
    """Count the errors of one transcript; return the number of tokens of its reference."""
    alignment = transcript_alignment(value, target, rate)
    if alignment is None:
        return 0
    for step in alignment.steps:
        if step.operation in errors:
            errors[step.operation][step.reference, step.hypothesis] += 1
    return alignment.edits.reference


def error_chart(counts: WordErrors) -> Chart:
    """Return a bar for each type of error; shares are shares of the words of the references."""
    bars = [Bar(name, counts.total(kind)) for kind, name in _TYPES.items()]
    part = f", in {counts.aligned:,} of {counts.samples:,} samples" * (
        counts.aligned < counts.samples
    )
    words = count(counts.reference, f"{counts.unit}")
    title = f"Errors of {counts.score} by type, per {words} of the references{part}"
    return bar_chart(title, bars, "error", "type", counts.reference)


def frequent_errors(counts: WordErrors) -> Html:
    """Return a table with the most frequent errors of each type."""
    columns = [Column("type"), Column("reference"), Column("output"), Column("count", number=True)]
    rows = [
        Row([Cell(name.removesuffix("s")), _token(pair[0]), _token(pair[1]), count_cell(size)])
        for kind, name in _TYPES.items()
        for pair, size in _most_frequent(counts.errors[kind])
    ]
    rows.sort(key=lambda row: -float(row.cells[3].value or 0))
    return table(f"Most frequent errors of {counts.score}", columns, rows[:_FREQUENT])


def _most_frequent(counts: Counter[tuple[str, str]]) -> Sequence[tuple[tuple[str, str], int]]:
    return counts.most_common(_FREQUENT)


def _token(token: str) -> Cell:
    return Cell("␣" if token == " " else token or "–")
