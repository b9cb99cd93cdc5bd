"""The difference of two methods from several trainings of each: noise of seeds and of samples.

The value of seed s of a method on the test set is μ + a_s + b + e_s: a_s is the effect of the seed,
b that of the drawn samples, and e_s their interaction (each seed fails on other samples). The
difference of the means of two methods with k₁ and k₂ seeds has the variance S + T:

- seeds: S = s₁² / k₁ + s₂² / k₂, where s² is the variance between the values of the seeds. It
  contains a and e, the noise that more seeds reduce.
- test set: T = c₁ + c₂ - 2 c₁₂, where c is the mean covariance between two different seeds of a
  method over resamples of the test set, and c₁₂ that between seeds of the two methods. All runs
  share the resamples. Variances of single runs are left out, because they contain e, which is
  already in S (Owen 2007, "The pigeonhole bootstrap", arXiv:0712.1111, on this double count).
  An estimate below 0 counts as 0.

The interval is the wider of two: Welch's, with S as above, and the pooled one, with a common
variance of both methods; both use Student's t with the degrees of freedom of Satterthwaite (1946,
Biometrics Bulletin 2(6)). In simulations of 2, 3, 5 and 10 seeds, equal or not, with a variance
between seeds of 0 to 4 times that of the test set, the wider one covers 93.5 to 97 % at a level of
95 %. Welch's alone covers 92 % for 2 seeds against 10, and the pooled one alone 82 % if only the
method with fewer seeds varies. If one method varies ten times as much as the other and has 2 seeds,
the wider one covers 91 to 93 %; with 3 seeds it covers 94 %. `python -m benchmarks seeds` repeats
the simulations.

Paired methods have one run each for the same seeds. Then the differences of the pairs are analysed
as the values of a single method. Pairs that are none do not bias it, but cost degrees of freedom.

Sources: Bouthillier et al. 2021, "Accounting for Variance in Machine Learning Benchmarks",
arXiv:2103.03098; Miller 2024, "Adding Error Bars to Evals", arXiv:2411.00640.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from math import inf, nan, sqrt
from typing import NamedTuple

import numpy as np

from mmbench.stats.bootstrap import UNDEFINED
from mmbench.stats.folds import Floats
from mmbench.stats.jackknife import is_jackknifed, values_without_blocks
from mmbench.stats.power import POWER
from mmbench.stats.resampler import Resampler
from mmbench.stats.sums import Groups

_MOST_SEEDS = 100
_MOST_DEGREES = 1e6  # Student's t is normal from here on


class Term(NamedTuple):
    """A variance with its degrees of freedom."""

    variance: float
    degrees: float


class SeedDifference(NamedTuple):
    """The difference of the means of two methods, second - first, for new seeds and new samples.

    `error` is its standard error, `reach` half the width of the interval: a smaller difference is
    not significant. `seeds` and `test_set` are the two parts of the squared error; `test_set` is
    None without rows, and then the interval is for new seeds on the same test set. Without any
    variation, `p_value` is NaN.
    """

    difference: float
    low: float
    high: float
    p_value: float
    error: float
    reach: float
    degrees: float
    seeds: float
    test_set: float | None


def covariances(fold: str, rows: Sequence[Floats], groups: Groups, *, seed: int = 0) -> Floats:
    """Return the covariances [r, r] of the values of r runs over new samples of the test set.

    Each run has the rows [n, c] of the same samples; `groups` has the group of each sample. The
    covariances are NaN if there are fewer than two groups, or if more than 5 % of the resamples
    have no value.
    """
    resampler = Resampler(groups, seed=seed)
    tables = [(fold, own) for own in rows]
    size = (len(rows), len(rows))
    if resampler.groups < 2:
        return np.full(size, nan)
    if is_jackknifed(fold):
        drawn = np.array(values_without_blocks(tables, resampler.code, resampler.groups, seed=seed))
        scale = (drawn.shape[1] - 1) ** 2 / drawn.shape[1]
    else:
        drawn = np.array(resampler.values(tables))
        scale = resampler.groups / (resampler.groups - 1)
    finite = np.isfinite(drawn).all(axis=0)
    if finite.mean() < 1 - UNDEFINED:
        return np.full(size, nan)
    return np.asarray(scale * np.cov(drawn[:, finite]).reshape(size))


def between_seeds(covariance: Floats) -> float:
    """Return the mean covariance between different runs, from their covariances [k, k], k > 0.

    It is the variance of a method's mean that more seeds do not reduce. For a single run, it is the
    variance of the run.
    """
    if len(covariance) == 1:
        return float(covariance[0, 0])
    return max(0.0, _mean_between(covariance))


def seed_difference(
    first: Floats,
    second: Floats,
    covariance: Floats | None,
    groups: int,
    *,
    paired: bool = False,
    level: float = 0.95,
) -> SeedDifference:
    """Return the difference of two methods from the values of their seeds, [k₁] and [k₂].

    Each method needs two values. `covariance` has the covariances of all k₁ + k₂ runs over new
    samples (`covariances`), None if there are no rows; `groups` is the number of groups of samples.
    Paired methods have their values in the order of the same seeds. Raises ValueError for fewer
    than two values, and for pairs of different lengths.
    """
    if min(len(first), len(second)) < 2 or (paired and len(first) != len(second)):
        raise ValueError("seed_difference needs two values of each method, and pairs of equal size")
    difference = float(second.mean() - first.mean())
    test_set = None if covariance is None else _test_set(covariance, len(first), paired=paired)
    fixed = [] if test_set is None else [Term(test_set, groups - 1)]
    estimates = _seed_terms(first, second, paired=paired)
    candidates = [(seeds, _satterthwaite([*seeds, *fixed])) for seeds in estimates]
    seeds, total = max(candidates, key=lambda one: _reach(one[1], level))
    reach = _reach(total, level)
    return SeedDifference(
        difference,
        difference - reach,
        difference + reach,
        _p_value(difference, total),
        sqrt(total.variance),
        reach,
        total.degrees,
        sum(term.variance for term in seeds),
        test_set,
    )


def _test_set(covariance: Floats, k: int, *, paired: bool) -> float:
    """Return the part of the test set in the variance of the difference of two methods.

    The first `k` runs of `covariance` [r, r] belong to the first method.
    """
    if paired:
        signs = np.vstack([-np.eye(k), np.eye(k)])
        return between_seeds(signs.T @ covariance @ signs)
    within = [_mean_between(covariance[:k, :k]), _mean_between(covariance[k:, k:])]
    return max(0.0, sum(within) - 2 * float(covariance[:k, k:].mean()))


def _mean_between(covariance: Floats) -> float:
    """Return the mean covariance between different runs, also if it is negative."""
    k = len(covariance)
    return float(covariance.sum() - np.trace(covariance)) / (k * (k - 1))


def _seed_terms(first: Floats, second: Floats, *, paired: bool) -> list[list[Term]]:
    """Return the variance by seeds of a difference, in each way in which it can be estimated."""
    if paired:
        return [[_mean_term(second - first)]]
    a, b = _mean_term(first), _mean_term(second)
    degrees = a.degrees + b.degrees
    squares = a.degrees * float(first.var(ddof=1)) + b.degrees * float(second.var(ddof=1))
    pooled = Term(squares / degrees * (1 / len(first) + 1 / len(second)), degrees)
    return [[a, b], [pooled]]


def _mean_term(values: Floats) -> Term:
    """Return the variance of a mean of values [k]."""
    return Term(float(values.var(ddof=1)) / len(values), len(values) - 1)


def _satterthwaite(terms: Sequence[Term]) -> Term:
    """Return the sum of independent variances, with Satterthwaite's degrees of freedom."""
    total = sum(term.variance for term in terms)
    spread = sum(term.variance**2 / term.degrees for term in terms)
    return Term(total, min(_MOST_DEGREES, total**2 / spread if spread else inf))


def _reach(total: Term, level: float) -> float:
    """Return half the width of the interval at a level."""
    from scipy.special import stdtrit

    return float(stdtrit(total.degrees, (1 + level) / 2)) * sqrt(total.variance)


def _p_value(difference: float, total: Term) -> float:
    from scipy.special import stdtr

    if total.variance <= 1e-24:
        return nan if difference else 1.0
    return 2 * float(stdtr(total.degrees, -abs(difference) / sqrt(total.variance)))


def needed_seeds(
    first: Floats,
    second: Floats,
    test_set: float | None,
    groups: int,
    *,
    paired: bool = False,
    level: float = 0.95,
) -> int | None:
    """Return how many seeds of each method would find the same difference in 80 % of cases.

    `first` and `second` are the values of the present seeds, `test_set` is that of their
    `SeedDifference`, and `groups` the number of groups of samples. Return None if the difference is
    0, or if a hundred seeds would not find it.
    """
    difference = abs(float(second.mean() - first.mean()))
    seeds = _seed_terms(first, second, paired=paired)[0]
    fixed = [] if test_set is None else [Term(test_set, groups - 1)]
    if not difference or _detectable(fixed, level) > difference:
        return None
    least = bisect_left(
        range(_MOST_SEEDS + 1),
        True,
        lo=2,
        key=lambda k: _detectable([*_with(k, seeds), *fixed], level) <= difference,
    )
    return least if least <= _MOST_SEEDS else None


def _with(k: int, seeds: Sequence[Term]) -> list[Term]:
    """Return the variances of means over k seeds each, from those over the present seeds."""
    return [Term(term.variance * (term.degrees + 1) / k, k - 1) for term in seeds]


def _detectable(terms: Sequence[Term], level: float) -> float:
    """Return the difference that is found in 80 % of cases, given the parts of its variance."""
    from scipy.special import stdtrit

    total = _satterthwaite(terms)
    reach = sum(float(stdtrit(total.degrees, at)) for at in ((1 + level) / 2, POWER))
    return reach * sqrt(total.variance)
