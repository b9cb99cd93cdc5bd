"""The result of `mmbench compare --replicates`."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from mmbench.comparison.compare import Verdict


class MethodScore(Struct, frozen=True):
    """The scores of one method by one metric: a value for each replicate.

    `between` is the standard deviation between the replicates, None for a single one. `test_error`
    is the standard error of the mean from the choice of the samples, None without rows.
    """

    metric: str
    method: str
    values: dict[str, float | None]
    mean: float | None
    between: float | None
    test_error: float | None


class MethodDifference(Struct, frozen=True):
    """The difference of the means of two methods by one metric, candidate minus baseline.

    The interval (`low`, `high`, at level 1 - alpha) and the p-value are for new replicates and,
    unless `fixed_test_set`, for new samples. `p_holm`, corrected over all tests, decides the
    verdict. `noise` is half the width of the interval. `replicate_share` is the share of the
    squared standard error (`error`) that further replicates reduce. `needed` is the number of
    replicates of each method that would find the same difference in 80 % of cases. `reason` says
    why there is no test.
    """

    metric: str
    better: Literal["higher", "lower"]
    baseline: str
    candidate: str
    verdict: Verdict
    difference: float | None
    replicates: tuple[int, int]
    paired: bool = False
    fixed_test_set: bool = False
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    p_holm: float | None = None
    error: float | None = None
    degrees: float | None = None
    noise: float | None = None
    replicate_share: float | None = None
    needed: int | None = None
    reason: str = ""


class MethodRuns(Struct, frozen=True):
    """A method and the id of its run for each value of the key."""

    name: str
    runs: dict[str, str]


class ReplicateComparison(Struct, frozen=True):
    """The comparison of methods on one task: their scores, and the difference of every pair.

    `samples` and `groups` count the samples with rows in all runs, by metric; `excluded` counts
    those that failed in a run. A metric whose rows are missing has no entry, and `notes` say why.
    """

    task: str
    key: str
    alpha: float
    seed: int
    methods: list[MethodRuns]
    scores: list[MethodScore]
    differences: list[MethodDifference]
    samples: dict[str, int]
    groups: dict[str, int]
    excluded: dict[str, int]
    notes: list[str]
