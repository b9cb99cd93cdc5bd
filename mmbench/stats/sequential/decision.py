"""Whether the verdict of a gate on the whole set is known from the groups drawn so far.

The gate compares the loss L of the whole set with a margin by its standard error S and the
two-sided quantile z: it fails if L > margin and L > z · S, and passes if L + z · S <= margin. Both
L and S are unknown numbers of a finite population, and betting on the draws bounds each of them.
The decision is "fail" if every pair (L, S) that is not rejected would fail, and "pass" if every
such pair would pass.

The probability of a wrong "fail" is at most `alpha` / 2, and so is that of a wrong "pass"; each is
divided between the bounds of L and S. So the decision differs from the gate's verdict on the whole
set with a probability of at most `alpha`. If the models are equally good, the whole set fails with
a probability of `alpha` / 2 (the losses' half of a two-sided test), and the decision with at most
`alpha`. With k rules, "fail" has alpha / 2k for each rule, because one failing rule is enough
(Bonferroni). "Pass" needs all rules, so no rule needs a correction (the intersection-union test:
Berger 1982, "Multiparameter Hypothesis Testing and Acceptance Sampling", Technometrics 24(4)).
"""

from __future__ import annotations

from math import sqrt
from typing import Literal, NamedTuple

import numpy as np

from mmbench.stats.folds import Floats
from mmbench.stats.sequential.betting import Bets, bets, lower_bound
from mmbench.stats.sequential.population import Population

# Standard errors, for which the stakes are best. A regression of three detectable differences and
# the equality at a margin of two are 6.4 and 3.6 standard errors from the edge of their verdict.
_FAIL_BOLDNESS = (4.0, 7.0)
_PASS_BOLDNESS = (2.5, 4.5)
_SPREAD_BOLDNESS = (3.0, 6.0)
_FEWEST = 2  # groups
_SPREAD_SHARE = 0.1  # of the probability of a wrong decision, for the bound of S


class Decision(NamedTuple):
    """The verdict of the whole set, or "" if it is not known yet, and bounds of the mean loss.

    `low` is a lower bound of the loss of the whole set if the outcome is "fail", and `high` an
    upper bound if it is "pass"; the other bound is None.
    """

    outcome: Literal["fail", "pass", ""]
    low: float | None = None
    high: float | None = None


class SequentialGate(NamedTuple):
    """One rule of a gate, with the losses [n] of the groups drawn so far.

    `margin` is the largest loss that is allowed. `fail_alpha` and `pass_alpha` are the levels of
    the gate's two verdicts. `against_small` and `against_large` are bets on the losses.
    """

    population: Population
    losses: Floats
    margin: float
    fail_alpha: float
    pass_alpha: float
    against_small: Bets
    against_large: Bets

    def decide(self, drawn: int) -> Decision:
        """Decide the verdict of the whole set from the first `drawn` groups."""
        if drawn < _FEWEST:
            return Decision("")
        own = self._replace(
            losses=self.losses[:drawn],
            against_small=self.against_small.up_to(drawn),
            against_large=self.against_large.up_to(drawn),
        )
        low = own._lowest_failing_loss()
        if low is not None:
            return Decision("fail", low=low)
        high = own._highest_passing_loss()
        return Decision("" if high is None else "pass", high=high)

    def _lowest_failing_loss(self) -> float | None:
        """Return a lower bound of the loss if the whole set fails for certain, else None."""
        z = two_sided_quantile(len(self.population.sizes), self.fail_alpha)
        edge = max(self.margin, z * standard_error(self.population, self.losses))
        mean = mean_loss(self.population, self.losses)
        low = _bound(self.against_small, edge, mean, self.fail_alpha / 2)
        certain = low is not None and self._error_is_below(low / z, low, self.fail_alpha / 2)
        return low if certain else None

    def _highest_passing_loss(self) -> float | None:
        """Return an upper bound of the loss if the whole set passes for certain, else None."""
        z = two_sided_quantile(len(self.population.sizes), self.pass_alpha)
        edge = self.margin - z * standard_error(self.population, self.losses)
        mean = mean_loss(self.population, self.losses)
        negated = _bound(self.against_large, -edge, -mean, self.pass_alpha / 2)
        if negated is None:
            return None
        high = 0 - negated
        certain = self._error_is_below((self.margin - high) / z, high, self.pass_alpha / 2)
        return high if certain else None

    def _error_is_below(self, limit: float, mean: float, level: float) -> bool:
        """Return whether the whole set's standard error is below `limit`, if its loss is `mean`.

        The squares of `loss - mean * size` have a mean in the finite population, which betting
        bounds.
        """
        sizes, groups = self.population.sizes, len(self.population.sizes)
        ends = np.stack([self.population.low, self.population.high]) - mean * sizes
        none = np.zeros(groups)
        squares = Population(np.ones(groups), none, (ends**2).max(axis=0), none).mirrored()
        drawn = (self.losses - mean * sizes[: len(self.losses)]) ** 2
        largest = (limit * sizes.sum()) ** 2 / groups
        return bets(squares, -drawn, _SPREAD_BOLDNESS, -largest).rejects(-largest, level * _SPREAD_SHARE)


def sequential_gate(
    population: Population, losses: Floats, margin: float, alpha: float, rules: int = 1
) -> SequentialGate:
    """Return a rule of a gate with level `alpha` and a number of rules, ready for decisions."""
    groups, error = len(population.sizes), _largest_error(population)
    fails = max(margin, two_sided_quantile(groups, alpha / rules) * error)
    passes = margin - two_sided_quantile(groups, alpha) * error
    small = bets(population, losses, _FAIL_BOLDNESS, fails)
    large = bets(population.mirrored(), -losses, _PASS_BOLDNESS, -passes)
    return SequentialGate(population, losses, margin, alpha / rules, alpha, small, large)


def verdict_of_all(
    population: Population, losses: Floats, margin: float, alpha: float, rules: int = 1
) -> Literal["fail", "pass", "unclear"]:
    """Return the verdict of the gate on the losses of all groups, by the standard error."""
    mean, error = mean_loss(population, losses), standard_error(population, losses)
    groups = len(losses)
    if mean > max(margin, two_sided_quantile(groups, alpha / rules) * error):
        return "fail"
    return "pass" if mean + two_sided_quantile(groups, alpha) * error <= margin else "unclear"


def two_sided_quantile(groups: int, alpha: float) -> float:
    """Return the half width, in standard errors, of the gate's interval of `groups` groups."""
    from scipy.special import stdtrit

    return float(-stdtrit(groups - 1, alpha / 2)) * sqrt(groups / (groups - 1))


def standard_error(population: Population, losses: Floats) -> float:
    """Return the standard error of the whole set's mean, estimated by the losses [n]."""
    residuals = losses - mean_loss(population, losses) * population.sizes[: len(losses)]
    groups, total = len(population.sizes), float(population.sizes.sum())
    return sqrt(float(np.mean(residuals**2)) * groups) / total


def _largest_error(population: Population) -> float:
    """Return the largest standard error that the whole set can have."""
    ends = np.maximum(population.low**2, population.high**2)
    return sqrt(float(ends.sum())) / float(population.sizes.sum())


def _bound(own: Bets, edge: float, mean: float, level: float) -> float | None:
    """Return the lower bound of the mean; None if it is not above `edge`."""
    level *= 1 - _SPREAD_SHARE
    return lower_bound(own, edge, mean, level) if own.rejects(edge, level) else None


def mean_loss(population: Population, losses: Floats) -> float:
    return float(losses.sum() / population.sizes[: len(losses)].sum())

