"""The value of a whole set, estimated from groups that were drawn at random without replacement.

The value on the drawn groups is corrected by control variates, which are known for the whole set:
the value of a baseline, and the share of the samples in each stratum but one. The estimate is
value + Σ β · (control of the whole set - control of the drawn groups). β are the coefficients of
the regression of the groups' influences on those of the controls (Cochran 1977, Sampling
Techniques, chapter 7; Särndal, Swensson and Wretman 1992, Model Assisted Survey Sampling, chapter
6; Deville and Särndal 1992; Owen 2013, Monte Carlo theory, methods and examples, section 8.9). With
strata alone and groups of one sample, it is the post-stratified mean. The influence of a group on a
value that is a smooth function of sums is its jackknife pseudo-value minus the mean: for a mean of
groups of equal size, the mean of the group minus the mean of all.

With g of G groups and residuals e, the variance is (1 - g/G) · (Σ e² + r²) · (g - 1) / g³. The
factor 1 - g/G is the finite-population correction: the whole set is the target, so that the
interval has no width if all groups are drawn. Residuals are those of a regression without the own
group, e / (1 - h) (MacKinnon and White 1985), because β is fitted to the same groups. r² is the
variance of one more group, of typical size, that is wrong by the range of the metric: without it,
intervals of rare differences are too narrow, as the Wald interval of a small proportion is (Agresti
and Min 2005).
The interval is the estimate ± t standard errors, with g - 1 - p degrees of freedom for p linearly
independent controls.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mmbench.stats.folds import Floats
from mmbench.stats.sums import Ints, group_sums

_FLAT = 1e-12  # a smaller sum of squares is rounding
_RANK = 1e-9  # a smaller singular value, relative to the largest, is a linear dependence


class DrawnRows(NamedTuple):
    """The rows [n, c] of a score on the drawn samples, and the group [n] of each row, from 0.

    `fold` is the name of the score's fold.
    """

    fold: str
    rows: Floats
    group: Ints


class Control(NamedTuple):
    """A value known for the whole set, such as a baseline's, and its rows on the drawn samples."""

    drawn: DrawnRows
    whole: float


class WholeValue(NamedTuple):
    """An estimate of the value of the whole set, with its 95 % interval.

    `plain` is the number of groups with which an estimate without controls would have an interval
    of the same width. `slopes` has the β of each control.
    """

    value: float
    low: float
    high: float
    plain: int
    slopes: tuple[float, ...] = ()


def has_influences(fold: str) -> bool:
    """Return whether a fold is a smooth function of sums of rows, which the estimate needs."""
    one = np.ones((1, 16))
    return fold != "whole" and group_sums(fold, one, np.zeros(1, np.intp), 1) is not None


class _Regression(NamedTuple):
    """The regression of influences [g] on p controls: slopes [p], residuals [g], leverages [g].

    `rank` is the number of linearly independent controls.
    """

    slopes: Floats
    residuals: Floats
    leverages: Floats
    rank: int


def estimate_whole(
    drawn: DrawnRows,
    share: float,
    *,
    controls: Sequence[Control] = (),
    ends: tuple[float | None, float | None] = (None, None),
    level: float = 0.95,
) -> WholeValue | None:
    """Return the value of the whole set, estimated from the `share` of its groups that were drawn.

    `ends` are the ends of the metric's range, None for an open end. Controls without an influence
    on the drawn samples, or without a value, change nothing. Return None without a value, or if
    there are not at least three groups more than independent controls.
    """
    value, own = _influences(drawn)
    if not np.isfinite(own).all():
        return None
    known = [_influences(control.drawn) for control in controls]
    fit = _regression(own, [influences for _, influences in known])
    g = len(own)
    if g < 4 + max(0, fit.rank - 1):
        return None
    shifts = [control.whole - at for control, (at, _) in zip(controls, known, strict=True)]
    slopes = tuple(map(float, fit.slopes))
    value += sum(b * shift for b, shift in zip(slopes, shifts, strict=True) if b)
    spread = _largest_influence(ends, own, np.bincount(drawn.group))
    error = _error(fit.residuals / (1 - np.minimum(fit.leverages, 0.9)), share, spread)
    plain = _error(own * g / (g - 1), share, spread)
    reach = _quantile(g - 1 - fit.rank, level) * error
    low, high = value - reach, value + reach
    bottom, top = _bounds(ends)
    return WholeValue(
        min(max(value, bottom), top),
        max(low, bottom),
        min(high, top),
        _plain_groups(g, share, error, plain),
        slopes,
    )


def _regression(own: Floats, controls: Sequence[Floats]) -> _Regression:
    """Regress influences [g] on those of the controls [g], all of which have mean 0.

    Of linearly dependent controls, the coefficients with the smallest norm are returned.
    """
    g, slopes = len(own), np.zeros(len(controls))
    norms = np.array([np.linalg.norm(one) for one in controls])
    used = np.flatnonzero(np.isfinite(norms) & (norms**2 > _FLAT))
    if not len(used):
        return _Regression(slopes, own, np.full(g, 1 / g), 0)
    scaled = np.column_stack([controls[at] / norms[at] for at in used.tolist()])
    left, singular, right = np.linalg.svd(scaled, full_matrices=False)
    rank = int((singular > _RANK * singular[0]).sum())
    left, along = left[:, :rank], left[:, :rank].T @ own
    slopes[used] = (along / singular[:rank]) @ right[:rank] / norms[used]
    return _Regression(slopes, own - left @ along, 1 / g + (left**2).sum(axis=1), rank)


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


def _largest_influence(ends: tuple[float | None, float | None], own: Floats, sizes: Ints) -> float:
    """Return the influence of a group that is wrong by the range of the metric.

    The group has the root mean square of the `sizes` [g]. If the range is open, it is the largest
    of the groups' influences `own` [g].
    """
    bottom, top = _bounds(ends)
    if not np.isfinite(top - bottom):
        return float(np.abs(own).max())
    return float((top - bottom) * np.sqrt(np.mean(sizes**2.0)) / np.mean(sizes))


def _bounds(ends: tuple[float | None, float | None]) -> tuple[float, float]:
    """Return the lower and the upper end of the range; infinite if one of them is open."""
    first, second = ends
    if first is None or second is None:
        return -np.inf, np.inf
    return min(first, second), max(first, second)


def _quantile(freedom: int, level: float) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(freedom, (1 + level) / 2))
