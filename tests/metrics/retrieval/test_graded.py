"""Retrieval metrics over all positives, against their definitions on a whole ranked list."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mmbench
from mmbench import metric_names
from mmbench.engine.scoring.measure import measure
from mmbench.stats import fold
from mmbench.types import Prediction, Ranking
from tests.support.predictions import metric_value, predict_ranks

NAMES = [
    "fraction_recall@3", "precision@3", "mrr@3", "map@3", "map@R", "r_precision", "ndcg@3", "rsum",
]  # fmt: skip


def graded(ranks: list[int | None], grades: list[float]) -> list[Prediction]:
    return [Prediction("q", Ranking(ranks, grades))]


@pytest.mark.parametrize(
    ("name", "expected", "why"),
    [
        ("fraction_recall@1", (0 + 1 / 3) / 2, "nothing, and one of three"),
        ("fraction_recall@4", (1 + 2 / 3) / 2, "all, and two of three"),
        ("precision@4", (1 / 4 + 2 / 4) / 2, "of four places"),
        ("precision@100", (1 / 100 + 3 / 100) / 2, "k beyond the corpus still divides by k"),
        ("mrr@1", (0 + 1) / 2, "rank 2 is beyond"),
        ("mrr@2", (1 / 2 + 1) / 2, "of the best-ranked positive"),
        ("map@1", (0 + 1 / 3) / 2, "divided by all three positives"),
        ("map@4", (1 / 2 + (1 + 2 / 4) / 3) / 2, "precisions at the hits within 4"),
        ("map@R", (0 + 1 / 3) / 2, "R is 1 and 3: nothing, and the hit at 1"),
        ("r_precision", (0 + 1 / 3) / 2, "one of the first three is right"),
        ("rsum", (0 + 1 + 1 + 1 + 1 + 1) / 2, "any positive at 1, 5, 10"),
        (
            "ndcg@4",
            (1 / math.log2(3) + (1 + 1 / math.log2(5)) / (1 + 1 / math.log2(3) + 1 / 2)) / 2,
            "discount log2(rank + 1)",
        ),
    ],
)
def test_literal_case(name: str, expected: float, why: str) -> None:
    assert metric_value(name, predict_ranks([2], [1, 4, 6])) == pytest.approx(
        expected, abs=1e-15
    ), why


@pytest.mark.parametrize(
    ("ranks", "grades", "k", "expected", "why"),
    [
        # Wikipedia, "Discounted cumulative gain": grades by rank 3 2 3 0 1 2, further back 3 and 2.
        # DCG is 6.861, that of the best order 8.740.
        ([1, 2, 3, 5, 6, 7, 8], [3, 2, 3, 1, 2, 3, 2], 6, 0.785, "gains are grades"),
        ([1, 2], [1, 3], 1, 1 / 3, "the ideal has the grade 3 first"),
        ([2, None], [1, 5], 9, (1 / math.log2(3)) / (5 + 1 / math.log2(3)), "one was not found"),
        ([1, 2, 3], [2, 2, 2], 2, 1.0, "as good as two places allow"),
    ],
)
def test_graded_gain(
    ranks: list[int | None], grades: list[float], k: int, expected: float, why: str
) -> None:
    found = metric_value(f"ndcg@{k}", graded(ranks, grades))
    assert found == pytest.approx(expected, abs=2e-4), why


# ---- the definitions of trec_eval, on the whole ranked list ----


def naive(name: str, listed: list[float], k: int) -> float:
    """A measure of one query: `listed` holds the grade of every document, best ranked first."""
    right = [grade > 0 for grade in listed]
    positives = sum(right)
    cut = positives if name in {"map@R", "r_precision"} else k
    head = right[:cut]
    precisions = [sum(head[: i + 1]) / (i + 1) for i in range(len(head)) if head[i]]

    def gain(grades: list[float]) -> float:
        return sum(g / math.log2(i + 2) for i, g in enumerate(grades[:k]))

    return {
        "fraction_recall": lambda: sum(head) / positives,
        "precision": lambda: sum(head) / k,
        "mrr": lambda: next((1 / (i + 1) for i, hit in enumerate(head) if hit), 0.0),
        "map": lambda: sum(precisions) / positives,
        "map@R": lambda: sum(precisions) / positives,
        "r_precision": lambda: sum(head) / positives,
        "ndcg": lambda: gain(listed) / gain(sorted(listed, reverse=True)),
        "rsum": lambda: sum(any(right[:n]) for n in (1, 5, 10)),
    }[name]()


lists = st.lists(st.sampled_from([0, 0, 0, 1, 2, 3]), min_size=1, max_size=25).filter(any)


@settings(max_examples=80)
@given(st.lists(lists, min_size=1, max_size=6), st.integers(1, 30))
def test_ranks_give_what_whole_lists_give(corpus: list[list[int]], k: int) -> None:
    found = []
    for i, listed in enumerate(corpus):
        ranks: list[int | None] = [at for at, grade in enumerate(listed, 1) if grade]
        found.append(Prediction(str(i), Ranking(ranks, [float(g) for g in listed if g])))
    for family in ["fraction_recall", "precision", "mrr", "map", "ndcg"]:
        wanted = np.mean([naive(family, [float(g) for g in listed], k) for listed in corpus])
        assert metric_value(f"{family}@{k}", found) == pytest.approx(wanted, abs=1e-12), family
    for name in ["map@R", "r_precision", "rsum"]:
        wanted = np.mean([naive(name, [float(g) for g in listed], k) for listed in corpus])
        assert metric_value(name, found) == pytest.approx(wanted, abs=1e-12), name


def lists_of_ids(seed: int, retrieved: int) -> list[Prediction]:
    """Twenty queries over 40 documents, of which an evaluator gets the first few."""
    rng = np.random.default_rng(seed)
    found = []
    for q in range(20):
        documents = [f"d{i}" for i in rng.permutation(40)]
        positives = rng.choice(40, size=rng.integers(1, 8), replace=False)
        grades = {f"d{i}": int(rng.integers(1, 4)) for i in positives}
        found.append(Prediction(f"q{q}", documents[:retrieved], grades))
    return found


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("retrieved", [40, 25])
def test_lists_of_ids_agree_with_trec_eval(seed: int, retrieved: int) -> None:
    trec = pytest.importorskip("pytrec_eval")
    found = lists_of_ids(seed, retrieved)
    names = {
        "fraction_recall@5": "recall_5",
        "precision@5": "P_5",
        "mrr": "recip_rank",
        "map": "map",
        "map@5": "map_cut_5",
        "map@100": "map_cut_100",
        "r_precision": "Rprec",
        "ndcg@5": "ndcg_cut_5",
        "ndcg@100": "ndcg_cut_100",
    }
    asked = {"recall.5", "P.5", "recip_rank", "map", "map_cut.5,100", "Rprec", "ndcg_cut.5,100"}
    run = {p.id: {doc: 1.0 - i / 100 for i, doc in enumerate(p.value)} for p in found}
    peer = trec.RelevanceEvaluator({p.id: p.target for p in found}, asked).evaluate(run)
    for name, theirs in names.items():
        wanted = [peer[p.id][theirs] for p in found]
        assert mmbench.metric(name)(found).rows[:, 0] == pytest.approx(wanted, abs=1e-9), name


@pytest.mark.parametrize("seed", range(3))
def test_lists_of_ids_agree_with_eccv_caption(seed: int) -> None:
    peer = pytest.importorskip("eccv_caption._metrics")
    found = lists_of_ids(seed, 40)
    given_lists = {p.id: p.value for p in found}, {p.id: list(p.target) for p in found}
    theirs = peer.compute_eccv_metrics(*given_lists)
    assert metric_value("map@R", found) == pytest.approx(theirs["eccv_map_at_r"], abs=1e-12)
    assert metric_value("r_precision", found) == pytest.approx(theirs["eccv_rprecision"], abs=1e-12)
    assert metric_value("recall@1", found) == pytest.approx(theirs["eccv_r1"], abs=1e-12)


# ---- properties ----


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_nan(name: str) -> None:
    assert math.isnan(metric_value(name, []))


@pytest.mark.parametrize("name", NAMES)
def test_positives_that_stand_first_are_the_best(name: str) -> None:
    found = mmbench.metric(name)(predict_ranks([1, 2, 3], [1, 2, 3]))
    assert found.value == pytest.approx(found.best)


@pytest.mark.parametrize("name", NAMES)
def test_positives_that_were_not_found_are_the_worst(name: str) -> None:
    found = mmbench.metric(name)(predict_ranks([None], [None, None]))
    assert found.value == found.worst == 0


@settings(max_examples=40)
@given(
    st.lists(
        st.dictionaries(st.integers(1, 40), st.integers(1, 4), min_size=1, max_size=6),
        min_size=1,
        max_size=8,
    ),
    st.randoms(use_true_random=False),
)
def test_range_order_and_rows(queries: list[dict[int, int]], random: Any) -> None:
    found = [
        Prediction(str(i), Ranking(sorted(ranks), [float(ranks[r]) for r in sorted(ranks)]))
        for i, ranks in enumerate(queries)
    ]
    shuffled = random.sample(found, len(found))
    for name in NAMES:
        scored = mmbench.metric(name)(found)
        assert scored.worst <= scored.value <= scored.best + 1e-12, name
        assert metric_value(name, shuffled) == pytest.approx(scored.value, abs=1e-12), name
        assert fold(scored.fold, scored.rows) == scored.value
        assert len(scored.rows) == len(found)
        assert scored.signature.startswith("fold=mean,ties=id-hash")


def test_what_could_change_the_number_is_in_the_signature() -> None:
    found = predict_ranks([1])
    assert "gain=linear" in mmbench.metric("ndcg@10")(found).signature
    assert "divisor=positives" in mmbench.metric("map@10")(found).signature


# ---- approximate indexes ----


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("fraction_recall@5", True), ("fraction_recall@6", False), ("precision@6", False),
        ("mrr@5", True), ("mrr@6", False), ("map@5", True), ("map@6", False),
        ("ndcg@5", True), ("ndcg@6", False), ("map@R", True), ("r_precision", True),
        ("rsum", False),
    ],
)  # fmt: skip
def test_what_an_index_did_not_look_at_is_not_guessed(name: str, known: bool) -> None:
    scored = mmbench.metric(name)(predict_ranks([1], [3, None], depth=5))
    assert math.isnan(scored.value) is not known
    assert scored.reason == ("" if known else "the index depth is only 5")


def test_a_query_with_more_positives_than_the_index_is_deep() -> None:
    found = predict_ranks([1, 2, None], depth=2)
    assert math.isnan(metric_value("r_precision", found))
    assert math.isnan(metric_value("map@R", found))
    assert metric_value("fraction_recall@2", found) == pytest.approx(2 / 3)


def test_an_index_that_found_all_is_deep_enough() -> None:
    assert metric_value("precision@10", predict_ranks([1, 3], depth=5)) == 0.2


# ---- rsum over two directions ----


def test_rsum_is_one_number_for_both_directions() -> None:
    ways = {"text-to-image": [predict_ranks([1], [3])], "image-to-text": [predict_ranks([7])]}
    scores = measure(["rsum"], ways).scores
    assert list(scores) == ["rsum"]
    # recall@1, @5, @10 of one direction are 1/2, 1, 1, of the other 0, 0, 1.
    assert scores["rsum"].value == pytest.approx(3.5)
    one_way = {"": [predict_ranks([1], [3])]}
    assert measure(["rsum"], one_way).scores["rsum"].value == pytest.approx(2.5)


def test_rsum_alone_is_summed() -> None:
    marked = [n for n in NAMES if metric_names.metric_info(n).sums_directions]
    assert marked == ["rsum"]
