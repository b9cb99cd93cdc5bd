"""Ranks of several runs from Python: `mmbench.rank`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from mmbench.api.displayed import Display, Displayed
from mmbench.api.frames import data_frame
from mmbench.api.result import Result
from mmbench.cli.output.ranking.names import run_names
from mmbench.cli.output.ranking.notes import ranking_notes
from mmbench.cli.output.ranking.table import ranking_rows
from mmbench.comparison.compare import ALPHA
from mmbench.comparison.ranking.costs import CostUnit
from mmbench.comparison.ranking.plot import ranking_figure
from mmbench.comparison.ranking.ranking import rankings
from mmbench.comparison.ranking.result import Ranking
from mmbench.errors import UserError
from mmbench.storage.records import StoredRun
from mmbench.storage.run_lookup import RunReference, find_run
from mmbench.storage.unreadable import warn_of_unreadable

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


class RankingResult(Displayed):
    """The result of `mmbench.rank`: several runs of one task by one score, the best first.

    `ranking` has all values, `runs` is a data frame, and `plot` draws the ranks, or the values over
    the cost.
    """

    def __init__(self, ranking: Ranking, runs: Sequence[StoredRun]) -> None:
        self.ranking = ranking
        self._names = run_names([run.record for run in runs])

    @property
    def best(self) -> list[str]:
        """The ids of the runs among which the best one is, at the level 1 - alpha."""
        return [run.run for run in self.ranking.runs if run.among_best]

    @cached_property
    def runs(self) -> pd.DataFrame:
        """The runs, one row per run, the best first; the columns are the fields of `RankedRun`.

        Raises MissingExtra if pandas is not installed.
        """
        rows = [msgspec.structs.asdict(run) for run in self.ranking.runs]
        columns = {name: [row[name] for row in rows] for name in rows[0]}
        return data_frame(columns, "RankingResult.runs").set_index("run")

    def plot(self) -> Figure:
        """Draw the intervals of the ranks, or with a cost the values over it; return the figure.

        Raises MissingExtra if matplotlib is not installed.
        """
        return ranking_figure(self.ranking, self._names, "RankingResult.plot()")

    def _display(self) -> Display:
        (header, *rows) = ranking_rows(self.ranking, self._names)
        # The name comes first, because a text omits the last columns.
        cells = [(row[-1], *row[:-1]) for row in (header, *rows)]
        title = f"{self.ranking.task}: {self.ranking.metric}"
        return Display(
            title, cells[0], cells[1:], (0,), [*ranking_notes(self.ranking, self._names)]
        )


def rank(
    runs: Sequence[RunReference | Result],
    *,
    metric: str | None = None,
    alpha: float = ALPHA,
    cost: CostUnit | None = None,
    out: str | Path = "leaderboards",
    task: str | None = None,
    seed: int = 0,
) -> RankingResult:
    """Rank runs of one task by a score (default: the headline), with intervals of the ranks.

    The runs are given as for `mmbench.compare`. `cost` is `seconds`, `tokens` or `price`, and adds
    the Pareto front. Raises UserError for fewer than two runs, runs of several tasks, runs that
    cannot be compared and a `metric` with several variants; DataError if the rows of a run are
    missing. Warns about files in the board that cannot be read.
    """
    stored = [
        run.stored_run() if isinstance(run, Result) else find_run(run, out, task) for run in runs
    ]
    warn_of_unreadable([message for run in stored for message in run.unreadable])
    if len(stored) < 2:
        raise UserError("rank needs at least two runs")
    metrics = [] if metric is None else [metric]
    found = rankings(stored, metrics=metrics, alpha=alpha, cost=cost, seed=seed)
    if len(found) > 1:
        several = ", ".join(dict.fromkeys(f"{one.task}: {one.metric}" for one in found))
        raise UserError(f"rank orders runs of one task by one score; select one of {several}")
    return RankingResult(found[0], stored)
