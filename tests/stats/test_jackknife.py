"""The jackknife of clusterings: coverage, groups, and comparisons of two clusterings."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from mmbench.stats import intervals, score
from mmbench.stats.folds import fold
from mmbench.stats.jackknife import values_without_blocks
from mmbench.stats.paired import JACKKNIFE, paired_many

Floats = NDArray[np.float64]
SHARES = np.random.default_rng(1).dirichlet(np.full(4, 0.2), 4).ravel() / 4


def draw(seed: int, n: int = 120) -> Floats:
    """Classes and clusters [n, 2] of samples from one population."""
    cells = np.random.default_rng(seed).choice(16, n, p=SHARES)
    return np.column_stack([cells // 4, cells % 4]).astype(float)


def ids(n: int) -> list[str]:
    return [str(i) for i in range(n)]


def test_values_without_each_sample_are_those_of_the_other_samples() -> None:
    rows = draw(0, 20)
    (without,) = values_without_blocks([("v-measure", rows)], np.arange(20), 20)
    expected = [fold("v-measure", np.delete(rows, at, axis=0)) for at in range(20)]
    assert sorted(without) == pytest.approx(sorted(expected))


@pytest.mark.parametrize("name", ["v-measure", "adjusted-rand"])
def test_the_interval_covers_the_mean_over_sets_of_the_same_size(name: str) -> None:
    """The bootstrap would have none: all resamples score higher."""
    scores = [score(draw(seed), fold_name=name, worst=-0.5, best=1) for seed in range(30)]
    mean = np.mean([one.value for one in scores])
    found = [ends for ends, _ in intervals(scores, [ids(120)] * 30) if ends]
    assert len(found) == 30
    covered = sum(low <= mean <= high for low, high in found)
    assert covered >= 25  # 28.5 expected; 24 or fewer has a probability of .003


def test_equal_rows_of_a_group_are_left_out_together() -> None:
    rows = draw(1, 60)
    twice, groups = np.repeat(rows, 2, axis=0), np.repeat(ids(60), 2).tolist()
    once_ends, _ = intervals([score(rows, fold_name="v-measure")], [ids(60)])[0]
    twice_ends, _ = intervals([score(twice, fold_name="v-measure")], [groups])[0]
    assert twice_ends == pytest.approx(once_ends)


def test_an_interval_ends_at_the_range_and_a_constant_has_none() -> None:
    rows = np.array([[0, 0], [0, 0], [1, 1], [1, 1], [1, 0]], float)
    ends, _ = intervals([score(rows, fold_name="v-measure", worst=0, best=1)], [ids(5)])[0]
    assert ends is not None and ends[0] == 0 and ends[1] == 1
    perfect = np.array([[0, 0], [1, 1]] * 5, float)
    found, reason = intervals([score(perfect, fold_name="v-measure")], [ids(10)])[0]
    assert (found, reason) == (None, "no interval: leaving samples out does not change the value")


def test_names_of_clusters_do_not_change_a_comparison() -> None:
    """Exchanging samples between two clusterings would mix names of their own."""
    first, second = draw(2), draw(2)
    second[:, 1] = 3 - second[:, 1]
    same = paired_many([("v-measure", first, second)], ids(120))[0]
    assert (same.difference, same.p_value, same.low) == (pytest.approx(0), 1.0, 0.0)
    worse = second.copy()
    worse[::3, 1] = (worse[::3, 1] + 1) % 4
    found = paired_many([("v-measure", first, worse), ("mean", first, worse)], ids(120))[0]
    assert found.test == JACKKNIFE and found.p_value is not None and found.p_value < 0.01
    assert found.low is not None and found.high is not None
    assert found.low < found.difference < found.high < 0
