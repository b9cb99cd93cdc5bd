"""Comparisons, plans and histories from Python: `mmbench.compare`, `power` and `history`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import msgspec

from mmbench.api.displayed import Display, Displayed
from mmbench.api.frames import data_frame, pairs_frame
from mmbench.api.replicates import ReplicatesResult
from mmbench.api.result import Result
from mmbench.comparison import history as histories
from mmbench.comparison.compare import ALPHA, Comparison, compare_runs
from mmbench.comparison.history import Order, Point, line_name, point_name
from mmbench.comparison.interval_plot import IntervalPoint, interval_figure
from mmbench.comparison.plot import history_figure
from mmbench.comparison.power.plan import plan
from mmbench.comparison.power.result import PowerPlan
from mmbench.comparison.replicates.comparison import compare_replicates
from mmbench.comparison.samples.run_samples import run_samples
from mmbench.errors import UserError
from mmbench.reports.sections import label
from mmbench.stats.power import POWER
from mmbench.storage.records import StoredRun
from mmbench.storage.run_lookup import RunReference, find_run
from mmbench.storage.run_patterns import find_matching_runs
from mmbench.storage.unreadable import warn_of_unreadable
from mmbench.text.number_format import (
    decimals,
    format_interval,
    format_number,
    format_p_value,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


Compared = RunReference | Result  # a run as an argument of `compare`


class ComparisonResult(Displayed):
    """The result of `mmbench.compare`: a candidate next to a baseline, metric by metric.

    `comparison` has all values, `scores` and `samples` are data frames, and `plot` draws the
    differences.
    """

    def __init__(self, comparison: Comparison, runs: tuple[StoredRun, StoredRun]) -> None:
        self.comparison = comparison
        self._runs = runs

    @cached_property
    def scores(self) -> pd.DataFrame:
        """The compared scores, one row per score: both values, the difference, and the verdict.

        The columns are the fields of `ScoreComparison`. Raises MissingExtra if pandas is not
        installed.
        """
        rows = map(msgspec.structs.asdict, self.comparison.scores)
        return _frame(rows, "ComparisonResult.scores").set_index("metric")

    @cached_property
    def samples(self) -> pd.DataFrame:
        """The samples with rows in both runs: both outputs, and both values of each metric.

        The columns of a metric are `METRIC:baseline` and `METRIC:candidate`. Raises DataError if
        the rows of a run are missing, MissingExtra if pandas is not installed.
        """
        return pairs_frame(*map(run_samples, self._runs))

    def plot(self) -> Figure:
        """Draw the differences with their intervals, and return the matplotlib figure.

        Significant differences are green (better) or red (worse). Raises MissingExtra if matplotlib
        is not installed.
        """
        points = [
            IntervalPoint(score.metric, score.difference, score.low, score.high, score.verdict)
            for score in self.comparison.scores
            if score.difference is not None
        ]
        feature = "ComparisonResult.plot()"
        return interval_figure(self._title(), points, feature, differences=True)

    def _title(self) -> str:
        baseline, candidate = (label(run.record) for run in self._runs)
        return f"{self.comparison.task}: {candidate} minus {baseline}"

    def _display(self) -> Display:
        rows = []
        for score in self.comparison.scores:
            digits = decimals(score.baseline, score.candidate)
            differences = decimals(score.difference, score.low, score.high)
            rows.append(
                (
                    score.metric,
                    format_number(score.baseline, digits),
                    format_number(score.candidate, digits),
                    format_number(score.difference, differences, "+"),
                    score.verdict,
                    format_interval(score.low, score.high, "+"),
                    format_p_value(score.p_holm),
                )
            )
        header = ("metric", "baseline", "candidate", "difference", "verdict", "95 %", "p (Holm)")
        reasons = dict.fromkeys(score.reason for score in self.comparison.scores if score.reason)
        return Display(self._title(), header, rows, (0, 4), [*reasons])


class History(Displayed):
    """The result of `mmbench.history`: a metric over the checkpoints of training runs.

    `points` are the points, line by line, `scores` is the same as a data frame, and `plot` draws
    them.
    """

    def __init__(self, task: str, metric: str, points: Sequence[Point]) -> None:
        self.task, self.metric, self.points = task, metric, list(points)

    @cached_property
    def scores(self) -> pd.DataFrame:
        """The points, one row per point; the columns are the fields of `Point`.

        Raises MissingExtra if pandas is not installed.
        """
        return _frame(map(msgspec.structs.asdict, self.points), "History.scores")

    def plot(self) -> Figure:
        """Draw the values with their intervals over steps, and return the matplotlib figure.

        Raises MissingExtra if matplotlib is not installed.
        """
        return history_figure({f"{self.task}: {self.metric}": self.points}, "History.plot()")

    def _display(self) -> Display:
        rows = [
            (
                f"{point.line + 1}  {line_name(point)}",
                point_name(point),
                format_number(point.value),
                format_interval(point.low, point.high),
                point.change or ("no change" if point.by else ""),
            )
            for point in self.points
        ]
        header = ("line", "checkpoint", "value", "95 %", "change")
        return Display(f"{self.task}: {self.metric}", header, rows, (0, 4))


@overload
def compare(
    a: Compared,
    b: Compared,
    *,
    metrics: Sequence[str] = (),
    alpha: float = ALPHA,
    out: str | Path = "leaderboards",
    task: str | None = None,
    seed: int = 0,
    replicates: None = None,
    paired: bool = False,
) -> ComparisonResult: ...


@overload
def compare(
    a: Compared | list[Compared],
    b: Compared | list[Compared],
    *,
    metrics: Sequence[str] = (),
    alpha: float = ALPHA,
    out: str | Path = "leaderboards",
    task: str | None = None,
    seed: int = 0,
    replicates: str,
    paired: bool = False,
) -> ReplicatesResult: ...


def compare(
    a: Compared | list[Compared],
    b: Compared | list[Compared],
    *,
    metrics: Sequence[str] = (),
    alpha: float = ALPHA,
    out: str | Path = "leaderboards",
    task: str | None = None,
    seed: int = 0,
    replicates: str | None = None,
    paired: bool = False,
) -> ComparisonResult | ReplicatesResult:
    """Compare run `b`, the candidate, with run `a`, the baseline, sample by sample.

    Each run is a result, a record, or a reference to a run in the board `out`: an id or its
    beginning, a path, `latest`, `best`, or a model. `metrics` are names of scores (default: all
    scores that both runs have). Raises UserError if the tasks, data or signatures of the runs
    differ, and DataError if the rows of a run are missing. Warns about files in the board that
    cannot be read.

    With `replicates`, `a` and `b` are the runs of two methods or more that differ in this model
    option or part of the checkpoint, such as `seed-*`: lists of runs, or patterns of models such as
    `clip@runs/seed-*/step-400`. `paired` pairs runs with the same value of it. Then missing rows
    are no error: the interval is for new seeds on the same samples.
    """
    if replicates is not None:
        found = [run for runs in (a, b) for one in _as_list(runs) for run in _all(one, out, task)]
        warn_of_unreadable([line for run in found for line in run.unreadable])
        return ReplicatesResult(
            compare_replicates(
                found, replicates, metrics=metrics, alpha=alpha, seed=seed, paired=paired
            )
        )
    if paired or isinstance(a, list) or isinstance(b, list):
        raise UserError("compare: lists of runs and paired need replicates=KEY")
    baseline, candidate = (_stored(run, out, task) for run in (a, b))
    warn_of_unreadable([*baseline.unreadable, *candidate.unreadable])
    (pair, *_) = compare_runs([baseline, candidate], metrics=metrics, alpha=alpha, seed=seed)
    return ComparisonResult(pair, (baseline, candidate))


def _as_list(runs: Compared | list[Compared]) -> list[Compared]:
    return runs if isinstance(runs, list) else [runs]


def _all(run: Compared, out: str | Path, task: str | None) -> list[StoredRun]:
    """Return the runs that a reference or a pattern stands for."""
    return [run.stored_run()] if isinstance(run, Result) else find_matching_runs(run, out, task)


def _stored(run: RunReference | Result, out: str | Path, task: str | None) -> StoredRun:
    return run.stored_run() if isinstance(run, Result) else find_run(run, out, task)


def power(
    task: str | None = None,
    *,
    metric: str | None = None,
    baseline: RunReference | Result | None = None,
    candidate: RunReference | Result | None = None,
    difference: str | float | None = None,
    accuracy: float | None = None,
    agreement: float | None = None,
    sd: float | None = None,
    samples: int | None = None,
    power: float = POWER,
    price: tuple[float, float] | None = None,
    alpha: float = ALPHA,
    out: str | Path = "leaderboards",
    seed: int = 0,
) -> PowerPlan:
    """Plan a comparison of two runs: the samples that a difference needs, and their cost.

    The arguments are the flags of `mmbench power`, and the fields of the result are described in
    `mmbench.comparison.power.result.PowerPlan`: `plan.needed.samples`, `plan.detectable`, … Raises
    UserError for contradicting arguments, and if no run has rows for the metric.
    """
    first, second = (
        None if run is None else _stored(run, out, task) for run in (baseline, candidate)
    )
    return plan(
        task,
        metric=metric,
        baseline=first,
        candidate=second,
        difference=difference,
        accuracy=accuracy,
        agreement=agreement,
        sd=sd,
        samples=samples,
        power=power,
        price=price,
        alpha=alpha,
        out=out,
        seed=seed,
    )


def history(
    task: str,
    *,
    model: str | None = None,
    metric: str | None = None,
    by: Order | None = None,
    alpha: float = ALPHA,
    out: str | Path = "leaderboards",
    seed: int = 0,
) -> History:
    """Return a metric (default: the headline) over the checkpoints of the runs in a board.

    The arguments are the flags of `mmbench history`. Raises UnknownName for a task without runs and
    for a model or a metric that no run has; UserError if `by` is `step` and a checkpoint has no
    step. Warns about files in the board that cannot be read.
    """
    name, points = histories.history(
        task, model=model, metric=metric, by=by, alpha=alpha, out=out, seed=seed
    )
    return History(task, name, points)


def _frame(rows: Iterable[dict[str, Any]], feature: str) -> pd.DataFrame:
    """Return a data frame with a column for each key of the rows."""
    table = list(rows)
    names = dict.fromkeys(name for row in table for name in row)
    return data_frame({name: [row[name] for row in table] for name in names}, feature)
