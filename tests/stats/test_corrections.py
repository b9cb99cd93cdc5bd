"""Corrections of p-values: known values, the definition, and simulated error rates."""

from math import isnan, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmbench.stats.corrections import CORRECTIONS, TITLES, Correction, correct

P_VALUES = [0.01, 0.04, 0.03, 0.005]


# R: p.adjust(c(.01, .04, .03, .005), method)
@pytest.mark.parametrize(
    ("correction", "expected"),
    [
        ("holm", [0.03, 0.06, 0.06, 0.02]),
        ("bh", [0.02, 0.04, 0.04, 0.02]),
        ("by", [0.02 * 25 / 12, 0.04 * 25 / 12, 0.04 * 25 / 12, 0.02 * 25 / 12]),
        ("none", P_VALUES),
    ],
)
def test_known_values(correction: Correction, expected: list[float]) -> None:
    assert correct(P_VALUES, correction) == pytest.approx(expected)


@pytest.mark.parametrize("correction", CORRECTIONS)
def test_missing_tests_do_not_count(correction: Correction) -> None:
    first, missing, second, undefined = correct([0.01, None, 0.02, nan], correction)
    assert [first, second] == correct([0.01, 0.02], correction)
    assert isnan(missing) and isnan(undefined)
    assert correct([], correction) == []


@settings(max_examples=40)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.floats(0.001, 0.999))
def test_rejections_are_those_of_the_definition(p_values: list[float], level: float) -> None:
    """Reject the k smallest, for the largest k with p(k) <= k / m * level (Benjamini 1995)."""
    m, ordered = len(p_values), sorted(p_values)
    for correction, factor in (("bh", 1.0), ("by", sum(1 / k for k in range(1, m + 1)))):
        found = sorted(correct(p_values, correction))  # type: ignore[arg-type]
        limits = [k / m * level / factor for k in range(1, m + 1)]
        if all(abs(p - limit) > 1e-9 for p, limit in zip(ordered, limits, strict=True)):
            passed = [k for k in range(1, m + 1) if ordered[k - 1] <= limits[k - 1]]
            assert sum(p <= level for p in found) == max(passed, default=0)


@settings(max_examples=40)
@given(st.permutations(range(6)), st.lists(st.floats(0, 1), min_size=6, max_size=6))
def test_the_order_does_not_matter(order: list[int], p_values: list[float]) -> None:
    for correction in CORRECTIONS:
        shuffled = correct([p_values[at] for at in order], correction)
        expected = correct(p_values, correction)
        assert shuffled == [expected[at] for at in order]


def test_every_correction_has_a_title() -> None:
    assert set(TITLES) == set(CORRECTIONS)


def test_simulated_error_rates_of_all_pairs() -> None:
    """Eight runs, four of them equal: p-values of all pairs depend on one another.

    Without a correction both rates are above 20 %.
    """
    from scipy.special import ndtr

    rng = np.random.default_rng(0)
    truth = np.array([0, 0, 0, 0, 2.0, 4.0, 6.0, 8.0])
    first, second = np.triu_indices(8, 1)
    equal = truth[first] == truth[second]
    shares: dict[str, list[float]] = {correction: [] for correction in CORRECTIONS}
    any_false = dict.fromkeys(CORRECTIONS, 0)
    for _ in range(400):
        values = truth + rng.standard_normal(8)
        p_values = 2 * ndtr(-np.abs(values[first] - values[second]) / np.sqrt(2))
        for correction in CORRECTIONS:
            found = np.array(correct(p_values.tolist(), correction)) <= 0.05
            any_false[correction] += bool((found & equal).any())
            shares[correction].append((found & equal).sum() / max(1, found.sum()))
    assert any_false["holm"] / 400 <= 0.05 < 0.1 < any_false["none"] / 400
    assert np.mean(shares["by"]) < np.mean(shares["bh"]) <= 0.05 * equal.mean() + 0.02
    assert any_false["bh"] > any_false["holm"]  # a rate of false discoveries allows some
