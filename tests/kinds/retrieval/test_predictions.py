"""The retrieval kind: predictions against a naive ranking, splits, failures, baselines."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mmbench
from mmbench.columns import table
from mmbench.datasets import RetrievalData
from mmbench.errors import DataError, SpecError
from mmbench.kinds.retrieval import Retrieval
from mmbench.kinds.retrieval.options import RetrievalOptions
from mmbench.types import Outputs, Prediction, Ranking, Sample, TaskSpec, VectorOutputs
from tests.support.rankings import naive_order

SPEC = TaskSpec(
    name="t",
    kind="retrieval",
    data={"source": "x"},
    fields={"query": "text", "corpus": "image"},
    metrics=["recall@1"],
    headline="recall@1",
)
T2I, I2T = "text-to-image", "image-to-text"


def spec(**changes: object) -> TaskSpec:
    from msgspec.structs import replace

    return replace(SPEC, **changes)


def data(links: dict[str, dict[str, float]], documents: list[str]) -> RetrievalData:
    queries = [Sample(q, {"text": q}, group=next(iter(to), "")) for q, to in links.items()]
    corpus = [Sample(d, {"image": d}, group=d) for d in documents]
    return RetrievalData(queries, corpus, links)


def answers(
    queries: object, corpus: object, failed: tuple[dict[int, str], dict[int, str]] = ({}, {})
) -> dict[str, VectorOutputs]:
    sides = [np.array(side, dtype=np.float32) for side in (queries, corpus)]
    return {
        "query": VectorOutputs(sides[0], failed[0]),
        "corpus": VectorOutputs(sides[1], failed[1]),
    }


def ranks_of(scores: dict[str, float], positives: list[str]) -> list[int]:
    ordered = naive_order(scores)
    return sorted(ordered.index(doc) + 1 for doc in positives)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[RetrievalData, list[list[int]], list[list[int]]]:
    n, m = draw(st.integers(1, 8)), draw(st.integers(1, 6))
    documents = [f"d{i}" for i in range(m)]
    links = {
        f"q{i}": dict.fromkeys(draw(st.sets(st.sampled_from(documents), min_size=1)), 1.0)
        for i in range(n)
    }
    vector = st.lists(st.integers(-2, 2), min_size=3, max_size=3)
    vectors = st.lists(vector.filter(any), min_size=8, max_size=8)
    return data(links, documents), draw(vectors)[:n], draw(vectors)[:m]


@given(worlds())
def test_ranks_of_both_directions_against_sorting(
    world: tuple[RetrievalData, list[list[int]], list[list[int]]],
) -> None:
    # Small integers: every dot product is exact, and many are equal.
    made, queries, corpus = world
    found = Retrieval(SPEC).predictions(made, answers(queries, corpus)).directions
    scores = np.array(queries) @ np.array(corpus).T
    qids, dids = [q.id for q in made.queries], [d.id for d in made.corpus]
    for prediction in found[T2I][0]:
        row = dict(zip(dids, scores[qids.index(prediction.id)].tolist(), strict=True))
        expected = ranks_of(row, list(made.links[prediction.id]))
        assert prediction.value.ranks == expected
    for prediction in found[I2T][0]:
        column = dict(zip(qids, scores[:, dids.index(prediction.id)].tolist(), strict=True))
        positives = [q for q, to in made.links.items() if prediction.id in to]
        assert prediction.value.ranks == ranks_of(column, positives)
    assert [p.id for p in found[I2T][0]] == [
        d for d in dids if any(d in to for to in made.links.values())
    ]


def by_id(predictions: list[Prediction]) -> dict[str, Prediction]:
    return {p.id: p for p in predictions}


LINKS = {"q1": {"a": 1.0}, "q2": {"a": 1.0}, "q3": {"b": 1.0}, "q4": {"gone": 1.0}}


def test_failures_stay_and_their_positives_are_never_retrieved() -> None:
    made = data(LINKS, ["a", "b", "c"])
    failed = ({1: "empty caption"}, {1: "truncated"})
    eye = np.eye(4, 3) + 0.1
    eye[1] = 0
    found = Retrieval(SPEC).predictions(made, answers(eye, np.eye(3), failed)).directions
    texts, images = by_id(found[T2I][0]), by_id(found[I2T][0])
    assert texts["q1"].value == Ranking([1], [1.0], ["a", "c"], failed_others=1, size=3)
    assert texts["q2"].error == "empty caption"
    # The document of q3 failed and that of q4 is not there: trec_eval's positives that no run has.
    assert texts["q3"].value == Ranking([None], [1.0], ["c", "a"], failed=1, size=3)
    lost = texts["q4"].value
    assert (lost.ranks, lost.failed, lost.failed_others, lost.size) == ([None], 1, 1, 4)
    # Of the two captions of image a one failed: it counts as not found, and the other stands.
    assert images["a"].value.ranks == [1, None]
    assert (images["a"].value.failed, images["a"].value.failed_others) == (1, 0)
    assert images["b"].error == "truncated"
    assert images["b"].target == Ranking([None], [1.0], failed=1, size=4)
    assert "c" not in images  # no query links to it: a distractor does not ask
    causes = Retrieval(SPEC).failures(made, answers(eye, np.eye(3), failed))
    assert causes == [
        ("q2", "empty caption"),
        ("b", "truncated"),
        ("q4", "its relevant document gone is not in the corpus"),
    ]


@pytest.mark.parametrize("index", ["exact", "Flat"])
def test_a_side_that_failed_as_a_whole_has_no_width(index: str) -> None:
    # The engine has no vector of such a side, so that it does not know how many numbers one has.
    made = data({"q1": {"a": 1.0}, "q2": {"b": 1.0}}, ["a", "b"])
    failed = {0: "truncated", 1: "truncated"}
    given = answers(np.eye(2, 3), np.zeros((2, 1)), ({}, failed))
    asked = spec(options=RetrievalOptions(index=index))
    found = Retrieval(asked).predictions(made, given).directions
    assert [p.value for p in found[T2I][0]] == [
        Ranking([None], [1.0], failed=1, failed_others=1, size=2)
    ] * 2
    assert [p.error for p in found[I2T][0]] == ["truncated", "truncated"]


def test_queries_without_judgements_and_without_relevant_documents() -> None:
    made = data({"q1": {"a": 1.0}, "q2": {"a": 0.0}, "q3": {}}, ["a", "b"])
    found = Retrieval(SPEC).predictions(made, answers(np.eye(3, 2) + 1, np.eye(2))).directions
    texts = by_id(found[T2I][0])
    assert set(texts) == {"q1", "q2"}  # nobody judged q3
    assert texts["q2"].value.ranks == []
    for name in ("recall@1", "mrr", "map", "ndcg@10", "r_precision", "map@R", "fraction_recall@5"):
        assert mmbench.metric(name)([texts["q2"]]).value == 0  # as in trec_eval
    # q2 and q3 are documents of the other direction: three texts, of which one belongs to a.
    assert by_id(found[I2T][0])["a"].value.size == 3
    assert Retrieval(SPEC).signature(made) == "index=exact,no-relevant=zero"
    assert made.sizes() == {"query": 2, "corpus": 2}
    assert made.notes() == [
        "1 document of the corpus without judgements: not relevant",
        "1 judged query without a relevant document: counted as 0",
        "1 query without judgements: left out",
    ]


def test_splits_are_searched_apart() -> None:
    links = {f"q{i}": {f"d{i}": 1.0} for i in range(4)}
    made = data(links, [f"d{i}" for i in range(4)])
    same = np.ones((4, 2))
    found = (
        Retrieval(spec(protocol={"splits": 2})).predictions(made, answers(same, same)).directions
    )
    assert [[p.id for p in split] for split in found[T2I]] == [["q0", "q1"], ["q2", "q3"]]
    assert all(max(p.value.ranks) <= 2 for split in found[T2I] for p in split)


def test_grades_stay_with_their_ranks() -> None:
    made = data({"q": {"a": 1.0, "b": 3.0, "c": 0.0}}, ["a", "b", "c"])
    vectors = answers([[1.0, 0.0]], [[0.5, 0.0], [0.2, 0.0], [0.9, 0.0]])
    found = Retrieval(SPEC).predictions(made, vectors).directions
    (prediction,) = found[T2I][0]
    assert (prediction.value.ranks, prediction.value.grades) == ([2, 3], [1.0, 3.0])
    assert prediction.value.top == ["c", "a", "b"]


@pytest.mark.parametrize("n", [50])
def test_baselines(n: int) -> None:
    links = {f"q{i}.{j}": {f"d{i}": 1.0} for i in range(n) for j in range(5)}
    made = data(links, [f"d{i}" for i in range(n)])
    values = {}
    for who in Retrieval.baselines:
        found = Retrieval(SPEC).baseline(who, made, 0).directions
        values[who] = {d: mmbench.metric("recall@5")(found[d][0]).value for d in (T2I, I2T)}
        values[who]["map"] = mmbench.metric("map")(found[I2T][0]).value
    assert values["oracle"] == {T2I: 1.0, I2T: 1.0, "map": 1.0}
    assert values["constant"][T2I] == pytest.approx(5 / n)
    assert values["random"][T2I] == pytest.approx(5 / n, abs=0.06)
    assert values["empty"][T2I] == values["empty"][I2T] == 0.0
    assert values["empty"]["map"] == 0.0  # nothing was returned at all


def test_the_random_baseline_does_not_depend_on_the_order() -> None:
    links = {f"q{i}": {f"d{i}": 1.0} for i in range(20)}
    forward = data(links, [f"d{i}" for i in range(20)])
    backward = RetrievalData(forward.queries[::-1], forward.corpus[::-1], links)
    one = Retrieval(SPEC).baseline("random", forward, 3).directions
    two = Retrieval(SPEC).baseline("random", backward, 3).directions
    assert {p.id: p.value.ranks for p in one[T2I][0]} == {p.id: p.value.ranks for p in two[T2I][0]}


def test_limit_keeps_the_first_documents_with_their_queries() -> None:
    made = data(LINKS, ["a", "b", "c"]).limit(1)
    assert ([q.id for q in made.queries], [d.id for d in made.corpus]) == (["q1", "q2"], ["a"])


def test_limit_keeps_judgements_of_its_documents_alone() -> None:
    # q1 loses a positive that is cut off, q2 its only one, and with it the right to be asked; q3
    # had none to lose, and b was judged for nobody that is left.
    links = {"q1": {"a": 1.0, "b": 2.0}, "q2": {"a": 0.0, "b": 1.0}, "q3": {"a": 0.0}, "q4": {}}
    made = data(links, ["a", "b"]).limit(1)
    assert made.links == {"q1": {"a": 1.0}, "q3": {"a": 0.0}}
    assert [query.id for query in made.queries] == ["q1", "q3"]


def test_embeddings_beyond_the_data_are_documents_in_both_directions() -> None:
    # The further image stands before a for q1; the further text before q1 for a. Neither asks.
    made = data({"q1": {"a": 1.0}}, ["a"])
    vectors = {
        "query": (["q9", "q1"], np.float32([[1, 0], [0.8, 0.6]])),
        "corpus": (["a", "z"], np.float32([[1, 0], [0.8, 0.6]])),
    }
    matched, outputs = made.match(Outputs(embeddings=vectors))
    found = Retrieval(SPEC).accept(matched, outputs).directions
    assert {way: [(p.id, p.value.ranks) for p in splits[0]] for way, splits in found.items()} == {
        T2I: [("q1", [2])],
        I2T: [("a", [2])],
    }
    assert matched.sizes() == {"query": 1, "corpus": 2}
    # Two more of four would move every document of a split into another one.
    with pytest.raises(DataError, match=r"searches its data in 2 splits.* q9, z "):
        Retrieval(spec(protocol={"splits": 2})).accept(matched, outputs)
    # A further text that is NaN is a document that failed, where documents are asked for texts.
    vectors["query"][1][0] = np.nan
    matched, outputs = made.match(Outputs(embeddings=vectors))
    found = Retrieval(SPEC).accept(matched, outputs).directions
    assert found[I2T][0][0].value == Ranking([1], [1.0], ["q1"], failed_others=1, size=2)
    why = [("q9", "its embedding is zero, NaN or infinite")]
    assert Retrieval(SPEC).accept(matched, outputs).failures == why
    one_way = spec(options=RetrievalOptions(directions="query-to-corpus"))
    assert Retrieval(one_way).accept(matched, outputs).failures == []


def as_tables(made: RetrievalData) -> RetrievalData:
    queries, corpus = (
        table(Sample, side, ("inputs", "tags")) for side in (made.queries, made.corpus)
    )
    return RetrievalData(queries, corpus, made.links)


@pytest.mark.slow
@given(worlds(), st.sampled_from([1, 2]), st.sets(st.integers(0, 7)), st.sampled_from(["", "no "]))
def test_tables_are_ranked_as_lists_of_samples_are(
    world: tuple[RetrievalData, list[list[int]], list[list[int]]],
    splits: int,
    failed: set[int],
    prompt: str,
) -> None:
    made, queries, corpus = world
    task = spec(protocol={"splits": splits}, options=RetrievalOptions(prompt=f"{prompt}{{text}}"))
    lost = tuple(
        dict.fromkeys(sorted(row for row in failed if row < len(side)), "lost")
        for side in (queries, corpus)
    )
    given = answers(queries, corpus, lost)
    kind, other = Retrieval(task), as_tables(made)
    assert kind.predictions(other, given) == kind.predictions(made, given)
    for role, asked in kind.requests(made, 0).items():
        assert list(kind.requests(other, 0)[role].contents) == list(asked.contents)
    for both in (True, False):
        assert list(other.contents(SPEC.fields, both)) == list(made.contents(SPEC.fields, both))
    assert (other.notes(), other.sizes()) == (made.notes(), made.sizes())
    assert other.targets_hash() == made.targets_hash()
    assert as_tables(made.limit(2)) == other.limit(2)
    for name in kind.baselines:
        assert kind.baseline(name, other, 0) == kind.baseline(name, made, 0)


def test_one_direction_has_no_suffix() -> None:
    assert Retrieval(spec(options=RetrievalOptions(directions="query-to-corpus"))).directions() == [
        ""
    ]


def test_fields_of_another_kind_are_refused() -> None:
    with pytest.raises(SpecError, match="fields of a retrieval task must be query and corpus"):
        Retrieval(spec(fields={"input": "image"}))
