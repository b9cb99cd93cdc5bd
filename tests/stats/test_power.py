"""The power of the tests: against the definition written out, and limits that are known."""

from math import comb

import pytest

from mmbench.stats.paired import JACKKNIFE, MCNEMAR, PERMUTATION
from mmbench.stats.power import (
    Variation,
    difference_found,
    fail_probability,
    groups_needed,
    mcnemar_power,
    pass_probability,
    power,
)


def binomial(k: int, n: int, share: float) -> float:
    return comb(n, k) * share**k * (1 - share) ** (n - k)


def naive_mcnemar_power(
    discordance: float, difference: float, n: int, alpha: float, margin: float = 0.0
) -> tuple[float, float]:
    """The sum over all tables of a candidate's wins and losses, of those with p <= alpha."""
    win, loss = (discordance + difference) / 2, (discordance - difference) / 2
    found = [0.0, 0.0]
    for wins in range(n + 1):
        for losses in range(n + 1 - wins):
            tail = sum(comb(wins + losses, k) for k in range(min(wins, losses) + 1))
            p = min(1.0, 2 * tail / 2 ** (wins + losses))
            if p <= alpha and abs(wins - losses) > margin * n:
                ways = comb(n, wins) * comb(n - wins, losses)
                chance = win**wins * loss**losses * (1 - discordance) ** (n - wins - losses)
                found[wins < losses] += ways * chance
    return found[0], found[1]


@pytest.mark.parametrize(
    ("discordance", "difference", "n", "alpha", "margin"),
    [
        (0.3, 0.2, 24, 0.05, 0.0),
        (0.3, 0.3, 25, 0.05, 0.0),  # every discordant sample is a win
        (0.5, 0.0, 20, 0.2, 0.0),
        (0.3, 0.2, 24, 0.05, 0.25),
        (0.9, 0.1, 5, 0.05, 0.0),  # p is at least 2 / 2⁵
    ],
)
def test_power_of_mcnemar_is_the_sum_over_all_tables(
    discordance: float, difference: float, n: int, alpha: float, margin: float
) -> None:
    found = mcnemar_power(discordance, difference, n, alpha, margin)
    expected = naive_mcnemar_power(discordance, difference, n, alpha, margin)
    assert found == pytest.approx(expected, abs=1e-6)


def test_samples_for_mcnemar_by_connor() -> None:
    # Connor 1987: n = (z.975 √d + z.8 √(d - D²))² / D² for the test without continuity correction.
    d, difference = 0.2, 0.02
    connor = (1.959964 * d**0.5 + 0.841621 * (d - difference**2) ** 0.5) ** 2 / difference**2
    normal, exact = Variation(PERMUTATION, d**0.5), Variation(MCNEMAR, d**0.5)
    needed = [
        groups_needed(lambda n, one=one: power(one, difference, n, 0.05), 0.8)  # type: ignore[misc]
        for one in (normal, exact)
    ]
    assert needed[0] == pytest.approx(connor, rel=0.001)
    assert needed[1] == pytest.approx(
        connor + 1 / difference, rel=0.02
    )  # the exact test needs more


def test_large_numbers_continue_the_exact_power() -> None:
    one = Variation(MCNEMAR, 0.5)
    below, above = (power(one, 0.01, n, 0.05) for n in (20_000, 20_001))
    assert below == pytest.approx(above, abs=0.015)


def test_a_permutation_test_of_few_groups_finds_nothing() -> None:
    one = Variation(PERMUTATION, 0.001)
    assert power(one, 1.0, 5, 0.05) == 0  # p is at least 2 / 2⁵
    assert power(one, 0.0005, 6, 0.05) > 0


def test_a_difference_leaves_less_variation_around_it() -> None:
    # The second moment is 0.5² = variance + κ D².
    assert Variation(PERMUTATION, 0.5, 2.0).spread_at(0.1) ** 2 == pytest.approx(0.25 - 0.02)
    assert Variation(JACKKNIFE, 0.5, 0.0).spread_at(0.1) == 0.5
    assert Variation(PERMUTATION, 0.1).spread_at(0.2) == 0
    assert power(Variation(PERMUTATION, 0.1), 0.2, 10, 0.05) == 1


def test_the_detectable_difference_is_2_8_standard_errors() -> None:
    one = Variation(PERMUTATION, 3.0)
    found = difference_found(lambda difference: power(one, difference, 10_000, 0.05), 0.8, 1.0)
    assert found == pytest.approx(2.8016 * 3.0 / 100, rel=0.003)


def test_a_gate_passes_and_fails_as_the_normal_distribution_says() -> None:
    # A margin of 2.80 standard errors passes an equal candidate in 80 of 100 cases; a loss of half
    # the margin needs four times the samples; a loss of exactly the margin fails half of the time.
    one, n = Variation(PERMUTATION, 1.0), 40_000
    margin = 2.8016 / 200
    assert pass_probability(one, margin, 0.0, n, 0.05) == pytest.approx(0.8, abs=0.001)
    assert pass_probability(one, margin, margin / 2, 4 * n, 0.05) == pytest.approx(0.8, abs=0.001)
    assert fail_probability(one, margin, margin, n, 0.05) == pytest.approx(0.5, abs=0.001)
    assert fail_probability(one, margin, 2 * margin, n, 0.05) == pytest.approx(0.9974, abs=0.001)
    assert fail_probability(one, 0.0, margin, n, 0.05) == pytest.approx(0.8, abs=0.002)


def test_exact_and_normal_gates_agree() -> None:
    exact, normal = (Variation(test, 0.4) for test in (MCNEMAR, PERMUTATION))
    found = [fail_probability(one, 0.02, 0.05, 1000, 0.05) for one in (exact, normal)]
    assert found[0] == pytest.approx(found[1], abs=0.03)


def test_no_number_is_enough() -> None:
    assert groups_needed(lambda _: 0.5, 0.8) is None
    assert difference_found(lambda _: 0.5, 0.8, 1.0) is None
