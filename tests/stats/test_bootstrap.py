"""Intervals: against a bootstrap written out naively, and against how often they hold the truth."""

from unittest.mock import Mock, call

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mmbench import stats
from mmbench.columns import texts_of
from mmbench.stats import fold_many
from mmbench.stats.bootstrap import expanded_percentile, intervals
from mmbench.stats.resampler import Resampler
from mmbench.stats.sums import codes, group_sums
from mmbench.types import Score

Floats = NDArray[np.float64]


def some_rows(fold: str, n: int = 60, seed: int = 0) -> Floats:
    """Rows that the fold can take; a split, where there is one, in the last column."""
    rng = np.random.default_rng(seed)
    kind, _, inner = fold.rpartition(":")
    rows = rng.integers(0, 5, (n, 23 if inner == "meteor" else 4)).astype(float)
    if inner in ("mean", "median"):
        rows = rng.random((n, 1))
    if inner == "ratio":
        rows = rng.integers(0, 5, (n, 2)).astype(float)
    for _ in range(kind.count("split")):
        rows = np.column_stack([rows, rng.integers(0, 3, n)])
    return rows


def draws(resampler: Resampler, step: int = 7) -> Floats:
    return np.concatenate([block.copy() for block in resampler.weights(step)])


FOLDS = [
    "mean", "ratio", "bleu@1", "meteor", "median", "split-mean:mean", "split-sum:ratio",
    "split-mean:median", "split-sum:split-mean:mean",
]  # fmt: skip


@pytest.mark.parametrize("fold", FOLDS)
def test_values_are_those_of_rows_repeated(fold: str) -> None:
    rows, groups = some_rows(fold), [f"g{i % 13}" for i in range(60)]
    resampler = Resampler(groups, seed=3, resamples=20)
    (code, _), counts = codes(groups), draws(resampler).astype(int)
    for values, drawn in zip(resampler.values([(fold, rows)])[0], counts, strict=True):
        repeated = rows[np.repeat(np.arange(60), drawn[code])]
        assert values == pytest.approx(stats.fold(fold, repeated), nan_ok=True)


@pytest.mark.parametrize("fold", [f for f in FOLDS if "median" not in f])
def test_sums_by_group_are_the_fold_of_weighted_rows(fold: str) -> None:
    rows, (code, size) = some_rows(fold), codes([f"g{i % 7}" for i in range(60)])
    weights = np.random.default_rng(0).integers(0, 3, (30, size)).astype(float)
    weights[0] = 0
    weights[1] = np.arange(size) == 2  # a single group: not every split has a row
    sums = group_sums(fold, rows, code, size)
    assert sums is not None
    with np.errstate(invalid="ignore", divide="ignore"):
        quick = sums.fold(weights @ sums.table)
    np.testing.assert_allclose(quick, fold_many(fold, rows, weights[:, code]), rtol=1e-12)


def test_a_fold_over_very_many_splits_goes_row_by_row() -> None:
    rows = np.column_stack([np.random.default_rng(0).random(900), np.arange(900)])
    assert group_sums("split-mean:mean", rows, *codes([str(i) for i in range(900)])) is None
    drawn = Resampler([str(i) for i in range(900)], resamples=50).values(
        [("split-mean:mean", rows)]
    )
    assert drawn[0].mean() == pytest.approx(rows[:, 0].mean(), abs=0.01)


def test_many_scores_are_as_each_alone() -> None:
    groups = [f"g{i % 13}" for i in range(60)]
    scores = [stats.score(some_rows(fold), fold_name=fold) for fold in FOLDS]
    together = intervals(scores, [groups] * len(scores))
    for score, found in zip(scores, together, strict=True):
        alone = intervals([score], [groups])[0]
        assert found[0] == pytest.approx(alone[0], rel=1e-12)
        assert found[1] == alone[1]


@given(st.lists(st.one_of(st.text(max_size=3), st.text(st.characters(), max_size=1))))
def test_groups_are_numbered_by_name_or_by_their_numbers(names: list[str]) -> None:
    numbers = {name: number for number, name in enumerate(sorted(set(names)))}
    wanted = [numbers[name] for name in names]
    for groups in (names, 2 * np.array(wanted, np.intp) + 3, texts_of(names) or names):
        code, size = codes(groups)
        assert (code.tolist(), size) == (wanted, len(numbers))


def test_equal_groups_share_the_draws_in_any_form(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"g{i % 7}" for i in range(60)]
    column, numbers = texts_of(names), np.arange(60) % 7
    assert column is not None
    scores = [stats.score(some_rows("mean", seed=seed)) for seed in range(6)]
    forms = [names, list(names), column, texts_of(names) or names, numbers, numbers.copy()]
    draw = Mock(side_effect=np.random.default_rng)
    monkeypatch.setattr(np.random, "default_rng", draw)
    found = intervals(scores, forms, seed=3)
    assert draw.call_args_list == [call(3), call(3)]  # by name and by number
    for score, ends in zip(scores, found, strict=True):
        alone = intervals([score], [names], seed=3)[0]
        assert ends[0] == pytest.approx(alone[0], rel=1e-12)


@settings(max_examples=25)
@given(st.permutations(range(30)))
def test_order_of_samples_does_not_matter(order: list[int]) -> None:
    rows, groups = some_rows("ratio", 30), [f"g{i % 11}" for i in range(30)]
    plain = Resampler(groups, resamples=50).values([("ratio", rows)])[0]
    moved = Resampler([groups[i] for i in order], resamples=50).values([("ratio", rows[order])])[0]
    np.testing.assert_array_equal(plain, moved)


def test_every_resample_draws_as_many_groups_as_there_are_and_the_seed_decides() -> None:
    groups = [str(i) for i in range(500)]
    counts = draws(Resampler(groups, seed=1))
    assert counts.shape == (1000, 500)
    assert (counts.sum(axis=1) == 500).all()
    assert counts.mean(axis=0).std() == pytest.approx(np.sqrt(1 / 1000), rel=0.15)
    np.testing.assert_array_equal(counts, draws(Resampler(groups, seed=1), step=1000))
    assert (counts != draws(Resampler(groups, seed=2))).any()


def test_levels_of_the_expanded_percentile() -> None:
    # Hesterberg 2014: sqrt(n / (n - 1)) * t. With n = 10: 1.0541 * 2.2622 = 2.3845; Phi(-2.3845) =
    # 0.00855. R: pnorm(-sqrt(10/9) * qt(.975, 9)).
    drawn = np.arange(100_001) / 100_000
    assert expanded_percentile(drawn, 10) == pytest.approx((0.00855, 0.99145), abs=1e-5)
    assert expanded_percentile(drawn, 10**9) == pytest.approx((0.025, 0.975), abs=1e-6)


@pytest.mark.parametrize(
    ("rows", "fold", "reason"),
    [
        ([0.3, 0.3, 0.3], "mean", "every resample gives the same"),
        ([[0, 4], [0, 2], [0, 3]], "ratio", "every resample gives the same"),
        ([[1, 4], [0, 0], [0, 0]], "ratio", "many resamples have no value"),
        ([[1, 0], [1, 1]], "class-mean", "every resample gives the same"),
        ([], "mean", ""),
        ([float("nan"), 1.0], "mean", ""),
        ([0.5], "whole", ""),
    ],
)
def test_where_there_is_no_interval(rows: list[float], fold: str, reason: str) -> None:
    scored = stats.score(np.array(rows), fold_name=fold)
    found, told = intervals([scored], [[str(i) for i in range(len(rows))]])[0]
    assert found is None
    assert reason in told


def test_a_value_outside_its_own_interval_has_none() -> None:
    # As many right as the confidences promise: a resample can only be further from it.
    confidence = np.tile(np.repeat([0.25, 0.5, 0.75], 40), 5)
    right = np.concatenate([np.arange(40) < 40 * c for c in (0.25, 0.5, 0.75)] * 5)
    scored = stats.score(np.column_stack([confidence, right]), fold_name="ece", better="lower")
    assert scored.value == pytest.approx(0)
    names = [[str(i) for i in range(600)]]
    assert intervals([scored], names) == [(None, "no interval: biased under resampling")]


def test_one_group_has_no_interval_and_says_so() -> None:
    scores = [stats.score([0.0, 1.0]), stats.score([0.0, 1.0])]
    assert intervals(scores, [["a", "a"], ["a", "b"]])[0] == (
        None, "no interval: all samples are in one group"
    )  # fmt: skip
    assert intervals(scores, [["a", "a"], ["a", "b"]])[1][0] == (0.0, 1.0)


# R: binom.test(20, 20)$conf.int is 0.8315665 to 1; binom.test(0, 5) is 0 to 0.5218238.
@pytest.mark.parametrize(
    ("rows", "ends"),
    [([1.0] * 20, (0.8315665, 1.0)), ([0.0] * 5, (0.0, 0.5218238))],
)
@pytest.mark.parametrize("fold", ["mean", "split-mean:mean"])
def test_all_right_or_all_wrong(rows: list[float], ends: tuple[float, float], fold: str) -> None:
    table = np.array(rows)[:, None]
    if fold != "mean":
        table = np.column_stack([table, np.arange(len(rows)) % 2])
    names = [[str(i) for i in range(len(rows))]]
    scored = stats.score(table, fold_name=fold, worst=0, best=1)
    assert intervals([scored], names)[0][0] == pytest.approx(ends, abs=1e-6)
    rank = stats.score(table, fold_name=fold, better="lower", best=1)  # no share: a rank from 1
    assert intervals([rank], names)[0][0] is None


def test_a_median_that_many_rows_share_is_sure() -> None:
    scored = stats.score([1.0] * 30 + [5.0], fold_name="median")
    assert intervals([scored], [[str(i) for i in range(31)]]) == [((1.0, 1.0), "")]


def test_a_score_keeps_the_interval_it_brings() -> None:
    own = Score(3.1, np.zeros((0, 1)), "whole", "", "higher", interval=(3.0, 3.2))
    assert intervals([own], [[]]) == [((3.0, 3.2), "")]


def clustered(rng: np.random.Generator, groups: int) -> tuple[Floats, list[str]]:
    """0/1 rows whose chance of 1 is the group's own, .6 on average; groups of 1 to 5 rows."""
    sizes = np.tile(np.arange(1, 6), groups // 5)
    chance = np.repeat(rng.beta(3, 2, groups), sizes)
    names = np.repeat(np.arange(groups), sizes).astype(str)
    return (rng.random(len(chance)) < chance).astype(float)[:, None], list(names)


def word_errors(rng: np.random.Generator, groups: int) -> tuple[Floats, list[str]]:
    """Errors and words of utterances; a speaker has a rate of its own, .1 of words on average."""
    rate = np.repeat(rng.gamma(4, 0.025, groups), 4)
    words = 1 + rng.poisson(15, 4 * groups)
    names = np.repeat(np.arange(groups), 4).astype(str)
    return np.column_stack([rng.poisson(rate * words), words]).astype(float), list(names)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("made", "fold", "truth", "groups", "slack"),
    [
        (clustered, "mean", 0.6, 200, 0.0),
        (clustered, "mean", 0.6, 20, 0.003),  # plain percentiles: .925
        (word_errors, "ratio", 0.1, 100, 0.01),  # a skewed ratio: .941
    ],
)
def test_intervals_hold_the_truth_in_95_of_100(
    made: object, fold: str, truth: float, groups: int, slack: float
) -> None:
    rng = np.random.default_rng(5)
    sets, each = 20, 100  # each set shares its draws, so that it is one matrix product
    held = []
    for seed in range(sets):
        made_up = [made(rng, groups) for _ in range(each)]  # type: ignore[operator]
        tables = [(fold, rows) for rows, _ in made_up]
        drawn = Resampler(made_up[0][1], seed=seed).values(tables)
        ends = [expanded_percentile(values, groups) or (1.0, 0.0) for values in drawn]
        held += [low <= truth <= high for low, high in ends]
    error = np.sqrt(0.95 * 0.05 / len(held))
    assert abs(np.mean(held) - 0.95) < 3.5 * error + slack, np.mean(held)


def test_samples_that_share_much_widen_the_interval() -> None:
    rng = np.random.default_rng(0)
    rows = np.repeat(rng.integers(0, 2, 100), 5).astype(float)
    scored = stats.score(rows)
    names = [str(i // 5) for i in range(500)]
    (whole, _), (naive, _) = intervals([scored] * 2, [names, [str(i) for i in range(500)]])
    assert whole is not None and naive is not None
    assert (whole[1] - whole[0]) / (naive[1] - naive[0]) == pytest.approx(np.sqrt(5), rel=0.15)
