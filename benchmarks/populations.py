"""Simulated test sets for `python -m benchmarks sequential`: rows of two models with a known loss.

A test set has groups with known sizes and the sums of the rows of a baseline and of a candidate.
Rows are better if they are higher, and between 0 and 1. The loss is planted: rows of the candidate
are set to 0 or 1 at random until the mean loss is a number of its own standard errors.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mmbench.stats.sequential.population import Population

Floats = NDArray[np.float64]
ROUNDS = 6  # of planting: the standard error changes with the loss


class TestSet(NamedTuple):
    """The groups of a test set in the order of the draw, and the loss of each group [g]."""

    population: Population
    losses: Floats


class Rows(NamedTuple):
    """The rows of both models [n], and the group of each row."""

    baseline: Floats
    candidate: Floats
    group: NDArray[np.intp]


Make = Callable[[np.random.Generator, int], Rows]


def binary(accuracy: float, agreement: float) -> Make:
    """Rows of 0 and 1; with the probability `agreement`, the candidate copies the baseline."""

    def make(rng: np.random.Generator, groups: int) -> Rows:
        baseline = (rng.random(groups) < accuracy).astype(float)
        own = (rng.random(groups) < accuracy).astype(float)
        copied = rng.random(groups) < agreement
        return Rows(baseline, np.where(copied, baseline, own), np.arange(groups))

    return make


def grouped(rng: np.random.Generator, groups: int) -> Rows:
    """Groups of 1 to 9 rows of 0 and 1 that share a difficulty."""
    group = np.repeat(np.arange(groups), rng.integers(1, 10, groups))
    easy = rng.beta(1, 1, groups)[group]
    baseline, candidate = (rng.random((2, len(group))) < easy).astype(float)
    return Rows(baseline, candidate, group)


def fractions(rng: np.random.Generator, groups: int) -> Rows:
    """Skewed rows between 0 and 1: most are near 1, as edit similarities are."""
    easy = rng.beta(4, 0.7, groups)
    noise = rng.normal(0, 0.1, (2, groups))
    baseline, candidate = np.clip(easy + noise, 0, 1)
    return Rows(baseline, candidate, np.arange(groups))


def real(rng: np.random.Generator, groups: int) -> Rows:
    """Rows of the runs of shapes-vqa in this repository, drawn with replacement, models swapped."""
    first, second = _real_rows()
    drawn, swapped = rng.integers(len(first), size=groups), rng.random(groups) < 0.5
    both = np.stack([first, second])[:, drawn]
    baseline, candidate = np.where(swapped, both[::-1], both)
    return Rows(baseline, candidate, np.arange(groups))


@cache
def _real_rows() -> tuple[Floats, Floats]:
    from pyarrow import parquet

    folder = Path(__file__).parents[1] / "leaderboards/runs/shapes-vqa"
    first, second = (
        np.array(parquet.read_table(path)["exact_match"].to_pylist(), float)[:, 0]
        for path in sorted(folder.glob("*.parquet"))
    )
    return first, second


KINDS: dict[str, Make] = {
    "0/1 rows": binary(0.6, 0.5),
    "0/1 rows, 5 % differ": binary(0.6, 0.9),
    "groups of 1 to 9": grouped,
    "skewed fractions": fractions,
    "real rows": real,
}


def test_set(make: Make, rng: np.random.Generator, groups: int, loss: float) -> TestSet:
    """Return a test set in random order whose mean loss is `loss` of its standard errors."""
    rows = make(rng, groups)
    candidate = rows.candidate
    for _ in range(ROUNDS):
        made = _sums(rows._replace(candidate=candidate), rng.permutation(groups))
        error = _standard_error(made)
        missing = loss * error - made.losses.sum() / made.population.sizes.sum()
        candidate = _planted(candidate, missing * len(candidate), rng)
    return _sums(rows._replace(candidate=candidate), rng.permutation(groups))


def _planted(candidate: Floats, missing: float, rng: np.random.Generator) -> Floats:
    """Set rows to 0, or to 1 if `missing` is negative, until the rows have lost `missing`."""
    candidate, end = candidate.copy(), 0.0 if missing > 0 else 1.0
    order = rng.permutation(np.flatnonzero(candidate != end))
    reached = np.cumsum(np.abs(candidate[order] - end)) <= abs(missing) + 1e-9
    candidate[order[reached]] = end
    return candidate


def _sums(rows: Rows, order: NDArray[np.intp]) -> TestSet:
    sizes, baseline, candidate = (
        np.bincount(rows.group, column)[order].astype(np.float64)
        for column in (np.ones(len(rows.group)), rows.baseline, rows.candidate)
    )
    population = Population(sizes, baseline - sizes, baseline, baseline)
    return TestSet(population, baseline - candidate)


def _standard_error(made: TestSet) -> float:
    sizes = made.population.sizes
    residuals = made.losses - sizes * (made.losses.sum() / sizes.sum())
    return float(np.sqrt((residuals**2).sum()) / sizes.sum())
