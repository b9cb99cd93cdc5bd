"""Simulations of `run --until-decided`: errors, samples until the verdict, and power.

m is the smallest difference that a test of all N groups detects in 80 % of cases. The reference is
a normal-mixture sequence (Robbins 1970, Annals of Mathematical Statistics 41(5)) with the standard
error of the draws so far; it is valid only for large numbers of draws.
"""

from collections.abc import Callable, Iterator
from math import log, sqrt
from typing import NamedTuple

import numpy as np

from benchmarks.populations import KINDS, TestSet, test_set
from benchmarks.rows import Row
from mmbench.stats.paired import DETECTED
from mmbench.stats.sequential.decision import sequential_gate, two_sided_quantile, verdict_of_all
from mmbench.stats.sequential.population import mean_loss, standard_error

ALPHA = 0.05
M = DETECTED  # in standard errors
LOOKS = 50


class Outcome:
    """The verdict at a stop, the share of the groups drawn, and the verdict of the whole set."""

    def __init__(self, stopped: tuple[str, float], whole: str) -> None:
        self.outcome, self.share = stopped
        self.whole = whole


def rows(quick: bool = False) -> Iterator[Row]:
    sizes = {200: 12, 1000: 6} if quick else {200: 200, 1000: 60, 5000: 24, 20_000: 6}
    for case in CASES:
        for groups, repeats in sizes.items():
            yield _row(case, groups, repeats)


def _share(outcomes: list[Outcome]) -> float:
    return float(np.mean([one.share for one in outcomes]))


def _wrong(outcomes: list[Outcome]) -> float:
    return float(np.mean([one.outcome != one.whole for one in outcomes]))


def _lost_power(outcomes: list[Outcome]) -> float:
    return float(np.mean([(one.whole == "fail") - (one.outcome == "fail") for one in outcomes]))


class Case(NamedTuple):
    """A loss and a margin in standard errors, the result, and its limit."""

    title: str
    loss: float
    margin: float
    measure: Callable[[list[Outcome]], float]
    limit: float


CASES = (
    Case("regression of 3 m, samples until the verdict", 3 * M, 0, _share, 0.2),
    Case("equal, margin of 2 m, samples until the verdict", 0, 2 * M, _share, 0.5),
    Case("loss just below a fail, wrong verdicts", 1.85, 0, _wrong, ALPHA / 2),
    Case("loss just above a pass, wrong verdicts", 0, 1.9, _wrong, ALPHA / 2),
    Case("loss of m, power lost", M, 0, _lost_power, 0.1),
)
# Few groups with large or skewed ranges need more samples; they are in the note only.
OUT_OF_REACH = {(200, "groups of 1 to 9"), (200, "skewed fractions")}


def _row(case: Case, groups: int, repeats: int) -> Row:
    """Return the mean over the kinds of test sets, with the result of each in the note."""
    results = {kind: simulate(case, kind, groups, repeats) for kind in KINDS}
    note = "; ".join(f"{kind} {own:.3g}" for kind, (own, _) in results.items())
    limited = [
        both
        for kind, both in results.items()
        if case.measure is not _share or (groups, kind) not in OUT_OF_REACH
    ]
    # The simulated rate of a rare event varies: two of its standard errors are allowed.
    noise = 0.0 if case.measure is _share else 2 * sqrt(case.limit / (len(KINDS) * repeats))
    measured, reference = (float(np.mean(values)) for values in zip(*limited, strict=True))
    note += f"; {repeats} simulations of each"
    name, limit = f"{case.title}, N = {groups:,}", case.limit + noise
    return Row(name, measured, reference, limit=limit, unit="", note=note)


def simulate(case: Case, kind: str, groups: int, repeats: int) -> tuple[float, float]:
    """Return the result of betting and of the normal mixture on the same test sets."""
    rng = np.random.default_rng(groups)
    sets = [test_set(KINDS[kind], rng, groups, case.loss) for _ in range(repeats)]
    own, other = (
        case.measure([_outcome(made, case.margin, stop) for made in sets])
        for stop in (betting, mixture)
    )
    return own, other


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
