"""The values of a plan: what `mmbench power` prints, and `mmbench.power` returns."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Relation = Literal["one model", "different models"]
Basis = Literal["pair", "one run", "stated"]


class PairEstimate(Struct, frozen=True):
    """Two comparable runs: how much their rows vary, and what a test of all samples would find.

    `relation` says whether the runs are of one model (checkpoints, or other options). `difference`
    is the candidate's value minus the baseline's. `agreement` is the share of samples on which both
    runs are right or both are wrong, None if rows are not 0 or 1. `correlation` is the correlation
    of the two values over resamples. `detectable` is the smallest difference that the test of these
    samples finds with the power of the plan, None if there is none.
    """

    baseline: str
    candidate: str
    relation: Relation
    difference: float
    agreement: float | None
    correlation: float | None
    detectable: float | None


class Cost(Struct, frozen=True):
    """The cost of one run, at the rate of an earlier run.

    `seconds` is the time on the same machine. `prompt` and `completion` are tokens, and `money` is
    in the unit of the price; each is None if it is unknown.
    """

    seconds: float | None
    prompt: int | None
    completion: int | None
    money: float | None


class Need(Struct, frozen=True):
    """The number of samples that find a difference, and their cost.

    `samples` and `groups` are None if no number of samples is enough.
    """

    difference: float
    samples: int | None
    groups: int | None
    cost: Cost | None = None


class GatePlan(Struct, frozen=True):
    """What a gate with the planned difference as margin needs for a verdict.

    `equal` has the samples after which an equally good candidate passes, `half` the samples for a
    candidate that loses half the margin, and `double` the samples after which a loss of twice the
    margin fails; each with the power of the plan. The other fields are about all samples of the
    task, None if their number is unknown: `passes` is the probability that an equally good
    candidate passes, and `smallest_fail` the smallest loss that fails with the power of the plan.
    """

    margin: float
    equal: Need
    half: Need
    double: Need
    passes: float | None
    smallest_fail: float | None


class ScorePower(Struct, frozen=True):
    """What all samples can see by one score of the task.

    `typical` is the median difference of the pairs of runs that the plan uses. `ratio` is the
    detectable difference divided by the typical difference: below 1, the score sees the typical
    difference.
    """

    metric: str
    detectable: float
    typical: float
    ratio: float


class PowerPlan(Struct, frozen=True, kw_only=True):
    """How many samples a comparison of two runs needs.

    `basis` says where the variation comes from: a pair of earlier runs (`pair`), one run under the
    assumption that runs are independent (`one run`), or numbers that were given (`stated`).
    `samples` and `groups` are those of the whole set, None if unknown. `per_group` is the number of
    independent samples that one group is worth. `value` is the score of the baseline. `detectable`
    is the smallest difference that the whole set finds. `needed` is the answer for the difference
    that was asked for, and `achieved` the power of the whole set for it. `table` has the needs of
    several differences. `pairs` has all pairs of runs with an estimate.
    """

    task: str
    metric: str
    test: str
    alpha: float
    power: float
    basis: Basis
    samples: int | None
    groups: int | None
    value: float | None
    detectable: float | None
    needed: Need | None
    achieved: float | None
    table: list[Need]
    gate: GatePlan | None
    per_group: float = 1.0
    pair: PairEstimate | None = None
    pairs: list[PairEstimate] = []
    cost_run: str = ""
    other_scores: list[ScorePower] = []
    notes: list[str] = []
