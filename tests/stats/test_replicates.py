"""Differences of methods with several seeds: definitions, coverage, variance components."""

from itertools import permutations
from math import sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import stdtr, stdtrit

from benchmarks.seeds import coverage
from mmbench.stats.folds import fold
from mmbench.stats.replicates import (
    between_seeds,
    covariances,
    needed_seeds,
    seed_difference,
)
from mmbench.stats.resampler import Resampler

values_of_seeds = st.lists(st.floats(-5, 5, width=32), min_size=2, max_size=6)


def t_test(difference: float, variance: float, degrees: float) -> tuple[float, float]:
    """Half the width of the 95 % interval, and the two-sided p-value."""
    error = sqrt(variance)
    return stdtrit(degrees, 0.975) * error, 2 * stdtr(degrees, -abs(difference) / error)


def test_a_paired_test_by_hand() -> None:
    # the differences 4, 5 and 3: t = 4 / (1 / √3); with 2 degrees of freedom, p = 1 - t / √(2 + t²)
    a, b = np.array([1.0, 2, 6]), np.array([5.0, 7, 9])
    found = seed_difference(a, b, None, 0, paired=True)
    t = 4 * sqrt(3)
    assert (found.difference, found.error) == (4, pytest.approx(4 / t))
    assert (found.degrees, found.p_value) == (2, pytest.approx(1 - t / sqrt(2 + t * t)))


def test_without_a_test_set_the_interval_is_the_wider_of_welch_and_student() -> None:
    rng = np.random.default_rng(0)
    for k, other in ((2, 2), (3, 3), (3, 6), (10, 2)):
        a, b = rng.normal(size=k), rng.normal(1, 3, size=other)
        found = seed_difference(a, b, None, 0)
        one, two = a.var(ddof=1) / k, b.var(ddof=1) / other
        welch = (one + two) ** 2 / (one**2 / (k - 1) + two**2 / (other - 1))
        pooled = (one * k * (k - 1) + two * other * (other - 1)) / (k + other - 2)
        tests = [
            t_test(found.difference, one + two, welch),
            t_test(found.difference, pooled * (1 / k + 1 / other), k + other - 2),
        ]
        assert (found.reach, found.p_value) == pytest.approx(max(tests))
        assert (found.low, found.high) == (
            pytest.approx(found.difference - found.reach),
            pytest.approx(found.difference + found.reach),
        )
        assert found.test_set is None


@pytest.mark.parametrize("paired", [False, True])
def test_the_part_of_the_test_set_is_the_mean_covariance_of_different_seeds(paired: bool) -> None:
    rng = np.random.default_rng(2)
    root = rng.normal(size=(6, 6)) + 3  # a common part makes the covariances positive
    covariance = root @ root.T
    a, b = rng.normal(size=(2, 3))
    found = seed_difference(a, b, covariance, 50, paired=paired)

    def between(i: int, j: int) -> float:
        # the covariance of the differences of the pairs i and j, each second minus first
        c = covariance
        return c[i + 3, j + 3] - c[i + 3, j] - c[i, j + 3] + c[i, j]

    if paired:
        wanted = np.mean([between(i, j) for i, j in permutations(range(3), 2)])
    else:
        within = [np.mean([covariance[at + i, at + j] for i, j in permutations(range(3), 2)])
                  for at in (0, 3)]  # fmt: skip
        wanted = sum(within) - 2 * np.mean(
            [covariance[i, 3 + j] for i in range(3) for j in range(3)]
        )
    assert found.test_set == pytest.approx(max(0.0, wanted))
    assert found.error**2 == pytest.approx(found.seeds + found.test_set)


def test_welch_and_satterthwaite_by_hand() -> None:
    # s² / k: 0.02 / 2 = .01 and 0.06 / 3 = .02; test set .03 with 100 degrees of freedom
    a, b = np.array([0.4, 0.6]), np.array([0.5 - sqrt(0.06), 0.5, 0.5 + sqrt(0.06)])
    covariance = np.zeros((5, 5))
    covariance[:2, :2], covariance[2:, 2:] = 0.02, 0.01
    found = seed_difference(a, b, covariance, 101)
    welch = 0.06**2 / (0.01**2 / 1 + 0.02**2 / 2 + 0.03**2 / 100)
    pooled = (0.02 + 2 * 0.06) / 3 * (1 / 2 + 1 / 3)
    by_pool = (pooled + 0.03) ** 2 / (pooled**2 / 3 + 0.03**2 / 100)
    wide = [stdtrit(welch, 0.975) * sqrt(0.06),
            stdtrit(by_pool, 0.975) * sqrt(pooled + 0.03)]  # fmt: skip
    assert found.reach == pytest.approx(max(wide))
    assert found.degrees == pytest.approx([welch, by_pool][int(np.argmax(wide))])


@pytest.mark.parametrize("name", ["mean", "ratio", "median", "v-measure"])
def test_covariances_by_their_definition(name: str) -> None:
    rng = np.random.default_rng(3)
    groups = [f"g{at // 2}" for at in range(40)]
    columns = {"mean": 1, "median": 1}.get(name, 2)
    rows = [rng.integers(1, 4, size=(40, columns)).astype(float) for _ in range(3)]
    found = covariances(name, rows, groups)
    resampler = Resampler(groups)
    if name == "v-measure":
        weights = np.array([[float(g != left) for g in groups] for left in dict.fromkeys(groups)])
        scale = 19 * 19 / 20  # the jackknife: (b - 1) / b times the sum of squares
    else:
        weights = np.concatenate([w.copy() for w in resampler.weights(50)])[:, resampler.code]
        scale = 20 / 19
    drawn = np.array([[_weighted(name, own, w) for w in weights] for own in rows])
    assert found == pytest.approx(scale * np.cov(drawn))
    np.testing.assert_allclose(found, found.T)


def _weighted(name: str, rows: np.ndarray, weights: np.ndarray) -> float:
    return fold(name, np.repeat(rows, weights.astype(int), axis=0))


def test_there_are_no_covariances_of_one_group() -> None:
    rows = [np.ones((4, 1)), np.zeros((4, 1))]
    assert np.isnan(covariances("mean", rows, ["a"] * 4)).all()


@settings(max_examples=50)
@given(values_of_seeds, values_of_seeds)
def test_the_order_of_seeds_and_of_methods_does_not_matter(a: list[float], b: list[float]) -> None:
    found = seed_difference(np.array(a), np.array(b), None, 0)
    turned = seed_difference(np.array(b[::-1]), np.array(a[::-1]), None, 0)
    assert turned.difference == pytest.approx(-found.difference, abs=1e-9)
    assert turned.reach == pytest.approx(found.reach, abs=1e-6)


def test_equal_values_have_no_interval_and_differences_without_noise_no_p_value() -> None:
    same = np.array([0.5, 0.5])
    assert seed_difference(same, same, None, 0).p_value == 1
    assert np.isnan(seed_difference(same, same + 0.1, None, 0).p_value)
    with pytest.raises(ValueError, match="two values"):
        seed_difference(same, same[:1], None, 0)


def test_more_seeds_are_needed_for_a_smaller_difference_until_samples_decide() -> None:
    a = np.random.default_rng(4).normal(size=4)
    needed = [needed_seeds(a, a + d, None, 0) or 0 for d in (4, 2, 1)]
    assert 0 < needed[0] < needed[1] < needed[2]
    assert needed_seeds(a, a, None, 0) is None
    assert needed_seeds(a, a + 2.7, 1.0, 1000) is None  # the test set: a standard error of 1


def test_so_many_seeds_find_the_difference_in_80_of_100_cases() -> None:
    a = np.random.default_rng(4).normal(size=4)
    k = needed_seeds(a, a + 3.5, 1.0, 1000)
    assert k is not None
    rng, spread = np.random.default_rng(5), float(a.std(ddof=1))
    covariance = np.kron(np.eye(2), np.full((k, k), 0.5))
    found = 0
    for _ in range(400):
        sets = rng.normal(0, sqrt(0.5), 2)
        one, two = (rng.normal(at, spread, k) for at in (sets[0], sets[1] + 3.5))
        found += seed_difference(one, two, covariance, 1000).p_value <= 0.05
    assert 0.72 < found / 400 < 0.9


@pytest.mark.parametrize(("seeds", "ratio"), [((2, 2), 4), ((3, 3), 1), ((2, 5), 4), ((10, 10), 0)])
def test_the_interval_covers_new_seeds_and_new_test_sets(
    seeds: tuple[int, int], ratio: float
) -> None:
    # 1,000 draws: a standard error of 0.7 points
    assert 0.92 < coverage(seeds, (ratio, ratio), 1000) < 0.985


def test_pairs_that_are_none_cover_as_well() -> None:
    assert 0.92 < coverage((4, 4), (1, 1), 1000, paired=True) < 0.985


def binary_runs(
    rng: np.random.Generator, seeds: int, spread: float, items: np.ndarray
) -> list[np.ndarray]:
    """Rows of 0 and 1 of one method: seeds shift all samples, and each fails on its own too."""
    shared = items + 0.5 * rng.normal(size=len(items))  # what this method finds difficult
    return [
        (shared + spread * rng.normal() + 0.7 * rng.normal(size=len(items)) > 0)[:, None].astype(
            float
        )
        for _ in range(seeds)
    ]


def one_set(
    rng: np.random.Generator, seeds: tuple[int, int], spread: float
) -> tuple[list[list[np.ndarray]], np.ndarray]:
    """Two equally good methods on a test set of 60 groups of 3 samples."""
    groups = np.repeat(np.arange(60), 3)
    items = 0.6 * rng.normal(size=60)[groups] + 0.6 * rng.normal(size=180)
    return [binary_runs(rng, k, spread, items) for k in seeds], groups


def test_variance_components_are_unbiased_on_rows() -> None:
    rng = np.random.default_rng(7)
    parts, differences = [], []
    for _ in range(300):
        methods, groups = one_set(rng, (3, 3), 0.12)
        values = [np.array([own.mean() for own in rows]) for rows in methods]
        covariance = _exact_covariances([own for rows in methods for own in rows], groups)
        found = seed_difference(*values, covariance, 60)
        parts.append((found.seeds, found.test_set))
        differences.append(found.difference)
    # 300 draws: a variance has a relative standard error of √(2 / 299) = 8 %
    total = float(np.sum(np.mean(parts, axis=0)))
    assert total == pytest.approx(np.var(differences, ddof=1), rel=0.25)


def _exact_covariances(rows: list[np.ndarray], groups: np.ndarray) -> np.ndarray:
    """The covariances that resamples of groups estimate, for means."""
    sums = np.array([np.bincount(groups, own[:, 0]) for own in rows])
    g = sums.shape[1]
    return np.cov(sums) * g / len(groups) ** 2


@pytest.mark.slow
@pytest.mark.parametrize("spread", [0.0, 0.1, 0.3])
@pytest.mark.parametrize("seeds", [(2, 2), (3, 3), (5, 5), (10, 10), (2, 5), (3, 10)])
def test_the_interval_covers_on_rows_of_0_and_1(seeds: tuple[int, int], spread: float) -> None:
    """Spreads of 0.1 and 0.3: between seeds, 0.6 and 5 times the variance of the test set."""
    rng = np.random.default_rng(8)
    hits, draws = 0, 1000
    for _ in range(draws):
        methods, groups = one_set(rng, seeds, spread)
        values = [np.array([own.mean() for own in rows]) for rows in methods]
        covariance = _exact_covariances([own for rows in methods for own in rows], groups)
        found = seed_difference(*values, covariance, 60)
        hits += found.low <= 0 <= found.high
    assert 0.93 <= hits / draws <= 0.98


def test_a_single_run_has_its_own_variance() -> None:
    assert between_seeds(np.array([[0.25]])) == 0.25
    assert between_seeds(np.array([[9.0, -1.0], [-1.0, 9.0]])) == 0
