"""The ranks of several runs by one score, as values."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from mmbench.comparison.ranking.costs import CostUnit

# Whether no cheaper run is better: "unclear" if a cheaper run is better, but not significantly.
OnFront = Literal["yes", "unclear", "no"]


class RankedRun(Struct, frozen=True):
    """A run with its rank: 1 plus the number of runs with better values.

    `value` is the score on the samples that have outputs in all runs. `difference` is its value
    minus that of the first run of the ranking. The rank without the chance of the samples is from
    `rank_low` to `rank_high`, for all runs together. `among_best` says whether the run is in
    the set that contains the best run. `cost` is in the unit of the ranking. `front` says whether
    the run is on the Pareto front of value and cost, and `cheaper` names a run that excludes it.
    Without a test, and for a run without a value or without a cost, these fields are None or "".
    """

    run: str
    name: str
    value: float | None
    difference: float | None = None
    rank: int | None = None
    rank_low: int | None = None
    rank_high: int | None = None
    among_best: bool | None = None
    cost: float | None = None
    front: OnFront | None = None
    cheaper: str = ""


class Ranking(Struct, frozen=True):
    """The runs of one task by the score `metric`, the best first.

    All statements hold together with the probability 1 - `alpha`, for each of: the intervals of
    ranks; the set of runs that are `among_best`. The runs have `n` samples in common, in `groups`
    groups; `excluded` samples failed in at least one run. `first_too_high` is the expected excess
    of the best value, because it is the best of several, and `corrected` is the value without it.
    `expected_loss` and `largest_loss` are the expected distance and its upper limit, at the level 1
    - `alpha`, between the first run and the best one. `method` is "random signs" or "bootstrap".
    `cost_note` says how far the costs can be compared. `reason` explains why there is no test, and
    `notes` name the runs on a part of the samples.
    """

    task: str
    metric: str
    better: Literal["higher", "lower"]
    alpha: float
    seed: int
    runs: list[RankedRun]
    n: int = 0
    groups: int = 0
    excluded: int = 0
    first_too_high: float | None = None
    corrected: float | None = None
    expected_loss: float | None = None
    largest_loss: float | None = None
    method: str = ""
    cost_unit: CostUnit | None = None
    cost_note: str = ""
    reason: str = ""
    notes: list[str] = []
