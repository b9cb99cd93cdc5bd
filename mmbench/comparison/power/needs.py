"""Samples, groups and cost that a comparison or a gate needs, for a known variation."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import ceil, floor, log10
from typing import NamedTuple

from mmbench.comparison.power.cost import Rate
from mmbench.comparison.power.result import GatePlan, Need
from mmbench.stats.paired import MCNEMAR
from mmbench.stats.power import (
    Variation,
    difference_found,
    fail_probability,
    groups_needed,
    pass_probability,
    power,
)

_ROUND = (1, 2, 5)  # leading digits of the differences in a table
_WIDE = 5.0  # the table covers differences from a 5th to 5 times the detectable difference


class Planner(NamedTuple):
    """Computes needs for a variation, at the level `alpha` and with the power `target`.

    `samples` and `groups` are those of the whole set, None if it is unknown; then a group has one
    sample.
    """

    variation: Variation
    samples: int | None
    groups: int | None
    alpha: float
    target: float
    rate: Rate | None = None

    def power(self, difference: float, groups: int) -> float:
        """Return the power for a difference with this number of groups."""
        return power(self.variation, difference, groups, self.alpha)

    def need(self, difference: float) -> Need:
        """Return the samples that find a difference."""
        return self._need(difference, partial(self.power, difference))

    def detectable(self) -> float | None:
        """Return the smallest difference that the whole set finds; None if there is none."""
        return self._smallest(lambda difference: self.power(difference, self.groups or 0))

    def table(self, asked: float | None, detectable: float | None) -> list[Need]:
        """Return the needs of round differences near the detectable one, and of the asked one."""
        center = detectable or asked or self.variation.spread / 10
        differences = {*_round_numbers(center / _WIDE, center * _WIDE), *([asked] if asked else [])}
        return [self.need(one) for one in sorted(differences) if self.possible(one)]

    def gate(self, margin: float) -> GatePlan:
        """Return what a gate with this margin needs for its verdicts."""
        passing = partial(pass_probability, self.variation, margin, alpha=self.alpha)
        failing = partial(fail_probability, self.variation, margin, alpha=self.alpha)
        return GatePlan(
            margin=margin,
            equal=self._need(0.0, lambda groups: passing(loss=0.0, groups=groups)),
            half=self._need(margin / 2, lambda groups: passing(loss=margin / 2, groups=groups)),
            double=self._need(2 * margin, lambda groups: failing(loss=2 * margin, groups=groups)),
            passes=None if self.groups is None else passing(loss=0.0, groups=self.groups),
            smallest_fail=self._smallest(
                lambda loss: failing(loss=loss, groups=self.groups or 0), least=margin
            ),
        )

    def _smallest(self, probability: Callable[[float], float], least: float = 0.0) -> float | None:
        if self.groups is None or self.groups < 2:
            return None
        # A thousand standard errors are more than any test needs, except for very few groups.
        largest = 1000 * self.variation.spread / self.groups**0.5 + least
        largest = min(1.0, largest) if self.variation.test == MCNEMAR else largest
        return difference_found(probability, self.target, largest)

    def possible(self, difference: float) -> bool:
        """Return whether two runs can differ so much: at most 1 if the rows are 0 or 1."""
        return self.variation.test != MCNEMAR or difference <= 1

    def _need(self, difference: float, power_of: Callable[[int], float]) -> Need:
        groups = groups_needed(power_of, self.target) if self.possible(difference) else None
        if groups is None:
            return Need(difference, None, None)
        size = self.samples / self.groups if self.samples and self.groups else 1.0
        samples = ceil(groups * size)
        cost = self.rate.cost(samples / self.samples) if self.rate and self.samples else None
        return Need(difference, samples, groups, cost)


def _round_numbers(low: float, high: float) -> list[float]:
    """Return the numbers 1, 2 and 5 times a power of ten from `low` to `high`."""
    exponents = range(floor(log10(low)), ceil(log10(high)) + 1)
    numbers = [float(f"{digit}e{exponent}") for exponent in exponents for digit in _ROUND]
    return [number for number in numbers if low <= number <= high]
