"""The mean of independent estimates, and its interval."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmbench import stats
from mmbench.stats.combined import Estimate, weighted_mean

NUMBERS = st.floats(-100, 100)
ESTIMATES = st.lists(
    st.builds(lambda v, b, a: Estimate(v, v - b, v + a), NUMBERS, st.floats(0, 9), st.floats(0, 9)),
    min_size=1,
    max_size=5,
)


def test_by_hand() -> None:
    """(0.5 + 2 · 0.8) / 3, with the root of (0.3 / 3)² + (2 · 0.1 / 3)² below."""
    mean = weighted_mean([Estimate(0.5, 0.2, 0.6), Estimate(0.8, 0.7, 0.95)], [1, 2])
    assert mean.value == pytest.approx(0.7)
    assert mean.low == pytest.approx(0.7 - (0.1**2 + (0.2 / 3) ** 2) ** 0.5)
    assert mean.high == pytest.approx(0.7 + ((0.1 / 3) ** 2 + 0.1**2) ** 0.5)


@settings(max_examples=30)
@given(ESTIMATES, st.floats(0.1, 10))
def test_the_sum_of_the_weights_does_not_matter(estimates: list[Estimate], factor: float) -> None:
    weights = [*range(1, len(estimates) + 1)]
    one = weighted_mean(estimates, weights)
    other = weighted_mean(estimates, [factor * weight for weight in weights])
    assert other == pytest.approx(one)
    assert min(e.value for e in estimates) - 1e-9 <= one.value
    assert one.low <= one.value + 1e-9
    assert one.value <= one.high + 1e-9


def test_one_estimate_is_its_own_mean() -> None:
    assert weighted_mean([Estimate(1, 0, 3)], [7]) == pytest.approx((1, 0, 3))


def test_without_an_interval_there_is_none() -> None:
    mean = weighted_mean([Estimate(1, 0, 3), Estimate(2, None, None)], [1, 1])
    assert mean == (1.5, None, None)
    with pytest.raises(ValueError, match="no estimates"):
        weighted_mean([], [])


def test_the_interval_is_that_of_resampled_means() -> None:
    """Independent bootstraps of three tasks, whose draws are averaged (10,000 resamples)."""
    rng = np.random.default_rng(3)
    tasks = [rng.random(n) < p for n, p in ((200, 0.7), (80, 0.4), (500, 0.93))]
    scores = [stats.score(task.astype(float), fold_name="mean", better="higher") for task in tasks]
    groups = [[str(i) for i in range(len(task))] for task in tasks]
    ends = [interval for interval, _ in stats.intervals(scores, groups)]
    estimates = [Estimate(s.value, *e) for s, e in zip(scores, ends, strict=True) if e]
    mean = weighted_mean(estimates, [1, 1, 1])
    drawn = np.mean([rng.choice(task, (10_000, len(task))).mean(1) for task in tasks], 0)
    low, high = np.quantile(drawn, [0.025, 0.975])
    assert (mean.low, mean.high) == pytest.approx((low, high), abs=0.004)
