"""Retrieval metrics against the definition written out, literal cases, and properties."""

import math
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mmbench
from mmbench.types import Prediction
from tests.support.predictions import predict_ranks


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("recall@1", 1 / 3, "one query of three has a positive at rank 1"),
        ("recall@2", 2 / 3, "any positive counts: ranks 2 and 9 are a hit at 2"),
        ("recall@9", 2 / 3, "the third query's best is at 10"),
        ("recall@10", 1.0, "10 is within 10"),
        ("mean_rank", (1 + 2 + 10) / 3, "of the best-ranked positive"),
        ("median_rank", 2.0, "of 1, 2, 10"),
        ("mrr", (1 + 1 / 2 + 1 / 10) / 3, "of the best-ranked positive"),
        ("map", (1 + (1 / 2 + 2 / 9) / 2 + 1 / 10) / 3, "1/2 and 2/9 are the precisions at hits"),
    ],
)
def test_literal_case(name: str, value: float, why: str) -> None:
    got = mmbench.metric(name)(predict_ranks([1], [2, 9], [10]))
    assert got.value == pytest.approx(value, abs=1e-15), why


def test_median_of_an_even_number_is_not_floored() -> None:
    assert mmbench.metric("median_rank")(predict_ranks([1], [4])).value == 2.5


@pytest.mark.parametrize("name", ["recall@5", "mean_rank", "median_rank", "mrr", "map"])
def test_nothing_is_nan(name: str) -> None:
    assert math.isnan(mmbench.metric(name)([]).value)


@pytest.mark.parametrize("name", ["mean_rank", "median_rank", "mrr", "map"])
def test_a_rank_beyond_the_index_is_not_guessed(name: str) -> None:
    score = mmbench.metric(name)(predict_ranks([1], [None], depth=100))
    assert math.isnan(score.value)
    assert "beyond" in score.reason


def test_the_median_is_known_as_long_as_the_middle_is() -> None:
    assert mmbench.metric("median_rank")(predict_ranks([1], [7], [None], depth=100)).value == 7.0
    assert math.isnan(mmbench.metric("median_rank")(predict_ranks([1], [None])).value)


def test_recall_within_the_depth_of_an_index_is_known() -> None:
    found = predict_ranks([1], [None], depth=100)
    assert mmbench.metric("recall@100")(found).value == 0.5
    deeper = mmbench.metric("recall@101")(found)
    assert math.isnan(deeper.value)
    assert deeper.reason == "the index depth is only 100"


def test_failed_predictions_are_left_out() -> None:
    found = [*predict_ranks([1], [3]), Prediction("x", error="broken")]
    assert mmbench.metric("recall@1")(found).value == 0.5


def test_lists_of_ids_with_targets() -> None:
    found = [
        Prediction("q1", ["d3", "d1", "d2"], ["d1"]),
        Prediction("q2", ["d9", "d2"], {"d2": 2.0, "d9": 0.0}),
    ]
    assert mmbench.metric("recall@1")(found).value == 0.0
    assert mmbench.metric("mrr")(found).value == 0.5


RANKS = st.lists(
    st.lists(st.integers(1, 50), min_size=1, max_size=5, unique=True).map(sorted), min_size=1
)


@given(RANKS, st.integers(1, 60))
def test_against_the_definition(ranks: list[list[int]], k: int) -> None:
    found, best = predict_ranks(*ranks), [min(r) for r in ranks]
    naive = {
        f"recall@{k}": sum(any(rank <= k for rank in r) for r in ranks) / len(ranks),
        "mean_rank": sum(best) / len(best),
        "median_rank": median(best),
        "mrr": sum(1 / b for b in best) / len(best),
        "map": sum(
            sum(sum(other <= rank for other in r) / rank for rank in r) / len(r) for r in ranks
        )
        / len(ranks),
    }
    for name, value in naive.items():
        assert mmbench.metric(name)(found).value == pytest.approx(value, abs=1e-12)


@given(RANKS, st.randoms(use_true_random=False))
def test_order_has_no_influence(ranks: list[list[int]], random: object) -> None:
    found = predict_ranks(*ranks)
    shuffled = list(found)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    for name in ("recall@3", "mean_rank", "median_rank", "mrr", "map"):
        a, b = mmbench.metric(name)(found).value, mmbench.metric(name)(shuffled).value
        assert a == pytest.approx(b, abs=1e-12)


@given(st.integers(1, 30), st.integers(1, 5))
def test_perfect_ranks_are_best(n: int, positives: int) -> None:
    found = predict_ranks(*[list(range(1, positives + 1))] * n)
    values = {m: mmbench.metric(m)(found).value for m in ("recall@1", "mean_rank", "mrr", "map")}
    assert values == {"recall@1": 1.0, "mean_rank": 1.0, "mrr": 1.0, "map": pytest.approx(1.0)}
