"""Errors of transcripts: their numbers by type, and the words that are confused most often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from mmbench.comparison.samples.run_samples import RunSamples
from mmbench.comparison.samples.transcripts import is_transcript
from mmbench.engine.scoring.long_texts import truncate_long_texts
from mmbench.metrics.speech.alignment import ErrorRate, align, error_rate
from mmbench.metrics.speech.long_form import join_recordings, options_in_signature
from mmbench.reports.charts.columns import decoded
from mmbench.reports.charts.figure import Chart, count_cell
from mmbench.reports.charts.histograms import Bar, bar_chart
from mmbench.reports.pages.html import Html
from mmbench.reports.pages.tables import Cell, Column, Row, table
from mmbench.text import count
from mmbench.types import Prediction

_TYPES = {"substitute": "substitutions", "delete": "deletions", "insert": "insertions"}
_FREQUENT = 15  # rows of the table of errors
_MOST_ALIGNED = 5_000  # transcripts that are aligned


class WordErrors(NamedTuple):
    """The errors of an error rate: counts of (reference, hypothesis) tokens by type.

    An inserted token has the reference "", a deleted one the hypothesis "". `reference` is the
    number of tokens of all references, `aligned` and `samples` the numbers of transcripts that were
    aligned, and that were measured. If the score joins the utterances of recordings, a transcript
    is that of a recording.
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
    package of the normaliser is not installed, and DataError if the score joins recordings by a tag
    that a sample lacks.
    """
    score = next(filter(error_rate, samples.record.scores), None)
    if score is None or (rate := error_rate(score)) is None:
        return None
    transcripts = _transcripts(samples, score)
    step = max(1, -(-len(transcripts) // _MOST_ALIGNED))
    errors: dict[str, Counter[tuple[str, str]]] = {kind: Counter() for kind in _TYPES}
    reference = 0
    for transcript in transcripts[::step]:
        reference += _add_errors(errors, transcript, rate)
    unit = "character" if rate.characters else "word"
    aligned = len(transcripts[::step])
    return WordErrors(score, unit, errors, reference, aligned, len(transcripts))


def _transcripts(samples: RunSamples, score: str) -> Sequence[Prediction]:
    """Return what a score aligns: utterances, or recordings whose utterances are joined."""
    options = options_in_signature(samples.record.scores[score].signature)
    names = ("value", "target", "tags") if options else ("value", "target")
    columns = zip(samples.ids(), *(decoded(samples, name) for name in names), strict=True)
    utterances = truncate_long_texts(
        [
            Prediction(ident, value, target, tags=next(iter(tags), {}))
            for ident, value, target, *tags in columns
            if is_transcript(value, target)
        ]
    )
    if options is None:
        return utterances
    return [one.joined for one in join_recordings(utterances, options)]


def _add_errors(
    errors: dict[str, Counter[tuple[str, str]]], transcript: Prediction, rate: ErrorRate
) -> int:
    """Count the errors of one transcript; return the number of tokens of its reference."""
    alignment = align(transcript.value, transcript.target, rate)
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
