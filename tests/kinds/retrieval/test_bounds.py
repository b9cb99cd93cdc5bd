"""The bounds of retrieval scores, against every order that the failed documents could have had."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mmbench
from mmbench.datasets import RetrievalData
from mmbench.engine.recording.rows import rows_table, stored_predictions
from mmbench.engine.scoring.measure import measure
from mmbench.engine.scoring.retrieval_bounds import extremes
from mmbench.kinds.retrieval import Retrieval
from mmbench.kinds.retrieval.options import RetrievalOptions
from mmbench.search.listed import listed_ranking
from mmbench.types import Prediction, Predictions, Ranking, Sample, TaskSpec, VectorOutputs

Grades = dict[str, float]

RATES = (
    *("recall@1", "recall@2", "rsum", "mrr", "mrr@2", "map", "map@2", "map@R", "r_precision"),
    *("precision@2", "fraction_recall@2", "ndcg@1", "ndcg@3", "ndcg@10"),
)


def all_orders(live: list[str], failed: list[str]) -> Iterator[list[str]]:
    """Every order of all documents in which the live ones keep theirs."""
    n = len(live) + len(failed)
    for places in combinations(range(n), len(failed)):
        for chosen in permutations(failed):
            rest, late = iter(live), iter(chosen)
            yield [next(late) if place in places else next(rest) for place in range(n)]


def with_fewer(live: list[str], failed: list[str]) -> Iterator[list[str]]:
    """The same where a failed document may also not be retrieved at all."""
    for n in range(len(failed) + 1):
        for some in combinations(failed, n):
            yield from all_orders(live, list(some))


def ranking_without(live: list[str], failed: list[str], grades: Grades) -> Ranking:
    """What a search returns that did not see the failed documents."""
    found = listed_ranking(live, {doc: grades[doc] for doc in live})
    lost = [grades[doc] for doc in failed if grades[doc]]
    return Ranking(
        [*found.ranks, *[None] * len(lost)], [*found.grades, *lost],
        failed=len(lost), failed_others=len(failed) - len(lost), size=len(live) + len(failed),
    )  # fmt: skip


def true_values(name: str, orders: list[list[str]], grades: Grades) -> list[float]:
    """The metric of each order on its own: the rows of as many queries."""
    made = [Prediction(str(i), listed_ranking(o, grades)) for i, o in enumerate(orders)]
    return mmbench.metric(name)(made).rows[:, 0].tolist()


def bounds_of(name: str, ranking: Ranking) -> tuple[float, float]:
    found = extremes(name, [Prediction("q", ranking)])
    assert found is not None
    assert found.bounds is not None
    return found.bounds


@st.composite
def corpora(draw: st.DrawFn) -> tuple[list[str], list[str], Grades]:
    n, m = draw(st.integers(0, 4)), draw(st.integers(1, 3))
    docs = [f"d{i}" for i in range(n + m)]
    grades = {doc: float(draw(st.sampled_from([0, 0, 1, 1, 2, 3]))) for doc in docs}
    return docs[:n], docs[n:], grades


@settings(max_examples=25)
@given(corpora())
def test_rates_lie_in_their_bounds_and_reach_them(
    corpus: tuple[list[str], list[str], Grades],
) -> None:
    # A failed document may stand anywhere, or never be retrieved. The bounds are the extremes over
    # all these orders, and the value, which retrieves no failed document, is one of them.
    live, failed, grades = corpus
    ranking = ranking_without(live, failed, grades)
    orders = list(with_fewer(live, failed))
    for name in RATES:
        low, high = bounds_of(name, ranking)
        values = true_values(name, orders, grades)
        assert (low, high) == pytest.approx((min(values), max(values)), abs=1e-12), name
        value = mmbench.metric(name)([Prediction("q", ranking)]).value
        assert low - 1e-12 <= value <= high + 1e-12, name


@settings(max_examples=25)
@given(corpora())
def test_ranks_lie_in_their_bounds_and_reach_them(
    corpus: tuple[list[str], list[str], Grades],
) -> None:
    # Every document has a rank here, as a rank that is not there has no mean.
    live, failed, grades = corpus
    if not any(grades.values()):
        return
    ranking = ranking_without(live, failed, grades)
    for name in ("mean_rank", "median_rank"):
        low, high = bounds_of(name, ranking)
        values = true_values(name, list(all_orders(live, failed)), grades)
        assert (low, high) == (min(values), max(values)), name
        assert low <= mmbench.metric(name)([Prediction("q", ranking)]).value <= high


@mmbench.register("metric", "test_exponential_gain")
def exponential_gain(given: list[Prediction]) -> mmbench.Score:
    """Σ (2^grade - 1) / rank: a metric of a plugin, without orders of its own for the bounds."""
    rows = [
        sum((2**g - 1) / r for r, g in zip(p.value.ranks, p.value.grades, strict=True) if r)
        for p in given
    ]
    return mmbench.stats.score(rows)


@settings(max_examples=15)
@given(corpora())
def test_bounds_hold_for_metrics_that_nobody_knows(
    corpus: tuple[list[str], list[str], Grades],
) -> None:
    live, failed, grades = corpus
    low, high = bounds_of("test_exponential_gain", ranking_without(live, failed, grades))
    for value in true_values("test_exponential_gain", list(with_fewer(live, failed)), grades):
        assert low - 1e-12 <= value <= high + 1e-12


def test_a_failed_query_is_wrong_or_right() -> None:
    # One query has its document at rank 1. The other failed: its two positives of ten documents are
    # first (precision@5 2/5, rank 1), or are never found (0, and the last two ranks: 9).
    nothing = Ranking([None, None], [1.0, 1.0], failed=2, size=10)
    made = [
        Prediction("a", Ranking([1], [1.0], size=10)),
        Prediction("b", target=nothing, error="its embedding is NaN"),
    ]
    scores = measure(["precision@5", "mean_rank", "ndcg@10", "median_rank"], {"": [made]}).scores
    assert scores["precision@5"].bounds == pytest.approx((1 / 10, (1 / 5 + 2 / 5) / 2))
    assert scores["mean_rank"].bounds == (1.0, 5.0)
    assert scores["median_rank"].bounds == (1.0, 5.0)
    assert scores["ndcg@10"].bounds == (0.5, 1.0)
    assert {(score.n, score.failed) for score in scores.values()} == {(1, 1)}


def test_a_failed_positive_alone_counts_as_the_last_document() -> None:
    # Never retrieved: recall and reciprocal rank 0; behind all 20 documents: rank 20.
    made = [Prediction("a", Ranking([None], [1.0], failed=1, failed_others=2, size=20))]
    scores = measure(["recall@1", "mrr", "mean_rank"], {"": [made]}).scores
    assert [score.value for score in scores.values()] == [0.0, 0.0, 20.0]
    assert [score.bounds for score in scores.values()] == [(0.0, 1.0), (0.0, 1.0), (1.0, 20.0)]


def test_what_an_index_did_not_see_is_unknown_and_what_failed_is_not() -> None:
    # The first positive is beyond the depth, the second failed: recall is known as far as the index
    # looked, and the failed positive counts for it.
    made = [Prediction("a", Ranking([None, None], [1.0, 1.0], depth=100, failed=1, size=500))]
    scores = measure(["recall@10", "recall@200", "mrr"], {"": [made]}).scores
    assert (scores["recall@10"].value, scores["recall@10"].bounds) == (0.0, (0.0, 1.0))
    assert (scores["recall@200"].value, scores["recall@200"].bounds) == (None, None)
    assert scores["mrr"].value is None


def test_bounds_of_directions_splits_and_tags() -> None:
    # Two queries, one document failed: the other direction is certain, and so is the part of the
    # first tag. Of two splits one is certain: the mean moves by half.
    sure = Prediction("a", Ranking([1], [1.0], size=3), tags={"t": "x"})
    open_ = Prediction("b", Ranking([None], [1.0], failed=1, size=3), tags={"t": "y"})
    ways = measure(["rsum", "recall@1"], {"there": [[sure, open_]], "back": [[sure]]}).scores
    assert ways["rsum"].value == 1.5 + 3
    assert ways["rsum"].bounds == (4.5, 6.0)
    assert ways["recall@1[there]"].bounds == (0.5, 1.0)
    assert ways["recall@1[back]"].bounds is None
    split = measure(["recall@1", "mean_rank"], {"": [[sure], [open_]]}).scores
    assert split["recall@1"].bounds == (0.5, 1.0)
    assert split["mean_rank"].bounds == (1.0, 2.0)
    tagged = measure(["recall@1"], {"": [[sure, open_]]}, breakdowns=["t"])
    parts = {v: found["recall@1"].bounds for v, found in tagged.breakdowns["t"].items()}
    assert parts == {"x": (1.0, 1.0), "y": (0.0, 1.0)}
    assert tagged.scores["recall@1{macro:t}"].bounds == (0.5, 1.0)


@pytest.mark.parametrize("index", ["exact", "Flat"])
@pytest.mark.parametrize("failed", [(1, 1), (0, 6), (12, 0)])
def test_bounds_come_back_from_stored_rows(index: str, failed: tuple[int, int]) -> None:
    # 12 texts of 6 images. Where a whole side failed there is nothing to search, and no index.
    if index != "exact":
        pytest.importorskip("faiss")
    draws = np.random.default_rng(0)
    links = {f"q{i}": {f"d{i % 6}": 1.0} for i in range(12)}
    sides = {"query": list(links), "corpus": [f"d{i}" for i in range(6)]}
    queries, corpus = ([Sample(i, {}) for i in ids] for ids in sides.values())
    data = RetrievalData(queries, corpus, links)
    answers = {
        side: VectorOutputs(
            draws.normal(size=(len(ids), 8)).astype("f4"), dict.fromkeys(range(n), "torn")
        )
        for (side, ids), n in zip(sides.items(), failed, strict=True)
    }
    fields, options = {"query": "text", "corpus": "image"}, RetrievalOptions(index=index)
    spec = TaskSpec("t", "retrieval", {}, fields, [], "", options=options)
    directions = Retrieval(spec).predictions(data, answers).directions
    names = ["recall@1", "mean_rank", "median_rank", "ndcg@10", "rsum"]
    measured = measure(names, directions)
    table = rows_table(Predictions(directions), measured.metrics)
    again = measure(names, stored_predictions(table).directions)
    assert again.scores == measured.scores
    for score in measured.scores.values():
        assert score.bounds is not None
        assert score.value is None or score.bounds[0] <= score.value <= score.bounds[1]
    if failed != (1, 1):  # one direction has no query: a sum of both is no number
        assert measured.scores["rsum"].value is None
        assert measured.scores["rsum"].reason == "no sample was measured in one direction"
