"""Tests of the mean and the spread of a finite population that hold at all times, by betting.

The losses y of the groups are drawn one after the other, without replacement. If the mean loss of
the population were m, the expected value of the next draw would be known: the mean of what remains.
A bet on the next draw that is fair under m multiplies the wealth by 1 + stake · (draw - expected).
The wealth is then a non-negative martingale that starts at 1, and by Ville's inequality it ever
reaches 1 / alpha with a probability of at most alpha. A mean under which the wealth has reached
1 / alpha is rejected, whatever rule decides when to look (Waudby-Smith and Ramdas 2020, "Confidence
Sequences for Sampling without Replacement", NeurIPS, arXiv:2006.04347; 2024, "Estimating means of
bounded random variables by betting", JRSS B 86(1), arXiv:2010.09686).

Four additions use what is known, or what the verdict of a gate needs:

- Groups have known sizes, and the mean is sum(y) / sum(sizes). The bets are on y - m · size.
- A known covariate x predicts a part of the loss. Its expected value is known too, so that a bet on
  y - slope · x is as fair, and has less variance. The slope is estimated from earlier draws.
- A draw without replacement moves the expected value of the remaining draws in the opposite
  direction, so later draws say more. The stakes grow as 1 / (share of the groups that remain); the
  sum of the bets then has the signal-to-noise ratio of the usual mean with the finite-population
  correction, and is a Brownian motion with drift in the time drawn / remaining.
- A verdict depends on the mean and on the standard error. So a second bet is on the square of
  y - m · size, which is expected to have a certain mean square too. A part of the wealth makes both
  bets and rejects a pair of a mean that is too small and a mean square that is too large. The
  stakes have the ratio of the evidence that earlier draws gave.

A stake that is best for one size of the difference is too careful or too bold for others. So the
wealth is divided among several stakes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mmbench.stats.folds import Floats
from mmbench.stats.sequential.population import (
    Population,
    mean_loss,
    remaining_means,
    standard_error,
)

_PRIOR_WEIGHT = 5.0  # draws that the first guess of a spread or a slope counts as
_PRIOR_SPREAD = 0.3  # the first guess of a standard deviation, as a share of the range
_LARGEST_LOSS = 0.97  # of the wealth, by one bet
_STEPS = 25  # halvings of the range of a bound
_LARGEST_RATIO = 5.0  # of the bet on the square to the bet on the mean
_SQUARE_WEALTH = 0.2  # of the wealth, for bets on the mean and the square together
_TYPICAL = 5.0  # standard errors between a null hypothesis and the truth, before any draw


class Hypothesis(NamedTuple):
    """The hypothesis that the mean is `mean` or less, and the mean square `square` or more.

    The mean square is the mean over all groups of (loss - mean · size)²; None stands for any.
    """

    mean: float
    square: float | None = None


class Bets(NamedTuple):
    """The bets on the losses [n] of the groups drawn so far, against means that are too small.

    Under a mean m, draw t wins losses[t] - slope[t] · x[t] - m · sizes[t], minus the expected value
    of this number, which is m · seen_sizes[t] - seen[t]. `spread` [n] is the standard deviation of
    the draws by earlier draws. `stakes` [k, n] are k bets, each best for one size of the evidence.
    """

    population: Population
    losses: Floats
    slope: Floats
    seen: Floats
    seen_sizes: Floats
    spread: Floats
    stakes: Floats

    def up_to(self, drawn: int) -> Bets:
        """Return the bets on the first draws only."""
        return Bets(self.population, *(values[..., :drawn] for values in self[1:]))

    @property
    def mean(self) -> float:
        """The mean loss of the groups drawn so far."""
        return mean_loss(self.population, self.losses)

    @property
    def error(self) -> float:
        """The standard error of the whole set's mean loss, estimated by the draws so far."""
        return standard_error(self.population, self.losses)

    def rejects(self, hypothesis: Hypothesis, alpha: float) -> bool:
        """Return whether the wealth under a hypothesis has ever reached 1 / alpha."""
        return bool(self.log_wealth(hypothesis).max() >= -np.log(alpha))

    def log_wealth(self, hypothesis: Hypothesis) -> Floats:
        """Return the logarithm of the wealth under a hypothesis after each draw [n].

        Without a mean square, it is the wealth of the bets on the mean alone, the least that is
        left under any mean square.
        """
        mean, square = hypothesis
        won, lost = self._with_mean(mean)
        by_mean = self._limited(self.stakes, lost) * won
        if square is None:
            return _mixture([by_mean], [1 - _SQUARE_WEALTH])
        ratio, scale, other_won, other_lost = self._with_square(mean, square)
        own = self._limited(self.stakes, lost * (1 + ratio))
        left = np.maximum(_LARGEST_LOSS - own * lost, 0)
        other = np.minimum(self.stakes * (ratio * scale), left / np.maximum(other_lost, 1e-12))
        by_both = own * won + other * other_won
        return _mixture([by_mean, by_both], [1 - _SQUARE_WEALTH, _SQUARE_WEALTH])

    def _limited(self, stakes: Floats, lost: Floats) -> Floats:
        """Return the stakes, limited so that a bet loses only a part of the wealth."""
        return np.asarray(np.minimum(stakes, _LARGEST_LOSS / np.maximum(lost, 1e-12)))

    def _with_mean(self, mean: float) -> tuple[Floats, Floats]:
        """Return what each draw wins, and at most loses."""
        sizes, x = self.population.sizes, self.population.centred()
        expected = mean * self.seen_sizes - self.seen
        n = len(self.losses)
        residuals = self.losses - mean * sizes[:n] - self.slope * x[:n]
        # The lowest residual of a group is concave in the slope: above the line from 0 to 1.
        low = self.population.low - mean * sizes
        lowest = (1 - self.slope) * low.min() + self.slope * (low - x).min()
        return residuals - expected, np.maximum(expected - lowest, 0)

    def _with_square(self, mean: float, square: float) -> tuple[Floats, ...]:
        """Return what the bet on the square needs: ratio, scale, what it wins and loses at most.

        `ratio` is the evidence of earlier draws on the square, in standard deviations, divided by
        the evidence on the mean; `scale` converts a stake on the mean.
        """
        sizes, groups = self.population.sizes, len(self.population.sizes)
        n = len(self.losses)
        ends = np.stack([self.population.low, self.population.high]) - mean * sizes
        largest = (ends**2).max(axis=0)
        squares = (self.losses - mean * sizes[:n]) ** 2
        remaining, before = groups - np.arange(n), np.arange(n)
        expected = (groups * square - sum_before(squares)) / remaining
        spread = _spread(squares, float(np.mean(largest**2)))
        evidence = sum_before(self.losses - mean * sizes[:n]) / self.spread
        evidence = np.maximum(evidence + _PRIOR_WEIGHT * _TYPICAL / np.sqrt(groups), 1e-9)
        of_square = np.maximum(before * square - sum_before(squares), 0) / spread
        ratio = np.minimum(of_square / evidence, _LARGEST_RATIO)
        at_most = np.maximum(float(largest.max()) - expected, 0)
        return ratio, self.spread / spread, expected - squares, at_most


def bets(population: Population, losses: Floats, boldness: tuple[float, ...]) -> Bets:
    """Return the bets on the losses [n] of the first groups, against means that are too small.

    A stake is best for a mean that is `boldness` standard errors away, where the standard error is
    that of the mean of the whole population as a sample.
    """
    n, total = len(losses), len(population.sizes)
    remaining, sizes, x = total - np.arange(n), population.sizes[:n], population.centred()
    slope, spread = _slope_and_spread(population, losses, x[:n])
    seen = sum_before(losses) / remaining + slope * remaining_means(x, n)
    stakes = np.asarray(boldness)[:, None] / spread * (np.sqrt(total) / remaining)
    seen_sizes = sum_before(sizes) / remaining
    return Bets(population, losses, slope, seen, seen_sizes, spread, stakes)


def _mixture(bets_won: list[Floats], shares: list[float]) -> Floats:
    """Return the logarithm of the wealth [n] that is divided among groups of k equal bets."""
    k = len(bets_won[0])
    first = np.repeat(np.log(shares) - np.log(k), k)[:, None]
    logs = first + np.cumsum(np.log1p(np.concatenate(bets_won)), axis=1)
    largest = logs.max(axis=0)
    return np.asarray(largest + np.log(np.exp(logs - largest).sum(axis=0)))


def lower_bound(own: Bets, limits: tuple[float, float], alpha: float) -> float:
    """Return the largest mean within `limits` that is rejected; the lower limit if none is."""
    low, high = limits
    for _ in range(_STEPS):
        middle = (low + high) / 2
        rejected = own.rejects(Hypothesis(middle), alpha)
        low, high = (middle, high) if rejected else (low, middle)
    return low


def sum_before(values: Floats) -> Floats:
    """Return the sum of the values before each value."""
    return np.asarray(np.cumsum(values) - values)


def _slope_and_spread(population: Population, losses: Floats, x: Floats) -> tuple[Floats, Floats]:
    """Return, for each draw, the slope (0 to 1) and the standard deviation by earlier draws."""
    sizes = population.sizes[: len(losses)]
    mean = sum_before(losses) / np.maximum(sum_before(sizes), 1e-300)
    residuals = losses - mean * sizes
    prior = _PRIOR_WEIGHT * float(np.mean(population.centred() ** 2)) + 1e-300
    slope = np.clip(sum_before(x * residuals) / (sum_before(x**2) + prior), 0, 1)
    ranges = float(np.mean((population.high - population.low) ** 2))
    return slope, _spread(residuals - slope * x, ranges, centred=True)


def _spread(values: Floats, squared_range: float, *, centred: bool = False) -> Floats:
    """Return, for each value, the standard deviation of the values before it [n], with a prior."""
    before = np.arange(len(values))
    squares = sum_before(values**2)
    if not centred:
        squares = squares - sum_before(values) ** 2 / np.maximum(before, 1)
    prior = _PRIOR_WEIGHT * _PRIOR_SPREAD**2 * squared_range
    return np.asarray(np.sqrt(np.maximum(prior + squares, 1e-24) / (_PRIOR_WEIGHT + before)))
