"""Paired comparisons: against the definitions written out, and against how often they are wrong."""

from itertools import product
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mmbench import stats
from mmbench.stats.corrections import holm
from mmbench.stats.paired import MCNEMAR, PERMUTATION, Paired, mcnemar, paired_many
from mmbench.stats.permutation import permutation_tests
from mmbench.stats.sums import codes

Floats = NDArray[np.float64]


def ids(n: int) -> list[str]:
    return [str(i) for i in range(n)]


def column(*values: float) -> Floats:
    return np.array(values, float)[:, None]


def paired(a: Floats, b: Floats, fold: str, groups: list[str]) -> Paired:
    return paired_many([(fold, a, b)], groups)[0]


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40))
def test_mcnemar_is_the_binomial_written_out(rows: list[tuple[bool, bool]]) -> None:
    lost = sum(a and not b for a, b in rows)
    won = sum(b and not a for a, b in rows)
    n = lost + won
    tail = sum(comb(n, k) for k in range(min(lost, won) + 1)) / 2**n
    a, b = np.array(rows, float).T
    assert mcnemar(a, b) == pytest.approx(min(1.0, 2 * tail))


def test_mcnemar_of_a_known_table() -> None:
    # R: binom.test(2, 12)$p.value = 0.03857422: the exact McNemar test of 10 against 2.
    a = column(*[1] * 10, *[0] * 2, *[1] * 50)
    b = column(*[0] * 10, *[1] * 2, *[1] * 50)
    found = paired(a, b, "mean", ids(62))
    assert (found.test, found.p_value) == (MCNEMAR, pytest.approx(0.03857422))
    assert found.difference == pytest.approx(-8 / 62)


def naive_permutation(fold: str, a: Floats, b: Floats, code: NDArray[np.intp]) -> float:
    """All swappings of the groups, one by one."""
    observed = abs(stats.fold(fold, b) - stats.fold(fold, a))
    far, n = 0, 0
    for swap in product((False, True), repeat=int(code.max()) + 1):
        swapped = np.array(swap)[code][:, None]
        left, right = np.where(swapped, b, a), np.where(swapped, a, b)
        far += abs(stats.fold(fold, right) - stats.fold(fold, left)) >= observed - 1e-12
        n += 1
    return far / n


@pytest.mark.parametrize(
    "fold", ["mean", "ratio", "median", "split-mean:mean", "split-sum:median", "bleu@1"]
)
def test_permutation_is_near_that_of_all_swappings(fold: str) -> None:
    rng = np.random.default_rng(2)
    a = rng.integers(1, 6, (24, 4 if fold == "bleu@1" else 2)).astype(float)
    b = np.maximum(a - rng.integers(0, 3, a.shape), 1)
    if fold.startswith("split"):
        a[:, 1] = b[:, 1] = np.arange(24) % 3
    groups = [f"g{i // 3}" for i in range(24)]
    code, size = codes(groups)
    observed = stats.fold(fold, b) - stats.fold(fold, a)
    p = permutation_tests([(fold, a, b)], [observed], code, size)[0]
    assert p == pytest.approx(naive_permutation(fold, a, b, code), abs=0.06)


def test_a_metric_alone_is_as_among_others() -> None:
    rng = np.random.default_rng(0)
    pairs = [
        (fold, rng.random((40, 2)), rng.random((40, 2))) for fold in ("mean", "ratio", "median")
    ]
    groups = [f"g{i // 2}" for i in range(40)]
    together = paired_many(pairs, groups)
    for (fold, a, b), found in zip(pairs, together, strict=True):
        alone = paired(a, b, fold, groups)
        assert found[:6] == pytest.approx(alone[:6], rel=1e-12)
        assert found[6] == alone[6]


def test_draws_are_the_same_for_both_runs() -> None:
    rng = np.random.default_rng(0)
    hard = rng.random((300, 1))  # what makes a sample hard is common to both runs
    a, b = hard + rng.normal(0, 0.01, (300, 1)), hard + rng.normal(0.01, 0.01, (300, 1))
    found = paired(a, b, "mean", ids(300))
    assert found.low is not None and found.high is not None and found.error is not None
    assert found.high - found.low < 0.006  # of unpaired runs it would be .09
    assert found.low < 0.01 < found.high
    assert found.error == pytest.approx((b - a).std(ddof=1) / np.sqrt(300), rel=0.1)
    assert found.detectable == pytest.approx((1.959964 + 0.841621) * found.error)
    swapped = paired(b, a, "mean", ids(300))
    assert (swapped.low, swapped.high) == pytest.approx((-found.high, -found.low), rel=0.05)


@settings(max_examples=15)
@given(st.permutations(range(20)))
def test_order_of_samples_does_not_matter(order: list[int]) -> None:
    rng = np.random.default_rng(1)
    a, b = rng.random((20, 2)), rng.random((20, 2))
    groups = [f"g{i % 9}" for i in range(20)]
    plain = paired(a, b, "ratio", groups)
    moved = paired(a[order], b[order], "ratio", [groups[i] for i in order])
    assert moved[2:6] == pytest.approx(plain[2:6])


def test_many_tests_are_given_permutations_enough_to_pass_their_correction() -> None:
    rng = np.random.default_rng(0)
    a = rng.random((60, 1))
    pairs = [("mean", a, a + 0.1 + 0.01 * rng.random((60, 1)))]
    p = paired_many(pairs, ids(60), tests=2000)[0].p_value
    assert p is not None
    assert 2000 * p <= 0.05


def test_one_row_per_group_and_zeros_and_ones_decide_the_test() -> None:
    a, b = column(0, 1, 1, 0), column(1, 1, 0, 0)
    assert paired(a, b, "mean", ids(4)).test == MCNEMAR
    assert paired(a, b, "mean", ["a", "a", "b", "c"]).test == PERMUTATION
    assert paired(a / 2, b / 2, "mean", ids(4)).test == PERMUTATION


def test_equal_rows_do_not_differ_and_tell_no_power() -> None:
    rows = column(0.1, 0.4, 0.2)
    found = paired(rows, rows, "mean", ids(3))
    assert (found.low, found.high, found.p_value, found.detectable) == (0.0, 0.0, 1.0, None)


@pytest.mark.parametrize(
    ("a", "b", "groups"),
    [
        (column(1, 0), column(0, 1), ["a", "a"]),
        (np.zeros((0, 1)), np.zeros((0, 1)), []),
        (column(float("nan"), 1), column(1, 1), ["a", "b"]),
    ],
    ids=["one group", "no rows", "NaN"],
)
def test_where_there_is_no_verdict(a: Floats, b: Floats, groups: list[str]) -> None:
    found = paired(a, b, "mean", groups)
    assert (found.p_value, found.low, found.detectable) == (None, None, None)


def test_a_constant_difference_has_a_test_and_no_interval() -> None:
    found = paired(column(*[0.5] * 8), column(*[0.75] * 8), "mean", ids(8))
    assert (found.low, found.detectable) == (None, None)
    assert found.p_value == pytest.approx(2 / 2**8, abs=0.005)


# R: p.adjust(c(.01, .04, .03, .005), "holm") is 0.03 0.06 0.06 0.02.
@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]),
        ([0.6, 0.7], [1.0, 1.0]),
        ([], []),
        ([0.02], [0.02]),
    ],
)
def test_holm(given_: list[float], expected: list[float]) -> None:
    assert holm(given_) == pytest.approx(expected)


def test_holm_leaves_out_what_was_not_tested() -> None:
    found = holm([0.01, float("nan"), 0.02])
    assert found[0::2] == pytest.approx([0.02, 0.02])
    assert np.isnan(found[1])


REPEATS = 2000
ERROR = np.sqrt(0.05 * 0.95 / REPEATS)


def p_values(shift: float, repeats: int = REPEATS, groups: int = 40) -> list[float]:
    """Permutation tests of runs whose groups (3 rows each) differ by `shift` on average."""
    rng = np.random.default_rng(8)
    names = [str(i // 3) for i in range(3 * groups)]
    code, size = codes(names)
    pairs, observed = [], []
    for _ in range(repeats):
        hard = rng.random(3 * groups)
        own = np.repeat(rng.normal(shift, 0.2, groups), 3)  # a group's rows differ together
        a, b = hard[:, None], (hard + own + rng.normal(0, 0.1, 3 * groups))[:, None]
        pairs.append(("mean", a, b))
        observed.append(float(b.mean() - a.mean()))
    return permutation_tests(pairs, observed, code, size, permutations=999)


def test_permutation_is_wrong_in_5_of_100() -> None:
    assert np.mean(np.array(p_values(0.0)) <= 0.05) == pytest.approx(0.05, abs=3.5 * ERROR)


def test_a_detectable_difference_is_detected_in_80_of_100() -> None:
    # The standard error is sqrt(.2² + .1² / 3) / sqrt(40) = .0329; 2.80 of it are .0922.
    found = np.mean(np.array(p_values(0.0922)) <= 0.05)
    assert found == pytest.approx(0.8, abs=0.035)  # t, not normal, with 40 groups: .78


def test_swapping_rows_for_groups_would_be_wrong_far_more_often() -> None:
    rng = np.random.default_rng(0)
    p = []
    for _ in range(200):
        own = np.repeat(rng.normal(0, 0.2, 40), 3)[:, None]
        zeros, code = np.zeros_like(own), np.arange(120)
        p += permutation_tests(
            [("mean", zeros, own)], [float(own.mean())], code, 120, permutations=199
        )
    assert np.mean(np.array(p) <= 0.05) > 0.15


@pytest.mark.parametrize(("n", "discordant"), [(200, 0.1), (1000, 0.2)])
def test_mcnemar_is_wrong_in_at_most_5_of_100_and_finds_what_is_there(
    n: int, discordant: float
) -> None:
    rng = np.random.default_rng(3)

    def rate(won: float) -> float:
        """How often p ≤ .05 where `won` of the discordant samples are won."""
        differ = rng.random((REPEATS, n)) < discordant
        second = np.where(rng.random((REPEATS, n)) < won, 1.0, 0.0)
        pairs = ((1 - s[d], s[d]) for d, s in zip(differ, second, strict=True))
        return float(np.mean([mcnemar(a, b) <= 0.05 for a, b in pairs]))

    assert rate(0.5) < 0.05 + 3.5 * ERROR
    assert rate(0.9) > 0.95
