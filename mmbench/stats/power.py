"""The power of the paired tests of `mmbench compare`, and of a gate, for any number of groups.

A group is a sample, or several samples that are drawn together. The power is the probability that
the test finds a true difference D. For n groups:

- McNemar's exact test: the number of discordant samples, which only one run got right, is binomial.
  Given this number, the number of wins is binomial as well. The power is the sum over both. If the
  test expects more than 5,000 discordant samples, the normal approximation below is used.
- The paired permutation test: its threshold is t · S / √n, where S² is the second moment of the
  difference per group, and t is a quantile of Student's distribution. The difference is normal with
  the variance (S² - κ D²) / n. The second moment contains D, so that a large difference raises the
  threshold; κ is the mean square of the sizes of the groups divided by their squared mean. For rows
  of 0 and 1, S² is the discordance, and this is Connor's formula (Connor 1987, "Sample Size for
  Testing Differences in Proportions for the Paired-Sample Design", Biometrics 43(1)) with Student's
  quantile.
- Student's t by the jackknife: as for the permutation test, with κ = 0.

A gate passes if the upper end of the interval of the loss is within the margin, and fails if the
loss is beyond the margin and significant. Both probabilities use the same normal approximation.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, inf, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mmbench.stats.folds import Floats
from mmbench.stats.paired import MCNEMAR, PERMUTATION
from mmbench.stats.sums import Ints

POWER = 0.8
_MOST_GROUPS = 10**12  # more groups than any data set has
_EXACT = 5_000  # expected discordant samples up to which McNemar's power is a sum
_PRECISION = 1e-3  # relative precision of a detectable difference
_TAIL = 6.0  # standard deviations of the number of discordant samples that the sum covers


class Variation(NamedTuple):
    """The variation of the difference of two runs, which decides how many groups a test needs.

    `test` names the test. `spread` is the standard deviation of the difference for one group if
    the runs are equally good, in the unit of the metric: a standard error times √groups. `uneven`
    is κ: 1 for groups of equal size, larger for others, 0 if the threshold does not depend on D.
    """

    test: str
    spread: float
    uneven: float = 1.0

    def spread_at(self, difference: float) -> float:
        """Return the standard deviation for one group if the true difference is `difference`."""
        return sqrt(max(0.0, self.spread**2 - self.uneven * difference**2))


def power(variation: Variation, difference: float, groups: int, alpha: float) -> float:
    """Return the probability that a two-sided test at level `alpha` finds a true difference."""
    difference = abs(difference)
    if _is_exact(variation, difference, groups):
        return sum(_mcnemar(variation, difference, groups, alpha))
    reach = _threshold(variation, groups, alpha)
    error = variation.spread_at(difference) / sqrt(groups)
    return _above(difference - reach, error) + _above(-difference - reach, error)


def pass_probability(
    variation: Variation, margin: float, loss: float, groups: int, alpha: float
) -> float:
    """Return the probability that a gate with this margin passes a candidate with this true loss.

    The loss is in the unit of the metric; it is negative for a candidate that is better.
    """
    error = variation.spread_at(loss) / sqrt(groups)
    return _above(margin - loss - _quantile(groups, alpha) * error, error)


def fail_probability(
    variation: Variation, margin: float, loss: float, groups: int, alpha: float
) -> float:
    """Return the probability that a gate with this margin fails a candidate with this true loss."""
    if _is_exact(variation, loss, groups) and loss >= 0:
        return _mcnemar(variation, loss, groups, alpha, margin)[0]
    error = variation.spread_at(loss) / sqrt(groups)
    return _above(loss - max(margin, _threshold(variation, groups, alpha)), error)


def mcnemar_power(
    discordance: float, difference: float, samples: int, alpha: float, margin: float = 0.0
) -> tuple[float, float]:
    """Return the power of McNemar's exact test in the direction of the difference, and against it.

    `discordance` is the share of samples that only one of the runs gets right; it is at least the
    difference of the two accuracies, which must not be negative. Only observed differences above
    `margin` count.
    """
    from scipy.special import bdtr

    mean, deviation = samples * discordance, sqrt(samples * discordance * (1 - discordance))
    first = max(0, int(mean - _TAIL * deviation) - 1)
    last = min(samples, ceil(mean + _TAIL * deviation) + 1)
    discordant = np.arange(first, last + 1)
    wins = (1 + difference / discordance) / 2 if discordance else 0.5
    fewest = _critical(discordant, alpha)
    fewest = np.minimum(fewest, np.ceil((discordant - margin * samples) / 2) - 1)
    weights = np.where(fewest < 0, 0.0, _binomial(discordant, samples, discordance))
    tails = [weights @ bdtr(fewest.clip(0), discordant, share) for share in (1 - wins, wins)]
    return float(tails[0]), float(tails[1])


def groups_needed(power_of: Callable[[int], float], target: float) -> int | None:
    """Return the smallest number of groups with a power of at least `target`; None if none has it.

    `power_of` gives the power for a number of groups from 2. It may fall slightly where a discrete
    test changes its threshold; the result is then near the smallest number.
    """
    high = 2
    while power_of(high) < target:
        high *= 2
        if high > _MOST_GROUPS:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power_of(middle) >= target else (middle, high)
    return high


def difference_found(
    power_of: Callable[[float], float], target: float, largest: float
) -> float | None:
    """Return the smallest difference that is found with the probability `target`.

    `power_of` gives the power for a difference up to `largest`. Return None if no difference is
    found with this probability.
    """
    low, high = 0.0, largest
    if not power_of(largest) >= target:
        return None
    while high - low > _PRECISION * high:
        middle = (low + high) / 2
        low, high = (low, middle) if power_of(middle) >= target else (middle, high)
    return high


def _is_exact(variation: Variation, difference: float, groups: int) -> bool:
    discordance = max(variation.spread**2, abs(difference))
    return variation.test == MCNEMAR and groups * discordance <= _EXACT


def _mcnemar(
    variation: Variation, difference: float, groups: int, alpha: float, margin: float = 0.0
) -> tuple[float, float]:
    discordance = max(variation.spread**2, difference)
    return mcnemar_power(discordance, difference, groups, alpha, margin)


def _threshold(variation: Variation, groups: int, alpha: float) -> float:
    """Return the smallest significant difference; it is infinite for too few groups."""
    if variation.test == PERMUTATION and 2.0 ** (1 - groups) > alpha:
        return inf  # the smallest possible p-value is 2 / 2^groups
    return _quantile(groups, alpha) * variation.spread / sqrt(groups)


def _quantile(groups: int, alpha: float) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(max(1, groups - 1), 1 - alpha / 2))


def _above(distance: float, error: float) -> float:
    """Return the probability that a normal value with this standard error is above -distance."""
    from scipy.special import ndtr

    if error <= 0:
        return float(distance >= 0)
    return float(ndtr(distance / error))


def _critical(discordant: Ints, alpha: float) -> Floats:
    """Return the largest number of losses, of `discordant` [m], that is significant; -1 if none."""
    from scipy.special import ndtri

    # The normal approximation with continuity correction is exact or off by one.
    losses = np.floor(discordant / 2 + float(ndtri(alpha / 2)) * np.sqrt(discordant) / 2 - 0.5)
    losses = losses.clip(-1)
    while (above := (losses >= 0) & ~_is_significant(losses, discordant, alpha)).any():
        losses = losses - above
    while (below := _is_significant(losses + 1, discordant, alpha)).any():
        losses = losses + below
    return losses


def _is_significant(losses: Floats, discordant: Ints, alpha: float) -> NDArray[np.bool_]:
    from scipy.special import bdtr

    inside = (losses >= 0) & (2 * losses < discordant)
    p_values = 2 * bdtr(np.where(inside, losses, 0), np.where(inside, discordant, 1), 0.5)
    return np.asarray(inside & (p_values <= alpha))


def _binomial(k: Ints, n: int, share: float) -> Floats:
    """Return the probabilities of `k` [m] successes in `n` trials with the probability `share`."""
    from scipy.special import gammaln, xlog1py, xlogy

    ways = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    return np.asarray(np.exp(ways + xlogy(k, share) + xlog1py(n - k, -share)))
