"""The losses of a candidate against a baseline, group by group in the order of the draw."""

from __future__ import annotations

import numpy as np

from mmbench.columns import Texts, column, places, take_rows
from mmbench.comparison.gate import GateOutcome, GateVerdict
from mmbench.comparison.rows import KeyedRows, RunRows
from mmbench.comparison.until_decided.rules import BoundedRule
from mmbench.engine.loading.parts import GroupOrder
from mmbench.engine.run import FinishedRun
from mmbench.errors import UserError
from mmbench.protocols import Dataset
from mmbench.stats.folds import Floats
from mmbench.stats.sequential import Population, SequentialGate, sequential_gate
from mmbench.stats.sums import Ints
from mmbench.storage.records import arrow_rows


class FinishedRows(RunRows):
    """The rows of a run that has finished and is not stored."""

    def __init__(self, finished: FinishedRun) -> None:
        KeyedRows.__init__(self, arrow_rows(finished.rows))
        self.record = finished.record


def numbers_in_draw(baseline: RunRows, data: Dataset, order: GroupOrder) -> Ints:
    """Return the number of the group of each row of a baseline, in the order of the draw.

    Raises UserError if the baseline has other samples than the data.
    """
    samples = next(iter(data.by_role().values()))
    number = np.full(len(samples) + 1, -1)  # the last element is for position -1
    for group, rows in enumerate(order.rows):
        number[rows] = group
    ids = take_rows(column(samples, "id"), np.arange(len(samples)))
    numbers = number[places(Texts(baseline.table["id"]), ids)]
    if (numbers < 0).any():
        raise UserError(
            f"--baseline {baseline.record.run}: it has predictions for other samples than the data;"
            " run the baseline again on these data"
        )
    return numbers


class Evidence:
    """What is known about one rule: the baseline's values, and those of the candidate so far."""

    def __init__(self, rule: BoundedRule, baseline: RunRows, numbers: Ints, groups: int) -> None:
        self.rule = rule
        rows = baseline.score_rows(rule.score)
        if rows is None:
            raise UserError(f"--baseline {baseline.record.run}: it has no rows of {rule.score}")
        self._keys = baseline.keys
        self._number, self._groups = numbers[rows.places], groups
        self._places, self._first = rows.places, rows.rows[:, 0]
        self._second = np.full(len(self._first), np.nan)
        ends = np.stack([self._loss(rule.best), self._loss(rule.worst)])
        low, high = self._sums(ends.min(axis=0)), self._sums(ends.max(axis=0))
        sizes, known = self._sums(np.ones(len(self._first))), self._sums(rule.sign * self._first)
        self._population = Population(sizes, low, high, known)

    def add(self, candidate: FinishedRows) -> None:
        """Add the rows of a candidate on some groups. Raises UserError for a value out of range."""
        rows = candidate.score_rows(self.rule.score)
        if rows is None or not len(rows.places):
            return
        values = np.full(len(candidate.table) + 1, np.nan)
        values[rows.places] = rows.rows[:, 0]
        found = values[places(self._keys, candidate.keys)][self._places]
        low, high = sorted((self.rule.worst, self.rule.best))
        if (found < low).any() or (found > high).any():
            raise UserError(
                f"--fail-if {self.rule.score}: the candidate has values outside of {low:g} to"
                f" {high:g}, so that it cannot be decided early"
            )
        self._second = np.where(np.isnan(found), self._second, found)

    def gate(self, groups: int, alpha: float, rules: int) -> SequentialGate:
        """Return the sequential gate after the first groups."""
        failed = np.isnan(self._second)
        right, wrong = (
            np.where(failed, x, self._second) for x in (self.rule.best, self.rule.worst)
        )
        losses, highest = (self._sums(self._loss(x))[:groups] for x in (right, wrong))
        own = self._population
        return sequential_gate(own, losses, self.rule.margin, alpha, rules=rules, highest=highest)

    def verdict(
        self, outcome: GateOutcome, groups: int, bounds: tuple[float, float], message: str
    ) -> GateVerdict:
        """Return the verdict on the rule, with the values of both runs on the groups drawn."""
        drawn = (self._number < groups) & ~np.isnan(self._second)
        first, second = (float(x[drawn].mean()) for x in (self._first, self._second))
        low, high = bounds
        return GateVerdict(
            metric=self.rule.score,
            outcome=outcome,
            message=message,
            margin=self.rule.margin,
            allowed=self.rule.rule.as_text,
            baseline=first,
            candidate=second,
            loss=self.rule.sign * (first - second),
            low=low,
            high=high,
            p_value=None,
        )

    def _loss(self, second: Floats | float) -> Floats:
        return np.asarray(self.rule.sign * (self._first - second))

    def _sums(self, values: Floats) -> Floats:
        """Return the sum of values by group, in the order of the draw."""
        return np.bincount(self._number, values, self._groups).astype(np.float64)
