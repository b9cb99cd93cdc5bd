"""The joint test of all pairs against its definition, written with loops."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmbench.stats.folds import Floats
from mmbench.stats.ranking.joint_test import (
    JointDraws,
    joint_draws,
    maxima,
    significantly_better,
    statistics,
)
from mmbench.stats.ranking.ranks import best_set, rank_intervals
from mmbench.stats.ranking.top_value import top_value


def joint(rows: Floats, name: str = "mean", **options: object) -> JointDraws:
    """Rows [n, r] of r runs, each in a group of its own."""
    base: dict[str, object] = {"better": "higher", "draws": 300}
    tables = [column[:, None] for column in rows.T]
    found = joint_draws(name, tables, np.arange(len(rows)), **(base | options))  # type: ignore[arg-type]
    assert found is not None
    return found


@pytest.fixture
def rows() -> Floats:
    """Five runs on 60 samples: 0 and 1 are equal, 2 is better, 3 and 4 are worse."""
    rng = np.random.default_rng(0)
    chances = np.array([0.6, 0.6, 0.95, 0.3, 0.1])
    values = (rng.random((60, 1)) * 0.6 + rng.random((60, 5)) * 0.4 < chances).astype(float)
    values[:, 1] = values[:, 0]
    return values


def test_statistics_are_sums_of_differences_over_the_root_of_their_squares(rows: Floats) -> None:
    found = statistics(joint(rows))
    for j, k in product(range(5), repeat=2):
        differences = rows[:, j] - rows[:, k]
        root = np.sqrt((differences**2).sum())
        assert found[j, k] == pytest.approx(differences.sum() / root if root else 0, abs=1e-4)


def test_maxima_under_all_signs_are_those_of_a_permutation_test() -> None:
    """With four samples, 300 draws contain all 16 signs; each maximum is one of the 16."""
    rows = np.array([[1, 0, 0], [1, 1, 0], [0, 1, 1], [1, 0, 1.0]])
    found = joint(rows)
    pairs = [(0, 1), (2, 0)]
    chosen = np.zeros((3, 3), bool)
    chosen[tuple(zip(*pairs, strict=True))] = True
    expected = set()
    for signs in product([1, -1], repeat=4):
        sums = [(signs * (rows[:, j] - rows[:, k]), rows[:, j] - rows[:, k]) for j, k in pairs]
        expected.add(round(max(s.sum() / np.sqrt((d**2).sum()) for s, d in sums), 3))
    assert {round(value, 3) for value in maxima(found, chosen).tolist()} == expected


def test_the_step_down_is_that_of_romano_and_wolf(rows: Floats) -> None:
    found = joint(rows)
    observed, open_pairs, rejected = statistics(found), set(product(range(5), repeat=2)), set()
    open_pairs -= {(j, j) for j in range(5)}
    while True:
        drawn = [
            max((one[j] - one[k]) / found.scales[j, k] for j, k in open_pairs) for one in found.null
        ]
        limit = sorted(drawn)[int(np.ceil(0.95 * (len(drawn) - 1)))]
        further = {pair for pair in open_pairs if observed[pair] > limit + 1e-5}
        if not further:
            break
        rejected |= further
        open_pairs -= further
    assert rejected == set(zip(*np.nonzero(significantly_better(found, 0.95)), strict=True))
    assert {(2, 0), (2, 3), (2, 4), (0, 4)} <= rejected


@pytest.mark.parametrize("name", ["mean", "median"])
def test_equal_runs_share_their_ranks(rows: Floats, name: str) -> None:
    found = joint(rows if name == "mean" else rows + np.arange(60)[:, None] / 600, name)
    low, high = rank_intervals(significantly_better(found, 0.95))
    among = best_set(found, 0.95)
    assert (low[0], high[0], among[0]) == (low[1], high[1], among[1])
    assert low[0] < high[0]  # nothing separates equal runs
    assert found.method == ("random signs" if name == "mean" else "bootstrap")


def test_worse_runs_leave_the_set_of_the_best(rows: Floats) -> None:
    assert best_set(joint(rows), 0.95).tolist() == [False, False, True, False, False]
    worse = joint(1 - rows, better="lower")
    assert best_set(worse, 0.95).tolist() == [False, False, True, False, False]


def test_few_samples_that_differ_prove_nothing() -> None:
    """Four of 200 samples, all for one run: p is 2 / 2⁴ = 0.125 by the test of signs."""
    rows = np.full((200, 2), 1.0)
    rows[:4, 1] = 0.0
    assert not significantly_better(joint(rows, draws=2000), 0.95).any()
    rows[:8, 1] = 0.0  # 2 / 2⁸ = 0.008
    assert significantly_better(joint(rows, draws=2000), 0.95).tolist() == [
        [False, True],
        [False] * 2,
    ]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.permutations(range(5)))
def test_permuted_runs_have_permuted_results(seed: int, order: list[int]) -> None:
    rows = np.random.default_rng(seed).random((30, 5)) + np.arange(5) / 10
    first, second = joint(rows), joint(rows[:, order])
    better = significantly_better(first, 0.95)
    assert (significantly_better(second, 0.95) == better[np.ix_(order, order)]).all()
    assert (best_set(second, 0.95) == best_set(first, 0.95)[order]).all()
    one, other = top_value(first, 0.95), top_value(second, 0.95)
    assert order[other.run] == one.run
    assert other[1:] == pytest.approx(one[1:])


def test_a_group_counts_as_one(rows: Floats) -> None:
    """Each sample five times in one group: the same ranks as once."""
    tables = [column.repeat(5)[:, None] for column in rows.T]
    grouped = joint_draws("mean", tables, np.arange(60).repeat(5), better="higher", draws=300)
    assert grouped is not None
    assert grouped.scales == pytest.approx(joint(rows).scales, rel=1e-3)
    assert (significantly_better(grouped, 0.95) == significantly_better(joint(rows), 0.95)).all()


def test_one_group_or_undefined_resamples_give_no_draws() -> None:
    tables = [np.arange(4.0)[:, None], np.ones((4, 1))]
    assert joint_draws("mean", tables, np.zeros(4, int), better="higher") is None
    single = [np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[0.5, 0.0], [0.2, 1.0]])]
    assert joint_draws("auc", single, np.arange(2), better="higher", draws=50) is None


def test_equal_runs_have_no_bias(rows: Floats) -> None:
    found = top_value(joint(rows[:, [0, 1]]), 0.95)
    assert found[1:] == pytest.approx((0, 0, 0))
