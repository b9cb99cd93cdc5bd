"""The value of a whole set, estimated from groups that were drawn at random without replacement.

The value on the drawn groups is corrected by a control variate, a baseline whose values are known
for the whole set: estimate = value + β · (baseline of the whole set - baseline of the drawn
groups). β is the slope of the regression of the groups' influences on those of the baseline
(Cochran 1977, Sampling Techniques, chapter 7; Särndal, Swensson and Wretman 1992, Model Assisted
Survey Sampling, chapter 6; Owen 2013, Monte Carlo theory, methods and examples, section 8.9). The
influence of a group on a value that is a smooth function of sums is its jackknife pseudo-value
minus the mean: for a mean of groups of equal size, the mean of the group minus the mean of all.

With g of G groups and residuals e, the variance is (1 - g/G) · (Σ e² + r²) · (g - 1) / g³. The
factor 1 - g/G is the finite-population correction: the whole set is the target, so that the
interval has no width if all groups are drawn. Residuals are those of a regression without the own
group, e / (1 - h) (MacKinnon and White 1985), because β is fitted to the same groups. r² is the
variance of one more group that is wrong by the range of the metric: without it, intervals of rare
differences are too narrow, as the Wald interval of a small proportion is (Agresti and Min 2005).
The interval is the estimate ± t standard errors, with g - 1 degrees of freedom, g - 2 with a
baseline.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mmbench.stats.folds import Floats
from mmbench.stats.sums import Ints, group_sums

_FLAT = 1e-12  # a smaller sum of squares is rounding


class DrawnRows(NamedTuple):
    """The rows [n, c] of a score on the drawn samples, and the group [n] of each row, from 0.

    `fold` is the name of the score's fold.
    """

    fold: str
    rows: Floats
    group: Ints


class Control(NamedTuple):
    """A baseline: its rows on the drawn samples, and its value on the whole set."""

    drawn: DrawnRows
    whole: float


class WholeValue(NamedTuple):
    """An estimate of the value of the whole set, with its 95 % interval.

    `plain` is the number of groups with which an estimate without the baseline would have an
    interval of the same width. `slope` is β, 0 without a baseline.
    """

    value: float
    low: float
    high: float
    plain: int
    slope: float


def has_influences(fold: str) -> bool:
    """Return whether a fold is a smooth function of sums of rows, which the estimate needs."""
    one = np.ones((1, 16))
    return fold != "whole" and group_sums(fold, one, np.zeros(1, np.intp), 1) is not None


def estimate_whole(
    drawn: DrawnRows,
    share: float,
    *,
    control: Control | None = None,
    ends: tuple[float | None, float | None] = (None, None),
    level: float = 0.95,
) -> WholeValue | None:
    """Return the value of the whole set, estimated from the `share` of its groups that were drawn.

    `ends` are the ends of the metric's range, None for an open end. Return None for fewer than four
    groups, or without a value.
    """
    value, own = _influences(drawn)
    g, slope, shift, lever = len(own), 0.0, 0.0, np.full(len(own), 1 / len(own))
    if g < 4 or not np.isfinite(own).all():
        return None
    residuals = own
    if control is not None:
        known, covariate = _influences(control.drawn)
        square = float(covariate @ covariate)
        if np.isfinite(covariate).all() and square > _FLAT:
            slope = float(covariate @ own) / square
            residuals = own - slope * covariate
            lever = lever + covariate**2 / square
            shift = slope * (control.whole - known)
    spread = _range(ends, own)
    error = _error(residuals / (1 - np.minimum(lever, 0.9)), share, spread)
    plain = _error(own * g / (g - 1), share, spread)
    reach = _quantile(g - 1 - (slope != 0), level) * error
    low, high = value + shift - reach, value + shift + reach
    bottom, top = _bounds(ends)
    return WholeValue(
        min(max(value + shift, bottom), top),
        max(low, bottom),
        min(high, top),
        _plain_groups(g, share, error, plain),
        slope,
    )


def _influences(drawn: DrawnRows) -> tuple[float, Floats]:
    """Return the value of the drawn rows, and the influence of each group [g], with mean 0."""
    groups = int(drawn.group.max()) + 1
    sums = group_sums(drawn.fold, drawn.rows, drawn.group, groups)
    assert sums is not None  # has_influences has checked it
    total = sums.table.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = float(sums.fold(total[None])[0])
        without = sums.fold(total - sums.table)
    return value, -(groups - 1) * (without - without.mean())


def _error(residuals: Floats, share: float, spread: float) -> float:
    """Return the standard error, given residuals [g] of regressions without the own group."""
    g = len(residuals)
    squares = float(residuals @ residuals) + spread**2
    return float(np.sqrt(max(0.0, 1 - share) * squares * (g - 1) / g**3))


def _plain_groups(g: int, share: float, error: float, plain: float) -> int:
    """Return the number of groups for which plain sampling has the standard error `error`.

    Plain sampling has the squared error S² (1 / g - 1 / G), with g / G = `share`.
    """
    if not error or not plain:
        return g
    factor = (error / plain) ** 2 * (1 - share)
    return max(g, round(g / (factor + share)))


def _range(ends: tuple[float | None, float | None], influences: Floats) -> float:
    bottom, top = _bounds(ends)
    return top - bottom if np.isfinite(top - bottom) else float(np.abs(influences).max())


def _bounds(ends: tuple[float | None, float | None]) -> tuple[float, float]:
    """Return the lower and the upper end of the range; infinite if one of them is open."""
    first, second = ends
    if first is None or second is None:
        return -np.inf, np.inf
    return min(first, second), max(first, second)


def _quantile(freedom: int, level: float) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(freedom, (1 + level) / 2))
