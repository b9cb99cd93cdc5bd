"""The coverage of the interval of `mmbench compare --replicates`, in simulations.

Two equally good methods are trained with k₁ and k₂ seeds, and evaluated on one test set. Values are
normal; the variance between seeds is a multiple of the variance of the difference by the test set.
"""

from collections.abc import Iterator
from itertools import product
from math import sqrt

import numpy as np

from benchmarks.rows import Row
from mmbench.stats.replicates import seed_difference

SEEDS = ((2, 2), (3, 3), (5, 5), (10, 10), (2, 3), (2, 10), (3, 10))
SPREADS = (0.0, 0.25, 1.0, 4.0)
_GROUPS = 200


def rows(quick: bool = False) -> Iterator[Row]:
    draws = 200 if quick else 5000
    for seeds, spread in product(SEEDS, SPREADS):
        yield _row(seeds, (spread, spread), draws)
    for seeds in ((2, 2), (2, 5), (3, 3), (3, 10)):  # the first method varies ten times as much
        yield _row(seeds, (4.0, 0.4), draws)


def _row(seeds: tuple[int, int], spreads: tuple[float, float], draws: int) -> Row:
    name = f"{seeds[0]} and {seeds[1]} seeds, variance {spreads[0]:g} and {spreads[1]:g}"
    covered = 100 * coverage(seeds, spreads, draws)
    return Row(name, covered, 95, unit="%", note="of 95 % intervals cover the difference")


def coverage(
    seeds: tuple[int, int], spreads: tuple[float, float], draws: int, *, paired: bool = False
) -> float:
    """Return the share of 95 % intervals that cover a difference of 0.

    `spreads` are the variances between the seeds of each method; the difference has the variance 1
    by the test set.
    """
    rng = np.random.default_rng(6)
    k = seeds[0]
    covariance = np.zeros((sum(seeds), sum(seeds)))
    covariance[:k, :k] = covariance[k:, k:] = 0.5
    covered = 0
    for _ in range(draws):
        sets = rng.normal(0, sqrt(0.5), 2)
        a, b = (
            rng.normal(mean, sqrt(spread), n)
            for mean, spread, n in zip(sets, spreads, seeds, strict=True)
        )
        found = seed_difference(a, b, covariance, _GROUPS, paired=paired)
        covered += found.low <= 0 <= found.high
    return covered / draws
