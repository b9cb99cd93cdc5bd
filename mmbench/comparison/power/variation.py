"""The variation of the difference of two runs, estimated from their rows or from stated numbers."""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

import numpy as np

from mmbench.comparison.join import join, places_in
from mmbench.comparison.rows import RunRows
from mmbench.stats.folds import Floats, fold, sums_fold
from mmbench.stats.jackknife import is_jackknifed
from mmbench.stats.paired import (
    JACKKNIFE,
    MCNEMAR,
    PERMUTATION,
    PairedErrors,
    paired_errors,
    uses_mcnemar,
)
from mmbench.stats.permutation import Pair
from mmbench.stats.power import Variation
from mmbench.stats.resampler import RESAMPLES, Resampler
from mmbench.stats.sums import Ints

_PRECISE = 4_000  # resamples for a plan: its number of samples then varies by 2 %


class Estimate(NamedTuple):
    """The variation of a difference by the rows of two runs, on `n` samples in `groups` groups.

    `value` is that of the first run, `difference` the value of the second run minus that of the
    first. `agreement` and `correlation` are those of `PairEstimate`.
    """

    variation: Variation
    n: int
    groups: int
    value: float
    difference: float
    agreement: float | None
    correlation: float | None


def precise_resamples(fold_name: str) -> int:
    """Return the number of resamples for a plan: more than for a comparison, if they are fast."""
    return RESAMPLES if sums_fold(fold_name.rpartition(":")[2]) is None else _PRECISE


def estimate_pair(
    a: RunRows, b: RunRows, name: str, seed: int, *, precise: bool = False
) -> Estimate | None:
    """Estimate the variation of the score `name` from two runs.

    Return None if the difference does not vary: there are no rows per sample, fewer than two
    groups, or equal rows.
    """
    joined = join(a, b, name, places_in(a, b))
    if joined is None or not len(joined.rows_a):
        return None
    pair = joined.fold, joined.rows_a, joined.rows_b
    resamples = precise_resamples(joined.fold) if precise else RESAMPLES
    groups = a.groups.take(joined.places_a)
    return estimate_rows(pair, Resampler(groups, seed=seed, resamples=resamples))


def estimate_run(run: RunRows, name: str, seed: int) -> Estimate | None:
    """Estimate the variation of the score `name` from one run, as if runs were independent.

    The samples that are hard for one model are usually hard for another, which makes the difference
    of two runs vary less. So this is an upper limit.
    """
    scored = run.score_rows(name)
    if scored is None or not len(scored.rows):
        return None
    fold_name = run.record.scores[name].fold
    resamples = precise_resamples(fold_name)
    resampler = Resampler(run.groups.take(scored.places), seed=seed, resamples=resamples)
    pair = fold_name, scored.rows, scored.rows
    errors = _errors(pair, resampler)
    if errors.first is None:
        return None
    test = _test(pair, resampler.groups)
    value = fold(fold_name, scored.rows)
    spread = errors.first * sqrt(2 * resampler.groups)
    if test == MCNEMAR:
        spread = sqrt(2 * value * (1 - value))
    variation = Variation(test, spread, _uneven(pair, resampler))
    return Estimate(variation, len(scored.rows), resampler.groups, value, 0.0, None, None)


def binary_variation(accuracy: float, agreement: float | None) -> Variation:
    """Return the variation for rows of 0 and 1 in groups of one sample.

    `agreement` is the share of samples on which both runs are right or both are wrong; None means
    that the runs are independent.
    """
    discordance = 2 * accuracy * (1 - accuracy) if agreement is None else 1 - agreement
    return Variation(MCNEMAR, sqrt(discordance))


def graded_variation(deviation: float) -> Variation:
    """Return the variation for a standard deviation of the difference of two runs per sample."""
    return Variation(PERMUTATION, deviation)


def estimate_rows(pair: Pair, resampler: Resampler) -> Estimate | None:
    """Estimate the variation from the rows [n, c] of two runs, with the groups of a resampler.

    Return None if the difference does not vary or is not defined.
    """
    errors = _errors(pair, resampler)
    name, a, b = pair
    value, groups = fold(name, a), resampler.groups
    difference = fold(name, b) - value
    if errors.difference is None or not np.isfinite(difference):
        return None
    test, uneven = _test(pair, groups), _uneven(pair, resampler)
    agreement = float((a == b).mean()) if test == MCNEMAR or _is_binary_mean(pair) else None
    spread = sqrt(errors.difference**2 * groups + uneven * difference**2)
    if test == MCNEMAR:
        spread = sqrt(float((a != b).mean()))
    return Estimate(
        Variation(test, spread, uneven),
        len(a),
        groups,
        value,
        difference,
        agreement,
        _correlation(errors),
    )


def _errors(pair: Pair, resampler: Resampler) -> PairedErrors:
    """Return the standard errors of two values and of their difference.

    For 0/1 rows without groups they are exact, which is faster than resamples.
    """
    if not uses_mcnemar(pair, resampler.groups):
        return paired_errors([pair], resampler)[0]
    _, a, b = pair
    n = len(a)
    errors = [float(values.std(ddof=1)) / sqrt(n) if n > 1 else 0.0 for values in (a, b, b - a)]
    return PairedErrors(*(error or None for error in errors))


def _test(pair: Pair, groups: int) -> str:
    if is_jackknifed(pair[0]):
        return JACKKNIFE
    return MCNEMAR if uses_mcnemar(pair, groups) else PERMUTATION


def _is_binary_mean(pair: Pair) -> bool:
    return uses_mcnemar(pair, len(pair[1]))


def _correlation(errors: PairedErrors) -> float | None:
    """Return the correlation of two values over resamples, from their standard errors."""
    first, second, difference = errors
    if not first or not second or difference is None:
        return None
    return min(1.0, max(-1.0, (first**2 + second**2 - difference**2) / (2 * first * second)))


def _uneven(pair: Pair, resampler: Resampler) -> float:
    """Return the mean square of the sizes of groups divided by the square of their mean.

    The size of a group is its number of rows, or the sum of the denominators of a ratio.
    """
    if is_jackknifed(pair[0]):
        return 0.0
    sizes: Floats = np.bincount(
        resampler.code, pair[1][:, 1] if pair[0] == "ratio" else None, resampler.groups
    ).astype(np.float64)
    return float((sizes**2).mean() / sizes.mean() ** 2) if sizes.any() else 1.0


def samples_per_group(a: RunRows, b: RunRows, name: str, seed: int) -> float:
    """Return the number of independent samples that a group is worth for the score `name`.

    It is the size of a group divided by the design effect: the variance of the difference with the
    groups, divided by its variance if samples were independent.
    """
    joined = join(a, b, name, places_in(a, b))
    if joined is None:
        return 1.0
    pair, n = (joined.fold, joined.rows_a, joined.rows_b), len(joined.rows_a)
    grouped = Resampler(a.groups.take(joined.places_a), seed=seed)
    if grouped.groups == n:
        return 1.0
    single: Ints = np.arange(n)
    (with_groups,) = paired_errors([pair], grouped)
    (without,) = paired_errors([pair], Resampler(single, seed=seed))
    if not with_groups.difference or not without.difference:
        return 1.0
    return n / grouped.groups * (without.difference / with_groups.difference) ** 2
