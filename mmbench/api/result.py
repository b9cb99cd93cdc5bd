"""The result of a run in Python: its record, and its scores and samples as data frames."""

from __future__ import annotations

from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING

from mmbench.api.displayed import Display, Displayed
from mmbench.api.frames import samples_frame, scores_frame
from mmbench.comparison.interval_plot import IntervalPoint, interval_figure
from mmbench.comparison.samples.run_samples import RunSamples, finished_samples
from mmbench.reports.cells import bounds, interval, number
from mmbench.reports.sections import label, other_data
from mmbench.storage.records import StoredRun, arrow_rows, stored_run
from mmbench.text import count, format_sizes
from mmbench.text.number_format import format_interval, format_number
from mmbench.types import RunRecord

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from mmbench.engine.run import FinishedRun


class Result(Displayed):
    """The result of `mmbench.evaluate` and `mmbench.score`.

    `record` is the run record (docs/records.md), `scores` and `samples` are data frames, and `plot`
    draws the scores. In a notebook, a result is shown as a table.
    """

    def __init__(self, finished: FinishedRun) -> None:
        self.record: RunRecord = finished.record
        self._finished = finished

    @cached_property
    def scores(self) -> pd.DataFrame:
        """The scores with their intervals, one row per score, indexed by the name of the score.

        Raises MissingExtra if pandas is not installed.
        """
        return scores_frame(self.record)

    @cached_property
    def samples(self) -> pd.DataFrame:
        """The samples, one row per prediction, with a column of numbers for each metric.

        Other columns hold the inputs, the reference, the output, the error of a failed sample and
        the tags. Raises MissingExtra if pandas is not installed.
        """
        return samples_frame(self._run_samples(), self._finished.samples)

    def plot(self) -> Figure:
        """Draw the scores with their intervals, and return the matplotlib figure.

        Raises MissingExtra if matplotlib is not installed.
        """
        scores = self.record.scores.items()
        points = [
            IntervalPoint(name, score.value, score.low, score.high)
            for name, score in scores
            if score.value is not None
        ]
        return interval_figure(self._title(), points, "Result.plot()")

    def stored_run(self) -> StoredRun:
        """Return the run as a value that `mmbench.compare` reads; its rows are in memory."""
        return stored_run(self.record, ".", rows=arrow_rows(self._finished.rows))

    def _run_samples(self) -> RunSamples:
        return finished_samples(self.record, self._finished.rows, self._finished.samples)

    def _title(self) -> str:
        return f"{label(self.record)} on {self.record.task.name}"

    def _display(self) -> Display:
        record = self.record
        rows = [(name, number(score), interval(score)) for name, score in record.scores.items()]
        other = other_data(record)
        notes = [
            *_estimates(record),
            *_failures(record),
            *_no_value(record),
            *([other] if other else []),
            *record.notes,
        ]
        title = f"{self._title()}: {format_sizes(record.task.data)}"
        return Display(title, ("score", "value", "95 %"), rows, notes=notes)


def _estimates(record: RunRecord) -> list[str]:
    """Return a line for each estimate of a score on all samples."""
    return [
        f"{name} on all samples: about {format_number(one.value)}"
        f" ({format_interval(one.low, one.high)})"
        for name, one in record.estimates.items()
        if one.value is not None
    ]


def _no_value(record: RunRecord) -> list[str]:
    """Return a line with the reason why the first score without a value has none; [] for none."""
    lines = (
        f"{name} is n/a: {score.reason}"
        for name, score in record.scores.items()
        if score.value is None and score.reason
    )
    return list(islice(lines, 1))


def _failures(record: RunRecord) -> list[str]:
    """Return a line that counts the failed samples, with the first reason; [] for none."""
    n = record.counts.get("failed", 0)
    if not n:
        return []
    first = f"; {record.failures[0][0]}: {record.failures[0][1]}" if record.failures else ""
    within = f" ({bounds(record)})" if bounds(record) else ""
    return [f"failed: {n:,} of {count(record.counts['samples'], 'sample')}{first}{within}"]
