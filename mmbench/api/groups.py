"""Groups of tasks from Python: `mmbench.group`, with the means of models and their comparison."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mmbench.api.displayed import Display, Displayed
from mmbench.api.frames import data_frame
from mmbench.api.result import Result
from mmbench.comparison.compare import ALPHA
from mmbench.comparison.groups.comparison import compare_group
from mmbench.comparison.groups.result import GroupDifference
from mmbench.comparison.groups.scales import column_titles
from mmbench.errors import UserError
from mmbench.reports.groups.notes import group_notes
from mmbench.reports.groups.table import GroupTable, group_table, read_group
from mmbench.storage.unreadable import warn_of_unreadable
from mmbench.task_groups import TaskGroup, load_group
from mmbench.text.number_format import (
    decimals,
    format_interval,
    format_number,
    format_p_value,
)
from mmbench.types import RunRecord

if TYPE_CHECKING:
    import pandas as pd


class GroupResult(Displayed):
    """The result of `mmbench.group`: the scores of models on a group of tasks, and their means.

    `table` has all values, `scores` is a data frame, and `compare` compares two models.
    """

    def __init__(self, group: TaskGroup, table: GroupTable, out: str | Path | None) -> None:
        self.table = table
        self._group, self._out = group, out

    @cached_property
    def scores(self) -> pd.DataFrame:
        """The models, best mean first: one row per model, indexed by its name.

        The columns are `mean` with the ends `low` and `high` of its 95 % interval, `by_samples`,
        and the value on each task. What does not exist is NaN. Raises MissingExtra if pandas is not
        installed.
        """
        rows = self.table.rows
        means = {
            name: [getattr(row.mean, "value" if name == "mean" else name) for row in rows]
            for name in ("mean", "low", "high")
        }
        by_samples = [row.by_samples.value for row in rows]
        values = {
            title: [score.value if score else None for score in scores]
            for title, scores in zip(
                self.table.titles, zip(*(row.scores for row in rows), strict=True), strict=False
            )
        }
        columns = {**means, "by_samples": by_samples, **values}
        models: dict[str, Any] = {"model": [row.model for row in rows]}
        floats = {name: np.array(column, np.float64) for name, column in columns.items()}
        return data_frame({**models, **floats}, "GroupResult.scores").set_index("model")

    def compare(
        self, baseline: str, candidate: str, *, alpha: float = ALPHA, seed: int = 0
    ) -> GroupComparison:
        """Compare two models on each task and by the mean difference, from the rows of the board.

        The models are references such as `clip-nano@runs/a/step-200`, `latest` or `best`. Raises
        UserError for results in memory, and if runs are missing or not comparable.
        """
        if self._out is None:
            raise UserError("group: results in memory have no board; write them with `out`")
        found = compare_group(
            baseline, candidate, self._group, alpha=alpha, out=self._out, seed=seed
        )
        return GroupComparison(found)

    def _display(self) -> Display:
        rows = [
            (
                row.model,
                format_number(row.mean.value),
                format_interval(row.mean.low, row.mean.high),
                format_number(row.by_samples.value),
                *(format_number(score.value if score else None) for score in row.scores),
            )
            for row in self.table.rows
        ]
        header = ("model", "mean", "95 %", "by samples", *self.table.titles)
        return Display(f"group {self.table.group}", header, rows, notes=group_notes(self.table))


class GroupComparison(Displayed):
    """The result of `GroupResult.compare`: the differences of two models, task by task, and mean.

    `difference` has all values; `scores` is a data frame.
    """

    def __init__(self, difference: GroupDifference) -> None:
        self.difference = difference

    @cached_property
    def scores(self) -> pd.DataFrame:
        """The differences, candidate minus baseline: one row per task, then the row `mean`.

        The columns are `baseline`, `candidate`, `difference`, `low`, `high`, `p_holm`, `verdict`;
        the mean has no values of the models and no p-value. Raises MissingExtra if pandas is not
        installed.
        """
        found, names = self.difference, ("difference", "low", "high", "verdict")
        scores = [pair.scores[0] for pair in found.tasks]
        columns: dict[str, list[Any]] = {"task": [*column_titles(found.columns), "mean"]}
        for name in ("baseline", "candidate", "difference", "low", "high", "p_holm", "verdict"):
            mean = getattr(found, name) if name in names else None
            columns[name] = [*(getattr(score, name) for score in scores), mean]
        return data_frame(columns, "GroupComparison.scores").set_index("task")

    def _display(self) -> Display:
        found = self.difference
        rows = []
        for title, pair in zip(column_titles(found.columns), found.tasks, strict=True):
            score = pair.scores[0]
            values = format_number(score.baseline), format_number(score.candidate)
            rest = score.verdict, format_interval(score.low, score.high, "+")
            p_value = format_p_value(score.p_holm)
            rows.append((title, *values, _signed(score.difference), *rest, p_value))
        mean = found.verdict, format_interval(found.low, found.high, "+"), ""
        rows.append(("mean", "", "", _signed(found.difference), *mean))
        header = ("task", "baseline", "candidate", "difference", "verdict", "95 %", "p (Holm)")
        title = f"group {found.group}: {found.candidate} minus {found.baseline}"
        return Display(title, header, rows, (0, 4), [found.reason] if found.reason else [])


def _signed(difference: float | None) -> str:
    return format_number(difference, decimals(difference), "+")


def group(
    name: str,
    results: Sequence[Result | RunRecord] | None = None,
    *,
    out: str | Path = "leaderboards",
    tasks: Sequence[str] = (),
) -> GroupResult:
    """Return the scores of models on a group of tasks with their means, as a table.

    `name` is the name or the file of a group, with or without `group:`. The runs are those of the
    board `out`, as in `mmbench leaderboard show group:NAME`, or `results` of `mmbench.evaluate` and
    `mmbench.score`. `tasks` are folders with task files; the subfolder `groups` of each is searched
    for the group, too. Raises UserError for an unknown or invalid group, and warns about files in
    the board that cannot be read.
    """
    found = load_group(name, tasks)
    if results is None:
        unreadable: list[str] = []
        table = read_group(str(out), found, unreadable=unreadable)
        warn_of_unreadable(unreadable)
        return GroupResult(found, table, out)
    records = [one.record if isinstance(one, Result) else one for one in results]
    by_task: dict[str, list[RunRecord]] = {}
    for record in sorted(records, key=lambda one: one.created):
        by_task.setdefault(record.task.name, []).append(record)
    return GroupResult(found, group_table(found, by_task), None)
