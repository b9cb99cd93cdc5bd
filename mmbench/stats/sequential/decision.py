"""Whether the verdict of a gate on the whole set is known from the groups drawn so far.

The gate compares the loss L of the whole set with a margin by its standard error S and the
two-sided quantile z: it fails if L > margin and L > z · S, and passes if L + z · S <= margin. Both
L and S are unknown numbers of a finite population, and betting on the draws rejects pairs of them.
The decision is "fail" if every pair (L, S) that is not rejected would fail, and "pass" if every
such pair would pass.

The probability of a wrong "fail" is at most `alpha` / 2, and so is that of a wrong "pass". This is
exact for each pair (L, S); the pairs on the border between two verdicts are checked at a number of
points. The gate itself has a bootstrap or an exact test instead of z · S, which differ little for
the numbers of groups at which a decision is possible. So the decision differs from the gate's
verdict on the whole set with a probability of at most `alpha`. If the models are equally good, the
whole set fails with a probability of `alpha` / 2 (the losses' half of a two-sided test), and the
decision with at most `alpha`. With k rules, "fail" has alpha / 2k for each rule, because one
failing rule is enough (Bonferroni). "Pass" needs all rules, so no rule needs a correction (the
intersection-union test: Berger 1982, "Multiparameter Hypothesis Testing and Acceptance Sampling",
Technometrics 24(4)).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import sqrt
from typing import Literal, NamedTuple

import numpy as np

from mmbench.stats.folds import Floats
from mmbench.stats.sequential.betting import Bets, Hypothesis, bets, lower_bound
from mmbench.stats.sequential.population import Population, mean_loss, standard_error

# Standard errors, for which the stakes are best. A regression of three detectable differences and
# the equality at a margin of two are 6.4 and 3.6 standard errors from the edge of their verdict.
_FAIL_BOLDNESS = (4.0, 7.0)
_PASS_BOLDNESS = (2.5, 4.5)
_FEWEST = 2  # groups
_BEYOND = 1.5  # times the standard error at which the mean loss so far is on the border
_POINTS = 64  # standard errors at which a decision is checked

Decision = Literal["fail", "pass", ""]


class SequentialGate(NamedTuple):
    """One rule of a gate, with the losses of the groups drawn so far.

    `margin` is the largest loss that is allowed. `fail_alpha` and `pass_alpha` are the levels of
    the gate's two verdicts. `against_small` are bets on the losses, `against_large` bets on the
    negated losses.
    """

    margin: float
    fail_alpha: float
    pass_alpha: float
    against_small: Bets
    against_large: Bets

    def decide(self, drawn: int) -> Decision:
        """Decide the verdict of the whole set from the first `drawn` groups."""
        if drawn < _FEWEST:
            return ""
        own = self._up_to(drawn)
        return "fail" if own._fails() else "pass" if own._passes() else ""

    def bounds(self, drawn: int) -> tuple[float, float]:
        """Return a lower and an upper bound of the mean loss of the whole set, by the first groups.

        Each holds for all numbers of groups together, with a probability of 1 - alpha / 2.
        """
        own = self._up_to(drawn)
        low, high = (
            lower_bound(side, (side.population.mean_range[0], side.mean), level / 2)
            for side, level in (
                (own.against_small, self.fail_alpha),
                (own.against_large, self.pass_alpha),
            )
        )
        return low, 0 - high

    def _up_to(self, drawn: int) -> SequentialGate:
        return self._replace(
            against_small=self.against_small.up_to(drawn),
            against_large=self.against_large.up_to(drawn),
        )

    def _fails(self) -> bool:
        """Return whether the whole set fails for certain: loss > max(margin, z · error)."""
        own = self.against_small
        z = two_sided_quantile(len(own.population.sizes), self.fail_alpha)
        errors = _grid(max(own.error, self.margin / z), own.mean / z)
        return self._reject(own, [(z * e, e) for e in errors], self.fail_alpha / 2)

    def _passes(self) -> bool:
        """Return whether the whole set passes for certain: loss + z · error <= margin."""
        own = self.against_large
        z = two_sided_quantile(len(own.population.sizes), self.pass_alpha)
        errors = _grid(own.error, (self.margin + own.mean) / z)
        return self._reject(own, [(z * e - self.margin, e) for e in errors], self.pass_alpha / 2)

    def _reject(self, own: Bets, pairs: Sequence[tuple[float, float]], level: float) -> bool:
        """Return whether all pairs of a mean and a standard error are rejected; False for none.

        `pairs` are on the border between two verdicts, by increasing error. Under a smaller mean,
        or a larger error, the wealth is larger. So the first mean without an error stands for all
        smaller errors, and each further mean, with the error before, for all pairs between them.
        """
        sizes = own.population.sizes
        scale = float(sizes.sum()) ** 2 / len(sizes)
        hypotheses = [Hypothesis(mean) for mean, _ in pairs[:1]]
        hypotheses += [
            Hypothesis(mean, scale * error**2) for (_, error), (mean, _) in pairwise(pairs)
        ]
        return bool(pairs) and all(own.rejects(one, level) for one in hypotheses)


def _grid(low: float, high: float) -> list[float]:
    """Return increasing standard errors from `low`; none if `low` is above `high`.

    The mean loss that belongs to the standard error `high` is that of the groups drawn, so that
    only the spread of the losses speaks against it, the more the larger the error is.
    """
    return [*np.linspace(low, _BEYOND * high, _POINTS)] if low < high else []


def sequential_gate(
    population: Population,
    losses: Floats,
    margin: float,
    alpha: float,
    *,
    rules: int = 1,
    highest: Floats | None = None,
) -> SequentialGate:
    """Return a rule of a gate with level `alpha` and a number of rules, ready for decisions.

    `losses` [n] are those of the groups drawn so far. If samples failed, `losses` count them as
    right and `highest` counts them as wrong.
    """
    largest = losses if highest is None else highest
    small = bets(population, losses, _FAIL_BOLDNESS)
    large = bets(population.mirrored(), 0 - largest, _PASS_BOLDNESS)
    return SequentialGate(margin, alpha / rules, alpha, small, large)


def verdict_of_all(
    population: Population, losses: Floats, margin: float, alpha: float, rules: int = 1
) -> Literal["fail", "pass", "unclear"]:
    """Return the verdict of the gate on the losses of all groups, by the standard error."""
    groups, mean = len(losses), mean_loss(population, losses)
    error = standard_error(population, losses)
    if mean > max(margin, two_sided_quantile(groups, alpha / rules) * error):
        return "fail"
    return "pass" if mean + two_sided_quantile(groups, alpha) * error <= margin else "unclear"


def two_sided_quantile(groups: int, alpha: float) -> float:
    """Return the half width, in standard errors, of the gate's interval of `groups` groups."""
    from scipy.special import stdtrit

    return float(-stdtrit(groups - 1, alpha / 2)) * sqrt(groups / (groups - 1))
