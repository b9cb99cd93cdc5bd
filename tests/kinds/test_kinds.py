"""Kinds of one answer per sample: outputs of others, baselines, and what is refused."""

from typing import Any

import numpy as np
import pytest

from mmbench.datasets import RetrievalData, Samples
from mmbench.errors import DataError, UnknownName
from mmbench.kinds.classification import Classification
from mmbench.kinds.drawing import Drawing
from mmbench.kinds.rating import Rating
from mmbench.kinds.retrieval import Retrieval
from mmbench.kinds.retrieval.options import RetrievalOptions
from mmbench.kinds.writing import Writing, best_answer
from mmbench.types import InvalidContent, Media, Outputs, Sample, TaskSpec


def spec(kind: str = "writing", **changes: Any) -> TaskSpec:
    base: dict[str, Any] = {
        "name": "t", "kind": kind, "data": {"source": "x"}, "fields": {}, "metrics": ["m"],
        "headline": "m",
    }  # fmt: skip
    return TaskSpec(**(base | changes))


def texts(*targets: Any) -> Samples:
    return Samples([Sample(f"s{i}", {}, target) for i, target in enumerate(targets)])


def accepted(cls: Any, data: Any, outputs: Outputs, **changes: Any) -> list[Any]:
    matched, outputs = data.match(outputs)
    directions = cls(spec(**changes)).accept(matched, outputs).directions
    return next(iter(directions.values()))[0]


WRITING = Writing(spec())
CLASSES = Classification(spec("classification"))


def test_outputs_are_put_beside_their_targets_whatever_their_order() -> None:
    data = texts("cat", "dog")
    found = accepted(Writing, data, Outputs(values={"s1": "a dog", "s0": "a cat"}))
    assert [(p.id, p.value, p.target) for p in found] == [
        ("s0", "a cat", "cat"),
        ("s1", "a dog", "dog"),
    ]


def test_missing_and_unknown_ids_are_listed() -> None:
    data = texts(*"abcdefgh")
    given = {"s0": "x", "strange": "y"}
    with pytest.raises(DataError, match=r"7 of 8 samples have no output: s1, s2, s3, s4, s5 and 2"):
        data.match(Outputs(values=given))
    with pytest.raises(DataError, match="1 output belongs to no sample: strange"):
        data.match(Outputs(values=given), partial=True)
    kept, _ = data.match(Outputs(values={"s3": "x"}), partial=True)
    assert [sample.id for sample in kept.samples] == ["s3"]


def test_outputs_without_ids_take_them_in_order_or_not_at_all() -> None:
    data = texts("a", "b")
    outputs = Outputs(values={"0": "x", "1": "y"}, tags={"1": {"t": "2"}}, positional=True)
    found = accepted(Writing, data, outputs)
    assert [(p.id, p.value, p.tags) for p in found] == [("s0", "x", {}), ("s1", "y", {"t": "2"})]
    with pytest.raises(DataError, match="1 output without ids for 2 samples"):
        data.match(Outputs(values={"0": "x"}, positional=True))


def test_an_output_that_failed_is_a_failed_prediction() -> None:
    found = accepted(
        Writing, texts("a", "b"), Outputs(values={"s0": InvalidContent("out"), "s1": "b"})
    )
    assert [p.error for p in found] == ["out", None]


@pytest.mark.parametrize("value", [["a"], None, {"a": 1}])
def test_a_text_is_needed(value: Any) -> None:
    with pytest.raises(DataError, match=r"the output for s0 is .*; give a text"):
        accepted(Writing, texts("a"), Outputs(values={"s0": value}))


@pytest.mark.parametrize(
    ("target", "best"),
    [
        ("a cat", "a cat"),
        (["red", "blue", "red"], "red"),
        (["one", "two"], "one"),
        ({"answer": "B", "options": ["x", "y"]}, "B"),
        ([], ""),
    ],
)
def test_the_best_answer_to_a_target(target: Any, best: str) -> None:
    assert best_answer(target) == best


def test_baselines_of_writing() -> None:
    data = texts(*["red"] * 3, "blue", "green")
    said = {who: WRITING.baseline_values(who, data, 0) for who in Writing.baselines}
    assert said["oracle"] == ["red", "red", "red", "blue", "green"]
    assert said["constant"] == ["red"] * 5
    assert said["empty"] == [""] * 5
    assert said["hedge"] == ["red blue green"] * 5
    assert sorted(said["random"]) == sorted(said["oracle"])
    letters = texts(*"abcdefgh")
    assert WRITING.baseline_values("random", letters, 1) != WRITING.baseline_values(
        "random", letters, 0
    )


def test_random_answers_do_not_depend_on_the_order_of_the_samples() -> None:
    data = texts(*"abcdefgh")
    turned = Samples(data.samples[::-1])
    assert WRITING.baseline_values("random", turned, 0)[::-1] == WRITING.baseline_values(
        "random", data, 0
    )


def classes(*targets: Any) -> Samples:
    return Samples([Sample(f"s{i}", {}, t) for i, t in enumerate(targets)], ["cat", "dog", "owl"])


def test_scores_are_matched_by_the_names_of_their_labels() -> None:
    data = classes(0, 1)
    by_name = {"s0": {"owl": 3.0, "cat": 1.0, "dog": 2.0}, "s1": "dog"}
    found = accepted(Classification, data, Outputs(values=by_name), kind="classification")
    assert found[0].value.tolist() == [1.0, 2.0, 3.0]
    assert found[1].value == 1
    rows = {"s0": np.array([3, 1, 2], np.float32), "s1": [0.0, 1.0, 0.5]}
    outputs = Outputs(values=rows, labels=["owl", "cat", "dog"])
    found = accepted(Classification, data, outputs, kind="classification")
    assert found[0].value.tolist() == [1.0, 2.0, 3.0]
    assert found[1].value.tolist() == [1.0, 0.5, 0.0]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("cow", "unknown label"),
        ({"cow": 1.0}, "unknown label"),
        ({"cat": 1.0}, r"no score for 'dog' \(2 labels missing\)"),
        ([1.0, 2.0], r"has shape \(2,\) for 3 labels"),
    ],
)
def test_labels_that_do_not_fit(value: Any, message: str) -> None:
    with pytest.raises((DataError, UnknownName), match=message):
        accepted(Classification, classes(0), Outputs(values={"s0": value}))


def test_baselines_of_classification() -> None:
    data = classes(0, [1, 2])
    assert [v.tolist() for v in CLASSES.baseline_values("oracle", data, 0)] == [
        [1, 0, 0],
        [0, 1, 1],
    ]
    assert not any(v.any() for v in CLASSES.baseline_values("constant", data, 0))
    one, two = CLASSES.baseline_values("random", data, 0)
    assert one.shape == (3,)
    assert not np.array_equal(one, two)


def test_drawings_need_no_counterpart() -> None:
    def image(name: str) -> Media:
        return Media("image", name)

    data = Samples([Sample(i, {}, image(f"real {i}")) for i in ("a", "b")])
    outputs = Outputs(values={"b": image("b"), "c": image("c"), "d": InvalidContent("torn")})
    found = accepted(Drawing, data, outputs, kind="drawing")
    assert {
        (p.id, p.value and p.value.name, p.target and p.target.name, p.error) for p in found
    } == {
        ("b", "b", "real b", None),
        ("c", "c", None, None),
        ("d", None, None, "torn"),
        ("a", None, "real a", None),
    }
    with pytest.raises(DataError, match="the output for a is not an image"):
        accepted(Drawing, data, Outputs(values={"a": "text"}), kind="drawing")


def test_each_prompt_needs_its_drawing() -> None:
    """As in every other kind: what was not drawn is an error, or left out of the data and told."""
    prompts = Samples([Sample(i, {"text": f"draw {i}"}, Media("image", i)) for i in ("a", "b")])
    drawn = Outputs(values={"b": Media("image", "drawn b")})
    with pytest.raises(DataError, match="1 of 2 samples has no output: a; --partial"):
        prompts.match(drawn)
    data, outputs = prompts.match(drawn, partial=True)
    assert [sample.id for sample in data.samples] == list(outputs.values) == ["b"]
    stranger = Outputs(values={i: Media("image", i) for i in ("a", "b", "c")})
    with pytest.raises(DataError, match="1 output belongs to no sample: c"):
        prompts.match(stranger)


def test_a_rating_is_a_number() -> None:
    data = texts([["r1", 4], ["r2", 5]])
    assert accepted(Rating, data, Outputs(values={"s0": "4.5"}), kind="rating")[0].value == 4.5
    with pytest.raises(DataError, match="is 'good'; give a finite number"):
        accepted(Rating, data, Outputs(values={"s0": "good"}), kind="rating")
    assert Rating(spec("rating")).baseline_values("oracle", data, 0) == [4.5]


def links() -> RetrievalData:
    queries = [Sample("q0", {}), Sample("q1", {}), Sample("q2", {})]
    corpus = [Sample(f"d{i}", {}) for i in range(4)]
    to = {"q0": {"d0": 1.0, "d1": 2.0}, "q1": {"d2": 1.0, "d3": 0.0}, "q2": {}}
    return RetrievalData(queries, corpus, to)


ONE_WAY: dict[str, Any] = {
    "kind": "retrieval", "fields": {"query": "text", "corpus": "text"},
    "options": RetrievalOptions(directions="query-to-corpus"),
}  # fmt: skip


def test_a_run_becomes_ranks() -> None:
    values = {"q0": ["d9", "d1", "d3"], "q1": ["d2"], "q2": ["d0"]}
    found = accepted(Retrieval, links(), Outputs(values=values), **ONE_WAY)
    assert (found[0].value.ranks, found[0].value.grades) == ([2, None], [2.0, 1.0])
    assert found[1].value.ranks == [1]
    assert len(found) == 2  # nobody judged q2
    both = ONE_WAY | {"options": RetrievalOptions()}
    with pytest.raises(DataError, match="has both directions"):
        accepted(Retrieval, links(), Outputs(values=values), **both)


def test_embeddings_are_matched_by_id_and_unusable_ones_fail() -> None:
    data = links()
    vectors = np.eye(4, dtype=np.float32)
    vectors[3] = np.nan
    queries = np.array([[0, 9, 0, 0], [0, 0, 1, 0], [1, 0, 0, 0]], np.float32)
    outputs = Outputs(
        embeddings={
            "corpus": (["d1", "d0", "d2", "d3"], vectors),
            "query": (["q1", "q0", "q2"], queries[[1, 0, 2]]),
        }
    )
    found = accepted(Retrieval, data, outputs, **ONE_WAY)
    assert found[0].value.ranks[0] == 1
    assert found[1].value.ranks == [1]
    missing = {side: (ids[:2], v[:2]) for side, (ids, v) in outputs.embeddings.items()}
    with pytest.raises(DataError, match="query embeddings: 1 of 3 samples has no output: q2"):
        data.match(Outputs(embeddings=missing))


def test_data_of_one_kind_have_one_hash_with_and_without_their_images() -> None:
    with_image = Samples([Sample("a", {"image": Media("image", "x"), "question": "why?"}, ["b"])])
    without = Samples([Sample("a", {"image": InvalidContent("none"), "question": "why?"}, ["b"])])
    asked = spec(fields={"image": "image", "question": "question"})
    one, other = (list(data.contents(asked.fields, False)) for data in (with_image, without))
    assert one == other
    assert with_image.targets_hash() == without.targets_hash()
    moved = Samples([Sample("a", {}, ["c"])])
    assert moved.targets_hash() != without.targets_hash()
