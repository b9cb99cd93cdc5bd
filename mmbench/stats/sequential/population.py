"""The groups of a finite population in the order of the draw, with everything known beforehand."""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

import numpy as np

from mmbench.stats.folds import Floats


class Population(NamedTuple):
    """All g groups of a test set, in the order in which they are drawn without replacement.

    The mean loss of the population is sum(losses) / sum(sizes). The loss of a group becomes known
    when the group is drawn; `sizes`, the range `low` to `high` of each loss, and `covariate`, a
    number that predicts the loss, are known for all groups from the start. All are float64 [g].
    """

    sizes: Floats
    low: Floats
    high: Floats
    covariate: Floats

    @property
    def mean_range(self) -> tuple[float, float]:
        """The lowest and the highest possible mean loss."""
        total = self.sizes.sum()
        return float(self.low.sum() / total), float(self.high.sum() / total)

    def mirrored(self) -> Population:
        """Return the population of the negated losses."""
        return self._replace(low=-self.high, high=-self.low, covariate=-self.covariate)

    def centred(self) -> Floats:
        """Return the covariate minus its share of the group's size: these numbers sum to 0."""
        return np.asarray(self.covariate - self.sizes * (self.covariate.sum() / self.sizes.sum()))


def mean_loss(population: Population, losses: Floats) -> float:
    """Return the mean loss of the groups drawn so far, given their losses [n]; 0 without groups."""
    size = float(population.sizes[: len(losses)].sum())
    return float(losses.sum()) / size if size else 0.0


def standard_error(population: Population, losses: Floats) -> float:
    """Return the standard error of the whole set's mean loss, estimated by the losses [n].

    It is that of a sample from an infinite population, by linearisation, as the bootstrap of the
    gate estimates it.
    """
    residuals = losses - mean_loss(population, losses) * population.sizes[: len(losses)]
    groups, total = len(population.sizes), float(population.sizes.sum())
    return sqrt(float(np.mean(residuals**2)) * groups) / total


def remaining_means(values: Floats, drawn: int) -> Floats:
    """Return the mean of `values` [g] over the groups not drawn before each of the first draws.

    The result [drawn] has at position t the mean of values t, t + 1, …, g - 1.
    """
    before = np.concatenate([[0.0], np.cumsum(values[: drawn - 1])]) if drawn else np.empty(0)
    return np.asarray((values.sum() - before) / (len(values) - np.arange(drawn)))
