"""Simulations of `run --until-decided`: errors, samples until the verdict, and power.

m is the smallest difference that a test of all N groups detects in 80 % of cases. The reference is
a normal-mixture sequence (Robbins 1970, Annals of Mathematical Statistics 41(5)) with the standard
error of the draws so far; it is valid only for large numbers of draws.
"""

from collections.abc import Callable
from math import log, sqrt

import numpy as np

from benchmarks.populations import KINDS, TestSet, test_set
from benchmarks.rows import Row
from mmbench.stats.paired import DETECTED
from mmbench.stats.sequential.decision import sequential_gate, two_sided_quantile, verdict_of_all
from mmbench.stats.sequential.population import mean_loss, standard_error

ALPHA = 0.05
M = DETECTED  # in standard errors
LOOKS = 50

# What is printed: the loss and the margin in standard errors, the result, and its limit.
Measure = Callable[[list["Outcome"]], float]


class Outcome:
    """The verdict at a stop, the share of the groups drawn, and the verdict of the whole set."""

    def __init__(self, stopped: tuple[str, float], whole: str) -> None:
        self.outcome, self.share = stopped
        self.whole = whole


def rows(quick: bool = False) -> list[Row]:
    sizes, repeats = ((200, 1000), 12) if quick else ((200, 1000, 5000, 20_000), 200)
    return [
        _row(title, loss, margin, measure, limit, kind, groups, repeats)
        for title, loss, margin, measure, limit in CASES
        for kind in KINDS
        for groups in sizes
    ]


def _share(outcomes: list[Outcome]) -> float:
    return float(np.mean([one.share for one in outcomes]))


def _wrong(outcomes: list[Outcome]) -> float:
    return float(np.mean([one.outcome != one.whole for one in outcomes]))


def _lost_power(outcomes: list[Outcome]) -> float:
    return float(np.mean([(one.whole == "fail") - (one.outcome == "fail") for one in outcomes]))


CASES: tuple[tuple[str, float, float, Measure, float], ...] = (
    ("regression of 3 m: samples until the verdict", 3 * M, 0, _share, 0.2),
    ("equal, margin 2 m: samples until the verdict", 0, 2 * M, _share, 0.5),
    ("loss just below a fail: wrong verdicts", 1.85, 0, _wrong, ALPHA / 2),
    ("loss just above a pass: wrong verdicts", 0, 1.9, _wrong, ALPHA / 2),
    ("loss of m: power lost", M, 0, _lost_power, 0.1),
)


def _row(
    title: str,
    loss: float,
    margin: float,
    measure: Measure,
    limit: float,
    kind: str,
    groups: int,
    repeats: int,
) -> Row:
    rng = np.random.default_rng(groups)
    sets = [test_set(KINDS[kind], rng, groups, loss) for _ in range(repeats)]
    by = [measure([_outcome(made, margin, stop) for made in sets]) for stop in (betting, mixture)]
    note = f"{repeats} simulations"
    if measure is not _share:  # two standard errors of a proportion of this size
        limit, note = limit + 2 * sqrt(limit * (1 - limit) / repeats), f"{note}, limit {limit:g}"
    return Row(f"{title}, {kind}, N = {groups:,}", *by, limit=limit, unit="", note=note)


def _outcome(made: TestSet, margin: float, stop: Callable[..., tuple[str, float]]) -> Outcome:
    error = standard_error(made.population, made.losses)
    whole = verdict_of_all(made.population, made.losses, margin * error, ALPHA)
    return Outcome(stop(made, margin * error, whole), whole)


def looks(groups: int) -> list[int]:
    """Return the numbers of groups after which the simulations look."""
    return sorted({max(4, -(-groups * k // LOOKS)) for k in range(1, LOOKS)})


def betting(made: TestSet, margin: float, whole: str) -> tuple[str, float]:
    """Return the verdict at the stop of mmbench, and the share of the groups drawn."""
    gate = sequential_gate(made.population, made.losses, margin, ALPHA)
    for drawn in looks(len(made.losses)):
        if outcome := gate.decide(drawn):
            return outcome, drawn / len(made.losses)
    return whole, 1.0


def mixture(made: TestSet, margin: float, whole: str) -> tuple[str, float]:
    """Return the same for a normal mixture, tuned for a fifth of the groups."""
    groups, population = len(made.losses), made.population
    z, tuned = two_sided_quantile(groups, ALPHA), 0.25 / 8
    for drawn in looks(groups):
        losses, time = made.losses[:drawn], drawn / (groups - drawn)
        error, mean = standard_error(population, losses), mean_loss(population, losses)
        boundary = sqrt((time + tuned) * log((time + tuned) / (tuned * ALPHA**2)))
        radius = boundary / time * error
        if mean - radius > max(margin, z * error):
            return "fail", drawn / groups
        if mean + radius <= margin - z * error:
            return "pass", drawn / groups
    return whole, 1.0
