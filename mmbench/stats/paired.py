"""Comparison of two runs on the same samples: difference, interval, test, detectable difference.

The bootstrap interval uses the same draws for both runs, so that the difficulty of the samples,
which is the same for both, cancels out. The test is the exact McNemar test if rows are 0/1 and no
two samples share a group (McNemar 1947, Psychometrika 12(2); two-sided binomial on the samples that
only one run got right). Otherwise it is the paired permutation test by group. The smallest
detectable difference is the difference that a test at 5 % would detect in 80 % of repetitions with
other samples: (z.975 + z.8) = 2.80 standard errors of the difference (Cohen 1988, "Statistical
Power Analysis", on the normal approximation).

Clusters have names of their own in each run, so that samples cannot be exchanged between two
clusterings. Their interval and their test, Student's t, use the standard error of the difference by
the jackknife (`mmbench.stats.jackknife`).

If both runs have identical rows, the difference is 0, with the interval [0, 0] and p = 1, and the
smallest detectable difference is unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import NamedTuple

import numpy as np

from mmbench.stats.bootstrap import LEVEL, constant, expanded_percentile
from mmbench.stats.folds import Floats, fold
from mmbench.stats.jackknife import is_jackknifed, jackknife_spread, values_without_blocks
from mmbench.stats.permutation import BY_ROWS, PERMUTATIONS, Pair, permutation_tests
from mmbench.stats.resampler import Resampler

MCNEMAR, PERMUTATION = "McNemar, exact", "paired permutation"
JACKKNIFE = "Student's t, jackknife"
_EQUAL = 1e-12  # a difference below it is rounding
DETECTED = 2.8015852181129683  # z.975 + z.8


class Paired(NamedTuple):
    """The comparison of the values `first` and `second` of two runs, on `n` samples.

    `difference` is second - first. The samples form `groups` groups. `test` names the test of the
    p-value; "" means no test. `low` and `high` are the interval of the difference, `error` is its
    standard error, `detectable` the smallest detectable difference; each may be None.
    """

    first: float
    second: float
    difference: float
    low: float | None
    high: float | None
    p_value: float | None
    test: str
    error: float | None
    detectable: float | None
    n: int
    groups: int


def paired_many(
    pairs: Sequence[Pair],
    groups: Sequence[str],
    *,
    seed: int = 0,
    level: float = LEVEL,
    tests: int = 1,
) -> list[Paired]:
    """Compare the rows [n, c] of two runs, sample by sample, for several metrics.

    A pair has the fold of a metric and the rows of both runs; `groups` has the group of each
    sample. All pairs share the draws and the matrix products. `tests` is the number of p-values
    that will be corrected together. It sets the number of permutations, so that the smallest
    possible p-value remains significant after the correction.
    """
    least = ceil(2 * tests / (1 - level))
    resampler = Resampler(groups, seed=seed)
    resampled = [pair for pair in pairs if not is_jackknifed(pair[0])]
    drawn = resampler.values([(name, rows) for name, *both in resampled for rows in both])
    differences = iter([b - a for a, b in zip(drawn[::2], drawn[1::2], strict=True)])
    results = [
        _paired_jackknife(pair, resampler, level)
        if is_jackknifed(pair[0])
        else _paired(pair, next(differences), resampler.groups, level)
        for pair in pairs
    ]
    several = [
        (at, result) for at, result in enumerate(results) if not result.test and result.groups > 1
    ]
    untested = [at for at, result in several if result.difference == result.difference]
    p_values = permutation_tests(
        [pairs[at] for at in untested],
        [results[at].difference for at in untested],
        resampler.code,
        resampler.groups,
        seed=seed,
        permutations=max(PERMUTATIONS, least),
        by_rows=max(BY_ROWS, least),
    )
    for at, p_value in zip(untested, p_values, strict=True):
        results[at] = results[at]._replace(p_value=p_value, test=PERMUTATION)
    return results


def _paired_jackknife(pair: Pair, resampler: Resampler, level: float) -> Paired:
    """Compare two runs by the jackknife of their difference."""
    from scipy.special import stdtr

    name, a, b = pair
    first, second = fold(name, a), fold(name, b)
    code, groups = resampler.code, resampler.groups
    without = values_without_blocks([(name, a), (name, b)], code, groups, seed=resampler.seed)
    difference = second - first
    spread = jackknife_spread(difference, without[1] - without[0], level)
    if spread is None:
        same = 0.0 if len(a) and abs(difference) <= _EQUAL else None
        p_value = None if same is None else 1.0
        ends, error, detectable = (same, same), None, None
    else:
        ends, error, detectable = spread[:2], spread.error, DETECTED * spread.error
        p_value = 2 * float(stdtr(len(without[0]) - 1, -abs(difference) / error))
    test = JACKKNIFE if p_value is not None else ""
    return Paired(
        first, second, difference, *ends, p_value, test, error, detectable, len(a), groups
    )


def _paired(pair: Pair, drawn: Floats, groups: int, level: float) -> Paired:
    """Compare two runs by the resampled differences [b] of their values."""
    name, a, b = pair
    values = fold(name, a), fold(name, b)
    difference = values[1] - values[0]
    test, p_value = "", None
    if uses_mcnemar(pair, groups):
        test, p_value = MCNEMAR, mcnemar(a[:, 0], b[:, 0])
    low, high, error = _spread(drawn, groups, level)
    if len(a) and np.array_equal(a, b):
        low = high = difference
    detectable = None if error is None else DETECTED * error
    return Paired(*values, difference, low, high, p_value, test, error, detectable, len(a), groups)


def _spread(
    drawn: Floats, groups: int, level: float
) -> tuple[float | None, float | None, float | None]:
    """Return the interval (low, high) and the standard error of resampled differences.

    Each is None if it is not defined.
    """
    ends = expanded_percentile(drawn, groups, level)
    if ends is None or constant(drawn):
        return None, None, None
    return *ends, _error(drawn, groups)


def _error(drawn: Floats, groups: int) -> float:
    return float(np.nanstd(drawn, ddof=1) * np.sqrt(groups / (groups - 1)))


class PairedErrors(NamedTuple):
    """The standard errors of the values of two runs, and of their difference.

    An error is None if the values of all resamples are equal, or if it is not defined.
    """

    first: float | None
    second: float | None
    difference: float | None


def paired_errors(pairs: Sequence[Pair], resampler: Resampler) -> list[PairedErrors]:
    """Return the standard errors for the rows [n, c] of two runs, for each pair, without a test.

    They are those of `paired_many`: by the bootstrap, or by the jackknife for clusters.
    """
    drawn_pairs = [pair for pair in pairs if not is_jackknifed(pair[0])]
    drawn = resampler.values([(name, rows) for name, *both in drawn_pairs for rows in both])
    resampled = iter(zip(drawn[::2], drawn[1::2], strict=True))
    return [
        _jackknife_errors(pair, resampler)
        if is_jackknifed(pair[0])
        else _bootstrap_errors(*next(resampled), resampler.groups)
        for pair in pairs
    ]


def _bootstrap_errors(a: Floats, b: Floats, groups: int) -> PairedErrors:
    return PairedErrors(*(_spread(values, groups, LEVEL)[2] for values in (a, b, b - a)))


def _jackknife_errors(pair: Pair, resampler: Resampler) -> PairedErrors:
    name, *both = pair
    a, b = values_without_blocks(
        [(name, rows) for rows in both], resampler.code, resampler.groups, seed=resampler.seed
    )
    spreads = [jackknife_spread(0.0, values, LEVEL) for values in (a, b, b - a)]
    return PairedErrors(*(None if spread is None else spread.error for spread in spreads))


def uses_mcnemar(pair: Pair, groups: int) -> bool:
    """Return whether two runs are compared by McNemar's test: rows of 0 and 1, without groups."""
    name, a, b = pair
    return name == "mean" and groups == len(a) > 0 and _binary(a) and _binary(b)


def _binary(rows: Floats) -> bool:
    return rows.shape[1] == 1 and bool(np.isin(rows, (0.0, 1.0)).all())


def mcnemar(a: Floats, b: Floats) -> float:
    """Return the exact two-sided p-value of McNemar's test for rows [n] of 0 and 1."""
    from scipy.special import bdtr

    losses, wins = int((a > b).sum()), int((b > a).sum())
    discordant = losses + wins
    return min(1.0, 2 * float(bdtr(min(losses, wins), discordant, 0.5))) if discordant else 1.0
