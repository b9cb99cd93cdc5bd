"""Simulated runs with known values: how often ranks and best runs are right, and what is lost."""

from typing import NamedTuple

import numpy as np
import pytest

from mmbench.stats.folds import Floats
from mmbench.stats.ranking.joint_test import joint_draws, significantly_better
from mmbench.stats.ranking.ranks import best_set, rank_intervals
from mmbench.stats.ranking.top_value import top_value
from tests.support.simulated_runs import simulated_rows


class Rates(NamedTuple):
    """Means over the repeats of a simulation."""

    ranks_covered: float  # all intervals contain all ranks that a run may have
    ranks_wide: float  # the mean number of ranks in an interval
    best_inside: float
    best_runs: float  # the mean size of the set of the best
    excess: float
    bias: float
    loss: float
    expected_loss: float
    loss_limited: float


def simulate(
    kind: str, chances: Floats, groups: int, size: int, repeats: int, level: float = 0.95
) -> Rates:
    rng = np.random.default_rng(0)
    runs = len(chances)
    lowest = 1 + (chances[None] > chances[:, None] + 1e-12).sum(axis=1)
    highest = runs - (chances[None] < chances[:, None] - 1e-12).sum(axis=1)
    rates = []
    for seed in range(repeats):
        rows = simulated_rows(rng, kind, chances, groups, size)
        tables, names = [column[:, None] for column in rows.T], np.arange(groups).repeat(size)
        joint = joint_draws("mean", tables, names, better="higher", seed=seed, draws=200)
        assert joint is not None
        low, high = rank_intervals(significantly_better(joint, level))
        among, top = best_set(joint, level), top_value(joint, level)
        loss = chances.max() - chances[top.run]
        # The samples are as difficult for all runs: without this common error, fewer repeats do.
        errors = joint.values - chances
        excess = errors[top.run] - errors.mean()
        covered = bool(((low <= lowest) & (high >= highest)).all())
        inside, width = among[chances.argmax()], (high - low + 1).mean()
        limited = loss <= top.largest_loss + 1e-9
        rates.append(
            (
                covered,
                width,
                inside,
                among.sum(),
                excess,
                top.bias,
                loss,
                top.expected_loss,
                limited,
            )
        )
    return Rates(*np.mean(np.array(rates, float), axis=0).tolist())


EQUAL, HALVES = np.full(8, 0.7), np.repeat([0.7, 0.55], 4)
SLOPE = 0.75 - 0.3 * np.arange(8) / 7


CASES = [
    ("latent", EQUAL, 60, 5),
    ("latent", HALVES, 200, 1),
    ("rare", np.full(3, 0.7), 150, 1),
]


@pytest.mark.parametrize(("kind", "chances", "groups", "size"), CASES)
def test_ranks_and_best_runs_are_right(kind: str, chances: Floats, groups: int, size: int) -> None:
    """95 % of 40 repeats, minus three times the error of the simulation (10 points)."""
    rates = simulate(kind, chances, groups, size, 40)
    assert rates.ranks_covered >= 0.85
    assert rates.best_inside >= 0.85
    assert rates.loss_limited >= 0.95


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "chances", "groups", "size"),
    [
        *CASES,
        ("rare", EQUAL, 1000, 1),
        ("latent", np.full(3, 0.7), 60, 1),
        ("latent", SLOPE, 300, 1),
        ("latent", np.full(30, 0.7), 100, 1),
        ("latent", np.repeat([0.7, 0.6, 0.5], 10), 200, 1),
    ],
)
def test_ranks_are_right_in_many_repeats(
    kind: str, chances: Floats, groups: int, size: int
) -> None:
    """95 % of 200 repeats, minus twice the error of the simulation (3 points)."""
    rates = simulate(kind, chances, groups, size, 200)
    assert rates.ranks_covered >= 0.92
    assert rates.best_inside >= 0.92
    assert rates.loss_limited >= 0.95


def test_a_lower_level_is_wrong_more_often() -> None:
    """The simulation sees errors: at the level of 50 %, ranks are wrong far more often than 5 %."""
    rates = simulate("latent", EQUAL, 60, 1, 30, level=0.5)
    assert 0.3 < rates.ranks_covered < 0.75


def test_clear_orders_have_short_intervals_and_few_best_runs() -> None:
    rates = simulate("latent", SLOPE, 1000, 1, 10)
    assert rates.ranks_covered >= 0.9
    assert rates.ranks_wide < 3
    assert rates.best_runs < 3
    assert rates.best_inside >= 0.9


@pytest.mark.parametrize("chances", [EQUAL, HALVES])
def test_the_first_value_is_too_high_by_about_the_bias(chances: Floats) -> None:
    """Within a factor of two, as the document says."""
    rates = simulate("latent", chances, 100, 1, 30)
    assert rates.excess / 2 < rates.bias < 2 * rates.excess
    assert rates.expected_loss <= rates.loss + 0.02
