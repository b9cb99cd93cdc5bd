"""Comparison of methods with several seeds from Python: `mmbench.compare(…, replicates=KEY)`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from mmbench.api.displayed import Display, Displayed
from mmbench.api.frames import data_frame
from mmbench.comparison.replicates.result import ReplicateComparison
from mmbench.text.number_format import (
    decimals,
    format_interval,
    format_number,
    format_p_value,
)

if TYPE_CHECKING:
    import pandas as pd


class ReplicatesResult(Displayed):
    """The result of `mmbench.compare` with `replicates`: methods, each with several seeds.

    `comparison` has all values; `scores` (metric by method) and `differences` (metric by pair of
    methods) are data frames.
    """

    def __init__(self, comparison: ReplicateComparison) -> None:
        self.comparison = comparison

    @cached_property
    def scores(self) -> pd.DataFrame:
        """The scores of the methods; the columns are the fields of `MethodScore`.

        Raises MissingExtra if pandas is not installed.
        """
        return _frame(self.comparison.scores, "ReplicatesResult.scores")

    @cached_property
    def differences(self) -> pd.DataFrame:
        """The differences of the methods; the columns are the fields of `MethodDifference`.

        Raises MissingExtra if pandas is not installed.
        """
        return _frame(self.comparison.differences, "ReplicatesResult.differences")

    def _display(self) -> Display:
        rows = [
            (
                one.metric,
                one.baseline,
                one.candidate,
                format_number(one.difference, decimals(one.difference, one.low, one.high), "+"),
                one.verdict,
                format_interval(one.low, one.high, "+"),
                format_p_value(one.p_holm),
            )
            for one in self.comparison.differences
        ]
        header = ("metric", "baseline", "candidate", "difference", "verdict", "95 %", "p (Holm)")
        reasons = dict.fromkeys(one.reason for one in self.comparison.differences if one.reason)
        title = f"{self.comparison.task}: methods whose runs differ in {self.comparison.key}"
        return Display(title, header, rows, (0, 1, 2, 4), [*reasons])


def _frame(rows: Sequence[msgspec.Struct], feature: str) -> pd.DataFrame:
    """Return a data frame with a column for each field of the rows."""
    names = rows[0].__struct_fields__ if rows else ()
    return data_frame({name: [getattr(row, name) for row in rows] for name in names}, feature)
