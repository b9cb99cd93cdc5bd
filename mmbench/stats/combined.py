"""Weighted means of independent estimates, with an interval from the intervals of the estimates.

The interval is that of the method of variance estimates recovery (Zou and Donner 2008,
"Construction of confidence limits about effect measures: a general approach", Statistics in
Medicine 27(10), 1693-1702): the distances from the mean to its ends are the square roots of the
weighted sums of the squared distances of the estimates to theirs. So the ends of skewed or exact
intervals keep their meaning, and no rows are needed. It assumes that the estimates are independent:
tasks with the same samples are not, and their mean has a wider interval than this.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Estimate(NamedTuple):
    """A value with its interval; `low` and `high` are None if it has none."""

    value: float
    low: float | None
    high: float | None


def weighted_mean(estimates: Sequence[Estimate], weights: Sequence[float]) -> Estimate:
    """Return the mean of n estimates with n positive weights, of any sum, and its interval.

    Without an interval of each estimate, the mean has none. Raises ValueError for n = 0.
    """
    if not estimates:
        raise ValueError("weighted_mean: no estimates")
    shares = np.asarray(weights, np.float64) / np.sum(weights)
    values = np.array([one.value for one in estimates])
    mean = float(shares @ values)
    lows, highs = [one.low for one in estimates], [one.high for one in estimates]
    if None in lows or None in highs:
        return Estimate(mean, None, None)
    below = np.linalg.norm(shares * (values - np.array(lows, np.float64)))
    above = np.linalg.norm(shares * (np.array(highs, np.float64) - values))
    return Estimate(mean, mean - float(below), mean + float(above))
