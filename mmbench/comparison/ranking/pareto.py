"""The Pareto front of value and cost, which takes the noise of the values into account."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from mmbench.comparison.ranking.result import OnFront
from mmbench.stats.folds import Floats
from mmbench.stats.ranking.joint_test import Bools


class Place(NamedTuple):
    """Whether a run is on the front, and the index of the run that excludes it, or None."""

    front: OnFront
    by: int | None = None


def pareto_places(
    values: Floats, costs: Sequence[float | None], better: Bools, equal: Bools
) -> list[Place | None]:
    """Return the place of each of r runs; None for a run without a cost.

    `values` [r] are larger for better runs. `better` [r, r] marks the pairs in which run j is
    significantly better than run k, and `equal` the pairs with equal rows.

    A run is off the front ("no") if a run that costs no more is significantly better, or if a
    cheaper run has equal rows. It is "unclear" if a run that costs no more has a better value, but
    not significantly, or if a cheaper run has the same value. Otherwise it is on the front.
    """
    return [
        None if cost is None else _place(run, values, costs, better, equal)
        for run, cost in enumerate(costs)
    ]


def _place(
    run: int, values: Floats, costs: Sequence[float | None], better: Bools, equal: Bools
) -> Place:
    own = costs[run] or 0.0
    others = [(cost, k) for k, cost in enumerate(costs) if cost is not None and k != run]
    affordable = [(cost, k) for cost, k in others if cost <= own]
    for _, k in sorted(affordable, key=lambda pair: -values[pair[1]]):
        if better[k, run]:
            return Place("no", k)
    for cost, k in sorted(affordable):
        if equal[k, run] and cost < own:
            return Place("no", k)
    for cost, k in sorted(affordable, key=lambda pair: -values[pair[1]]):
        if values[k] > values[run] or (values[k] == values[run] and cost < own):
            return Place("unclear", k)
    return Place("yes")
