"""The difference of two models over a group of tasks."""

from __future__ import annotations

from msgspec import Struct

from mmbench.comparison.compare import Comparison, Verdict
from mmbench.comparison.groups.scales import GroupColumn


class GroupDifference(Struct, frozen=True):
    """The difference of two models over a group, candidate minus baseline.

    `tasks` are the comparisons of the tasks in the order of `columns`, with one score each.
    `difference` is the weighted mean of their differences, with the interval at level 1 - alpha
    (`low`, `high`), which decides the verdict. `reason` says why there is no mean or no interval.
    """

    group: str
    baseline: str
    candidate: str
    alpha: float
    columns: list[GroupColumn]
    tasks: list[Comparison]
    verdict: Verdict
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    reason: str = ""
