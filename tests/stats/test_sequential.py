"""Sequential gates: the bets are fair, errors are rare, and regressions are found early."""

from __future__ import annotations

from itertools import permutations
from math import log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import sequential as simulation
from benchmarks.populations import KINDS, TestSet, binary, grouped, test_set
from mmbench.stats.paired import paired_many
from mmbench.stats.sequential import Population, sequential_gate
from mmbench.stats.sequential import betting as module
from mmbench.stats.sequential.betting import Bets, Hypothesis, bets
from mmbench.stats.sequential.decision import two_sided_quantile, verdict_of_all
from mmbench.stats.sequential.population import mean_loss, standard_error

test_set.__test__ = TestSet.__test__ = False  # type: ignore[attr-defined]
ALPHA = 0.05
SIZES = np.array([1.0, 3.0, 2.0, 1.0, 5.0])
LOSSES = np.array([1.0, 2.0, -1.0, 0.0, -2.0])
COVARIATE = np.array([1.0, 2.0, 1.0, 0.0, 1.0])


def population(order: list[int]) -> Population:
    sizes, baseline = SIZES[order], COVARIATE[order]
    return Population(sizes, baseline - sizes, baseline, baseline)


def hypotheses() -> list[Hypothesis]:
    """Return the true mean, without and with the true mean square."""
    mean = float(LOSSES.sum() / SIZES.sum())
    return [Hypothesis(mean), Hypothesis(mean, float(np.mean((LOSSES - mean * SIZES) ** 2)))]


@pytest.mark.parametrize("boldness", [(0.5,), (4.0, 7.0), (50.0,)])
def test_bets_are_fair_over_all_orders(boldness: tuple[float, ...]) -> None:
    orders = [list(order) for order in permutations(range(5))]
    for hypothesis, start in zip(hypotheses(), (0.8, 1.0), strict=True):
        wealth = np.exp([
            bets(population(order), LOSSES[order], boldness).log_wealth(hypothesis)
            for order in orders
        ])  # fmt: skip
        assert np.isfinite(wealth).all()
        np.testing.assert_allclose(wealth.mean(axis=0), start, rtol=1e-9)
        assert wealth.std() > 0.01  # they do bet


def naive_log_wealth(own: Population, losses: list[float], theta: float, mean: float) -> float:
    """Return the wealth of one bet on the mean after all losses, draw by draw."""
    n = len(own.sizes)
    x = own.covariate - own.sizes * own.covariate.sum() / own.sizes.sum()
    wealth, squares = 1.0, 0.0
    for t, loss in enumerate(losses):
        seen = losses[:t]
        means = [
            sum(losses[:s]) / sum(own.sizes[:s]) * own.sizes[s] if s else 0.0 for s in range(t)
        ]
        residuals = [one - expected for one, expected in zip(seen, means, strict=True)]
        slope = sum(a * b for a, b in zip(x, residuals, strict=False))
        slope /= sum(x[:t] ** 2) + 5 * np.mean(x**2)
        slope = min(1.0, max(0.0, slope))
        prior = 5 * 0.09 * np.mean((own.high - own.low) ** 2)
        sd = ((prior + squares) / (5 + t)) ** 0.5
        first_mean = sum(seen) / sum(own.sizes[:t]) if t else 0.0
        squares += (loss - first_mean * own.sizes[t] - slope * x[t]) ** 2
        left = n - t
        total = mean * own.sizes.sum() - sum(seen)
        expected = (total - mean * sum(own.sizes[t:])) / left - slope * sum(x[t:]) / left
        low = own.low - mean * own.sizes
        lowest = (1 - slope) * low.min() + slope * (low - x).min()
        stake = theta / sd * n**0.5 / left
        if expected > lowest:
            stake = min(stake, 0.97 / (expected - lowest))
        wealth *= 1 + stake * (loss - mean * own.sizes[t] - slope * x[t] - expected)
    return log(0.8 * wealth)


def test_wealth_is_the_product_of_the_bets() -> None:
    order = [3, 0, 4, 1, 2]
    own, losses = population(order), LOSSES[order]
    for mean in (-0.4, 0.0, 0.1):
        fast = bets(own, losses[:4], (3.0,)).log_wealth(Hypothesis(mean))[-1]
        assert fast == pytest.approx(naive_log_wealth(own, losses[:4].tolist(), 3.0, mean))


def ever_rejected(alpha: float, repeats: int, with_square: bool) -> float:
    """Return how often the truth is rejected by someone who looks after every group."""
    rejected = 0
    rng = np.random.default_rng(7)
    for _ in range(repeats):
        made = test_set(binary(0.7, 0.6), rng, 100, 0.0)
        mean = mean_loss(*made)
        square = np.mean((made.losses - mean) ** 2) if with_square else None
        own = bets(made.population, made.losses, (4.0, 7.0))
        rejected += own.rejects(Hypothesis(mean, square), alpha)
    return rejected / repeats


@pytest.mark.parametrize("with_square", [False, True])
def test_a_true_hypothesis_is_rejected_with_a_probability_of_at_most_alpha(
    with_square: bool,
) -> None:
    wanted = 0.1
    rate = ever_rejected(wanted, 400, with_square)
    assert 0.02 < rate <= wanted + 2 * (wanted * 0.9 / 400) ** 0.5
    assert ever_rejected(3 * wanted, 150, with_square) > wanted + 0.03  # it would be seen


@pytest.mark.parametrize(
    ("case", "kind", "groups"),
    [(0, "0/1 rows", 200), (0, "real rows", 500), (1, "0/1 rows", 1000), (1, "real rows", 200)],
)
def test_verdicts_come_early(case: int, kind: str, groups: int) -> None:
    own, _ = simulation.simulate(simulation.CASES[case], kind, groups, 6)
    assert own <= simulation.CASES[case].limit


@pytest.mark.parametrize("case", [2, 3])
@pytest.mark.parametrize("kind", ["0/1 rows, 5 % differ", "groups of 1 to 9"])
def test_a_wrong_verdict_is_rare_at_the_border(case: int, kind: str) -> None:
    own, mixture = simulation.simulate(simulation.CASES[case], kind, 200, 25)
    assert own <= 0.04  # one of 25
    if kind == "0/1 rows, 5 % differ":
        assert mixture > 0.2  # the simulation sees a method that is wrong too often


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 10**6), loss=st.floats(-3, 6))
def test_the_bounds_close_in_on_the_loss_of_the_whole_set(seed: int, loss: float) -> None:
    made = test_set(grouped, np.random.default_rng(seed), 60, loss)
    gate = sequential_gate(made.population, made.losses, 0.0, 0.001)
    mean, error = mean_loss(*made), standard_error(*made)
    early, late = gate.bounds(20), gate.bounds(60)
    for low, high in (early, late):
        assert low - 1e-6 <= mean <= high + 1e-6
    assert late[1] - late[0] <= early[1] - early[0]
    assert late[1] - late[0] < 4 * error


def test_the_verdict_of_all_groups_does_not_depend_on_the_order() -> None:
    rng = np.random.default_rng(0)
    for loss in (-1.0, 1.9, 2.2, 4.0):
        made = test_set(grouped, rng, 80, loss)
        order = rng.permutation(80)
        shuffled = Population(*(values[order] for values in made.population))
        verdicts = {
            verdict_of_all(one, losses, 0.0, ALPHA)
            for one, losses in ((made.population, made.losses), (shuffled, made.losses[order]))
        }
        assert len(verdicts) == 1


def verdict_of_gate(made: TestSet, margin: float) -> str:
    """Return the verdict by the test and the interval that `gate` uses, for one row per group."""
    first = made.population.covariate[:, None]
    second = first - made.losses[:, None]
    names = [str(i) for i in range(len(first))]
    (found,) = paired_many([("mean", first, second)], names)
    if -found.difference > margin and (found.p_value or 0.0) <= ALPHA:
        return "fail"
    return "pass" if found.low is not None and -found.low <= margin else "unclear"


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["0/1 rows", "0/1 rows, 5 % differ", "skewed fractions"])
@pytest.mark.parametrize(("loss", "margin"), [(8.4, 0.0), (0.0, 5.6), (1.85, 0.0), (0.0, 1.9)])
def test_an_early_verdict_is_that_of_the_gate(kind: str, loss: float, margin: float) -> None:
    rng = np.random.default_rng(5)
    wrong, repeats = 0, 60
    for _ in range(repeats):
        made = test_set(KINDS[kind], rng, 300, loss)
        allowed = margin * standard_error(*made)
        gate = sequential_gate(made.population, made.losses, allowed, ALPHA)
        early = next((out for n in range(6, 300, 6) if (out := gate.decide(n))), "")
        wrong += bool(early) and early != verdict_of_gate(made, allowed)
    assert wrong <= 5  # 60 x .025, and three standard deviations


def first_stop(made: TestSet, margin: float, **options: object) -> tuple[str, int]:
    gate = sequential_gate(made.population, made.losses, margin, ALPHA, **options)  # type: ignore[arg-type]
    return next(((out, n) for n in range(2, 200) if (out := gate.decide(n))), ("", 200))


def rejects_all_that_pass(made: TestSet, drawn: int) -> bool:
    """Return whether, after some draws, each pair of a mean and an error that passes is rejected.

    The pairs have means up to z · error: close ones on this border, and some with smaller means.
    """
    gate = sequential_gate(made.population, made.losses, 0.0, ALPHA)
    own, groups = gate.against_small.up_to(drawn), len(made.losses)
    scale = float(made.population.sizes.sum()) ** 2 / groups
    z = two_sided_quantile(groups, ALPHA)
    errors = np.linspace(0.2 * own.error, 3 * own.mean / z, 150)
    pairs = [(z * error, error) for error in errors]
    pairs += [(share * z * error, error) for error in errors[::10] for share in (-1, 0, 0.5, 0.9)]
    return all(own.rejects(Hypothesis(mean, scale * e**2), ALPHA / 2) for mean, e in pairs)


@pytest.mark.parametrize("kind", ["0/1 rows", "groups of 1 to 9"])
def test_a_fail_means_that_every_pair_that_passes_is_rejected(kind: str) -> None:
    rng = np.random.default_rng(1)
    for _ in range(2):
        made = test_set(KINDS[kind], rng, 200, 8.4)
        outcome, drawn = first_stop(made, 0.0)
        assert outcome == "fail"
        assert rejects_all_that_pass(made, drawn)


def test_more_rules_need_more_groups_to_fail_and_no_more_to_pass() -> None:
    rng = np.random.default_rng(3)
    worse, equal = (test_set(KINDS["0/1 rows"], rng, 200, loss) for loss in (9.0, 0.0))
    margin = 5.6 * standard_error(*equal)
    assert first_stop(worse, 0.0)[0] == first_stop(worse, 0.0, rules=8)[0] == "fail"
    assert first_stop(worse, 0.0)[1] < first_stop(worse, 0.0, rules=8)[1]
    assert first_stop(equal, margin) == first_stop(equal, margin, rules=8)
    assert first_stop(equal, margin)[0] == "pass"


def test_failed_samples_are_right_for_fail_and_wrong_for_pass() -> None:
    made = test_set(KINDS["0/1 rows"], np.random.default_rng(3), 200, 0.0)
    margin = 5.6 * standard_error(*made)
    failed = np.where(np.arange(200) % 3 == 0, made.population.high, made.losses)
    assert first_stop(made, margin)[0] == "pass"
    assert first_stop(made, margin, highest=failed)[0] == ""


def test_a_stake_never_costs_the_whole_wealth() -> None:
    """A bold bet on the first draws against the lowest groups that are possible."""
    lost = Population(np.ones(6), np.full(6, -1.0), np.ones(6), np.zeros(6))
    own: Bets = bets(lost, np.full(6, -1.0), (1000.0,))
    least = log(0.8) + 6 * log(1 - module._LARGEST_LOSS)
    for mean in (-1.0, 0.0, 0.9):
        assert own.log_wealth(Hypothesis(mean)).min() >= least - 1e-9
