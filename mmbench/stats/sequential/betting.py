"""A confidence bound for the mean of a finite population that holds at all times, by betting.

The losses y of the groups are drawn one after the other, without replacement. If the mean loss of
the population were m, the expected value of the next draw would be known: the mean of what remains.
A bet on the next draw that is fair under m multiplies the wealth by 1 + stake · (draw - expected).
The wealth is then a non-negative martingale that starts at 1, and by Ville's inequality it ever
reaches 1 / alpha with a probability of at most alpha. A mean under which the wealth has reached
1 / alpha is rejected, whatever rule decides when to look (Waudby-Smith and Ramdas 2020, "Confidence
Sequences for Sampling without Replacement", NeurIPS, arXiv:2006.04347; 2024, "Estimating means of
bounded random variables by betting", JRSS B 86(1), arXiv:2010.09686).

Three additions use what is known before the draws:

- Groups have known sizes, and the mean is sum(y) / sum(sizes). The bets are on y - m · size.
- A known covariate x predicts a part of the loss. Its expected value is known too, so that a bet on
  y - slope · x is as fair, and has less variance. The slope is estimated from earlier draws.
- A draw without replacement moves the expected value of the remaining draws in the opposite
  direction, so later draws say more. The stakes grow as 1 / (share of the groups that remain); the
  sum of the bets then has the signal-to-noise ratio of the usual mean with the finite-population
  correction, and is a Brownian motion with drift in the time drawn / remaining.

A stake that is best for one size of the difference is too careful or too bold for others. So the
wealth is divided among several stakes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mmbench.stats.folds import Floats
from mmbench.stats.sequential.population import Population, remaining_means

_PRIOR_WEIGHT = 5.0  # draws that the first guess of the spread and of the slope counts as
_PRIOR_SPREAD = 0.3  # the first guess of the standard deviation, as a share of the range
_LARGEST_LOSS = 0.9  # of the wealth, by one bet
_STEPS = 25  # halvings of the range of a bound


class Bets(NamedTuple):
    """The bets on the first n draws against means that are too small.

    Under a mean m, bet k on draw t multiplies its wealth by 1 + stakes[k, t] · (gains[t] -
    m · weights[t]), which is never negative for means up to `largest_mean`.
    """

    gains: Floats
    weights: Floats
    stakes: Floats
    largest_mean: float

    def up_to(self, drawn: int) -> Bets:
        """Return the bets on the first draws only."""
        return Bets(self.gains[:drawn], self.weights[:drawn], self.stakes[:, :drawn], self.largest_mean)

    def log_wealth(self, mean: float) -> Floats:
        """Return the logarithm of the wealth under `mean` after each draw [n].

        It falls as `mean` rises, for each possible mean.
        """
        factors = 1 + self.stakes * (self.gains - mean * self.weights)
        with np.errstate(divide="ignore"):  # only a mean that is impossible reaches 0
            logs = np.cumsum(np.log(np.maximum(factors, 0.0)), axis=1)
        largest = logs.max(axis=0)
        with np.errstate(invalid="ignore"):
            shares = np.exp(logs - largest).mean(axis=0)
        return np.where(np.isfinite(largest), largest + np.log(shares), -np.inf)

    def rejects(self, mean: float, alpha: float) -> bool:
        """Return whether the wealth under `mean` has ever reached 1 / alpha.

        A mean above `largest_mean` is not rejected.
        """
        return mean <= self.largest_mean and bool(self.log_wealth(mean).max() >= -np.log(alpha))


def bets(
    population: Population, losses: Floats, boldness: tuple[float, ...], largest_mean: float
) -> Bets:
    """Return the bets on the losses [n] of the first groups, against means that are too small.

    They are fair for means up to `largest_mean`, which must not depend on the losses. A stake is
    best for a mean that is `boldness` standard errors away, where the standard error is that of the
    mean of the whole population as a sample.
    """
    n, total = len(losses), len(population.sizes)
    remaining = total - np.arange(n)
    sizes, x = population.sizes[:n], population.centred()
    slope, spread = _slope_and_spread(population, losses, x[:n])
    expected_x = remaining_means(x, n)
    seen, seen_sizes = _sum_before(losses) / remaining, _sum_before(sizes) / remaining
    gains = losses + seen - slope * (x[:n] - expected_x)
    stakes = np.asarray(boldness)[:, None] / spread * (np.sqrt(total) / remaining)
    lowest = _lowest(population, x, largest_mean, slope)
    falls = -(lowest + seen - largest_mean * seen_sizes + slope * expected_x)
    limits = _LARGEST_LOSS / np.maximum(falls, 1e-12)
    return Bets(gains, sizes + seen_sizes, np.minimum(stakes, limits), largest_mean)


def lower_bound(own: Bets, low: float, high: float, alpha: float) -> float:
    """Return the largest mean between `low`, which is rejected, and `high` that is rejected.

    It is at most the largest mean of the bets.
    """
    high = min(high, own.largest_mean)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if own.rejects(middle, alpha) else (low, middle)
    return low


def _sum_before(values: Floats) -> Floats:
    return np.cumsum(values) - values


def _slope_and_spread(population: Population, losses: Floats, x: Floats) -> tuple[Floats, Floats]:
    """Return, for each draw, the slope and the standard deviation by the draws before it.

    The slope is between 0 and 1. A first guess counts as a few draws.
    """
    n = len(losses)
    before = np.maximum(_sum_before(population.sizes[:n]), 1e-300)
    mean = _sum_before(losses) / before
    residual = losses - np.where(np.arange(n) > 0, mean, 0.0) * population.sizes[:n]
    prior_x = _PRIOR_WEIGHT * float(np.mean(population.centred() ** 2)) + 1e-300
    slope = np.clip(_sum_before(x * residual) / (_sum_before(x**2) + prior_x), 0, 1)
    prior = _PRIOR_SPREAD**2 * float(np.mean((population.high - population.low) ** 2))
    squares = _sum_before((residual - slope * x) ** 2)
    spread = np.sqrt((_PRIOR_WEIGHT * prior + squares) / (_PRIOR_WEIGHT + np.arange(n)))
    return slope, np.maximum(spread, 1e-12)


def _lowest(population: Population, x: Floats, mean: float, slope: Floats) -> Floats:
    """Return a lower limit of `loss - mean * size - slope * x` of any group, for each slope.

    The lowest value is concave in the slope, so it is above the line between slopes 0 and 1.
    """
    without = population.low - mean * population.sizes
    return (1 - slope) * without.min() + slope * (without - x).min()
