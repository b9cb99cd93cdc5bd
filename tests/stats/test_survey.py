"""Estimates of the value of a whole set: by the formula, at the ends, and how often they cover."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import stdtrit

from mmbench.stats import fold
from mmbench.stats.survey import (
    Control,
    DrawnRows,
    WholeValue,
    estimate_whole,
    has_influences,
)

RANGE = (0.0, 1.0)


def drawn(rows: object, name: str = "mean", groups: object = None) -> DrawnRows:
    table = np.atleast_2d(np.asarray(rows, float).T).T
    code = np.arange(len(table)) if groups is None else np.asarray(groups)
    return DrawnRows(name, table, code)


def estimate(*arguments: object, **keywords: object) -> WholeValue:
    found = estimate_whole(*arguments, **keywords)  # type: ignore[arg-type]
    assert found is not None
    return found


def pairs(n: int, chance: float, changed: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return 0/1 values of a candidate and of a baseline that differ by `changed` of the rows."""
    rng = np.random.default_rng(seed)
    baseline = rng.random(n) < chance
    return (baseline ^ (rng.random(n) < changed)).astype(float), baseline.astype(float)


def test_the_estimate_is_that_of_the_regression_written_naively() -> None:
    candidate, baseline = pairs(200, 0.6, 0.1)
    y, x, g, whole = candidate[:50], baseline[:50], 50, float(baseline.mean())
    slope = np.cov(x, y)[0, 1] / x.var(ddof=1)
    squares = 1.0  # the square of the range
    for i in range(g):  # a regression without each sample
        rest = np.arange(g) != i
        own = np.cov(x[rest], y[rest])[0, 1] / x[rest].var(ddof=1)
        squares += (y[i] - y[rest].mean() - own * (x[i] - x[rest].mean())) ** 2
    value = y.mean() + slope * (whole - x.mean())
    error = np.sqrt((1 - 50 / 200) * squares * (g - 1) / g**3)
    reach = stdtrit(g - 2, 0.975) * error
    found = estimate(drawn(y), 50 / 200, controls=[Control(drawn(x), whole)], ends=RANGE)
    assert found.value == pytest.approx(value)
    assert (found.low, found.high) == pytest.approx((value - reach, value + reach))
    assert found.slopes == pytest.approx((slope,))


def test_without_a_baseline_it_is_the_mean_with_the_finite_population_correction() -> None:
    y = pairs(40, 0.4, 0.0)[0]
    found = estimate(drawn(y), 0.25)
    spread = max(abs(y - y.mean())) * 40 / 40
    error = np.sqrt(0.75 * ((y.var(ddof=0) * 40) * (40 / 39) ** 2 + spread**2) * 39 / 40**3)
    assert found.value == pytest.approx(y.mean())
    assert found.high - found.value == pytest.approx(stdtrit(39, 0.975) * error)
    assert found.plain == 40


@given(st.integers(0, 10_000))
def test_all_groups_give_the_exact_value_and_no_width(seed: int) -> None:
    y, x = pairs(30, 0.5, 0.2, seed)
    rows = np.column_stack([y, np.arange(30) % 4 + 1.0])
    others = np.column_stack([x, rows[:, 1]])
    control = Control(drawn(others, "ratio"), fold("ratio", others))
    found = estimate(drawn(rows, "ratio"), 1.0, controls=[control])
    exact = pytest.approx(fold("ratio", rows))
    assert (found.value, found.low, found.high) == (exact, exact, exact)


def test_groups_of_rows_are_one_unit() -> None:
    y, x = pairs(40, 0.6, 0.1)
    twice, groups = np.repeat(y, 3), np.repeat(np.arange(40), 3)
    control = Control(drawn(np.repeat(x, 3), groups=groups), 0.6)
    repeated = estimate(drawn(twice, groups=groups), 0.2, controls=[control], ends=RANGE)
    alone = estimate(drawn(y), 0.2, controls=[Control(drawn(x), 0.6)], ends=RANGE)
    assert repeated[:4] == pytest.approx(alone[:4])
    assert repeated.slopes == pytest.approx(alone.slopes)


def test_a_baseline_without_differences_between_samples_changes_nothing() -> None:
    y = pairs(40, 0.6, 0.0)[0]
    control = Control(drawn(np.ones(40)), 1.0)
    assert estimate(drawn(y), 0.2, controls=[control])[:4] == estimate(drawn(y), 0.2)[:4]


def test_equal_outputs_still_have_an_interval() -> None:
    y = pairs(50, 0.6, 0.0)[0]
    found = estimate(drawn(y), 0.1, controls=[Control(drawn(y), 0.64)], ends=RANGE)
    assert found.value == pytest.approx(0.64)
    assert 0.01 < found.high - found.value < 0.06  # other samples may differ
    assert 0 < estimate(drawn(np.zeros(50)), 0.1, ends=RANGE).high < 0.06


def test_an_estimate_stays_within_the_range_of_the_metric() -> None:
    y = np.ones(20)
    y[0] = 0
    assert estimate(drawn(y), 0.1, ends=RANGE).high == 1.0
    control = Control(drawn(y), 1.3)
    assert estimate(drawn(y), 0.1, controls=[control], ends=RANGE).value == 1.0


@pytest.mark.parametrize(
    ("name", "expected"),
    [("mean", True), ("ratio", True), ("split-mean:mean", True), ("whole", False),
     ("median", False), ("mean-ap", False), ("sacrebleu", True)],
)  # fmt: skip
def test_only_smooth_functions_of_sums_have_estimates(name: str, *, expected: bool) -> None:
    assert has_influences(name) is expected


def test_few_groups_and_undefined_values_have_no_estimate() -> None:
    assert estimate_whole(drawn([1, 0, 1]), 0.1) is None
    assert estimate_whole(drawn(np.zeros((20, 2)), "ratio"), 0.1) is None


# Populations of 600 samples: (chance, share of samples that differ from the baseline).
POPULATIONS = [(0.6, 0.1), (0.9, 0.05), (0.5, 0.4), (0.3, 0.02)]
REPEATS = 200


@pytest.mark.parametrize(("chance", "changed"), POPULATIONS)
@pytest.mark.parametrize("share", [4, 10, 20])
def test_intervals_cover_the_value_of_the_whole_set(
    chance: float, changed: float, share: int
) -> None:
    y, x = pairs(600, chance, changed, seed=1)
    rng, covered, widths = np.random.default_rng(2), np.zeros(2), np.zeros(2)
    for _ in range(REPEATS):
        rows = rng.permutation(600)[: 600 // share]
        control = Control(drawn(x[rows]), float(x.mean()))
        for at, own in enumerate(([], [control])):
            found = estimate(drawn(y[rows]), 1 / share, controls=own, ends=RANGE)
            covered[at] += found.low <= y.mean() <= found.high
            widths[at] += found.high - found.low
    # Three standard errors of 95 % in 200 repeats; small parts may be too wide, never too narrow.
    assert (covered / REPEATS >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / REPEATS)).all()
    assert widths[1] < widths[0] * (1.02 if changed == 0.4 else 0.85)


@pytest.mark.parametrize(("largest", "least"), [(9, 0.9), (60, 0.9), (800, 0.82)])
@pytest.mark.parametrize("drawn_groups", [30, 100])
@pytest.mark.parametrize("chance", [0.02, 0.1, 0.3])
def test_intervals_of_groups_of_unequal_sizes(
    largest: int, least: float, drawn_groups: int, chance: float
) -> None:
    """The samples of a group are right or wrong together. Sizes to 800 have a Pareto tail."""
    rng, covered, repeats = np.random.default_rng(1), 0, 200
    all_groups = 10 * drawn_groups
    for _ in range(repeats):
        tail = np.minimum(1 + rng.pareto(1.2, all_groups) * 3, largest).astype(int)
        sizes = tail if largest == 800 else rng.integers(1, largest + 1, all_groups)
        wrong = (rng.random(all_groups) < chance).astype(float)
        code = np.repeat(np.arange(drawn_groups), sizes[:drawn_groups])
        found = estimate(drawn(wrong[code], groups=code), 0.1, ends=RANGE)
        covered += found.low <= wrong @ sizes / sizes.sum() <= found.high
    assert covered >= least * repeats
