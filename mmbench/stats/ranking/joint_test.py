"""One joint test of all pairs of r runs: which runs are significantly better than which.

The null hypotheses are r (r - 1) statements "run j is not better than run k". The statistic of a
pair is its difference over the root of the sum of the squared differences of the groups. Under the
null hypotheses, the signs of the groups' differences are random: this is the paired permutation
test, with the same swaps for all pairs. The critical value is the quantile of the maximum over all
pairs that are not rejected yet, repeatedly until no further pair is rejected (step-down). So the
probability of any false statement is at most 1 - level, and correlations between the pairs make the
test more powerful than Holm's correction (Romano and Wolf 2005, "Exact and approximate stepdown
methods for multiple hypothesis testing", Journal of the American Statistical Association 100(469)).
A rejected statement "j is not better than k" leaves the opposite statement in the family, so that
errors of direction count.

A fold that needs the rows one by one has no differences of groups. Its statistic is the difference
over its bootstrap standard error, and the maximum comes from the bootstrap, with the same draws for
all runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mmbench.stats.bootstrap import UNDEFINED
from mmbench.stats.folds import Floats, fold
from mmbench.stats.permutation import random_swaps
from mmbench.stats.ranking.contributions import contributions
from mmbench.stats.resampler import Resampler
from mmbench.stats.sums import Groups

Bools = NDArray[np.bool_]

DRAWS = 4000
_RESAMPLES = 1000  # of folds that need the rows one by one, which are slow
_EQUAL = 1e-12  # variances below this share of the largest are rounding
_SLACK = 1e-5  # equal maxima differ by rounding


class JointDraws(NamedTuple):
    """The values of r runs, and what chance alone does to them in b draws; larger is better.

    `values` [r] are multiplied by -1 if lower is better. `null` [b, r] are values of runs that are
    equally good, minus their common value; only their differences have a meaning. `noise` [b, r]
    are errors of the values. `scales` [r, r] are the scales of the differences; infinite for runs
    with equal rows.
    """

    values: Floats
    null: Floats
    noise: Floats
    scales: Floats
    method: Literal["random signs", "bootstrap"]


def joint_draws(
    name: str,
    tables: Sequence[Floats],
    groups: Groups,
    *,
    better: str,
    seed: int = 0,
    draws: int = DRAWS,
) -> JointDraws | None:
    """Draw what chance does to the values of the fold `name` of r runs.

    `tables` have the rows [n, c] of each run for the same samples, and `groups` the group of each
    sample. The values must be finite. Return None for fewer than two groups, and if many resamples
    have no value.
    """
    resampler = Resampler(groups, seed=seed, resamples=min(draws, _RESAMPLES))
    sign = 1.0 if better == "higher" else -1.0
    values = sign * np.array([fold(name, rows) for rows in tables])
    code, count = resampler.code, resampler.groups
    if count < 2:
        return None
    parts = contributions(name, tables, code, count, seed=seed)
    if parts is not None:
        return _by_signs(values, sign * parts, seed, draws)
    drawn = np.column_stack(resampler.values([(name, rows) for rows in tables]))
    finite = drawn[np.isfinite(drawn).all(axis=1)]
    if len(finite) < (1 - UNDEFINED) * len(drawn):
        return None
    deviations = (sign * finite - values) * np.sqrt(count / (count - 1))
    squares = np.array([((deviations - own[:, None]) ** 2).mean(axis=0) for own in deviations.T])
    return JointDraws(values, deviations, deviations, _scales(squares), "bootstrap")


def _by_signs(values: Floats, parts: Floats, seed: int, draws: int) -> JointDraws:
    """Draw random signs of the groups' contributions [g, r]."""
    count = len(parts)
    parts = parts - parts.mean(axis=1, keepdims=True)  # differences of runs remain
    means = parts.mean(axis=0)
    null, errors = [], []
    for swaps in random_swaps(count, seed, draws, count):
        signs = 1 - 2 * swaps
        moved = signs @ parts / count
        null.append(moved)
        errors.append(moved - signs.mean(axis=1)[:, None] * means)
    products = parts.T @ parts
    own = np.diag(products)
    squares = (own[:, None] + own[None] - 2 * products) / count**2
    return JointDraws(
        values, np.concatenate(null), np.concatenate(errors), _scales(squares), "random signs"
    )


def _scales(squares: Floats) -> Floats:
    """Return the roots of squared scales [r, r]; infinity where only rounding is left."""
    real = squares > _EQUAL * max(float(squares.max()), 1e-300)
    return np.sqrt(np.where(real, squares, np.inf))


def statistics(joint: JointDraws) -> Floats:
    """Return the statistic [r, r] of each pair: run j minus run k, over its scale."""
    return (joint.values[:, None] - joint.values[None]) / joint.scales


def maxima(joint: JointDraws, pairs: Bools) -> Floats:
    """Return the largest statistic of the `pairs` [r, r] in each draw [b], under the null."""
    largest = np.full(len(joint.null), -np.inf)
    for own, scales, members in zip(joint.null.T, joint.scales, pairs, strict=True):
        if members.any():
            drawn = (own[:, None] - joint.null[:, members]) / scales[members]
            largest = np.maximum(largest, drawn.max(axis=1))
    return largest


def critical_value(drawn: Floats, level: float) -> float:
    """Return the smallest drawn value that at least the share `level` of all do not exceed.

    A larger statistic is significant. Differences by rounding alone are not larger.
    """
    return float(np.quantile(drawn, level, method="higher")) + _SLACK


def significantly_better(joint: JointDraws, level: float) -> Bools:
    """Return the pairs [r, r] in which run j is significantly better than run k.

    The probability that any of the statements is false is at most 1 - `level`.
    """
    observed = statistics(joint)
    rejected = np.zeros(observed.shape, bool)
    open_pairs = ~np.eye(len(observed), dtype=bool)
    while open_pairs.any():
        limit = critical_value(maxima(joint, open_pairs), level)
        further = open_pairs & (observed > limit)
        if not further.any():
            break
        rejected |= further
        open_pairs &= ~further
    return rejected
