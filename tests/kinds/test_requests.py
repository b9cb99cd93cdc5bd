"""What the kinds ask of a model, and what they make of its answers, held to the definitions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmbench.datasets import Samples
from mmbench.errors import DataError, SpecError
from mmbench.kinds.choice import Choice, ChoiceOptions
from mmbench.kinds.classification import Classification, ClassificationOptions
from mmbench.kinds.classification.zero_shot import ZeroShot, ZeroShotOptions
from mmbench.kinds.conversation import check_prompt, conversation
from mmbench.kinds.drawing import Drawing
from mmbench.types import (
    GenerationConfig,
    InvalidContent,
    Media,
    Outputs,
    Sample,
    TaskSpec,
    VectorOutputs,
    View,
    Views,
)
from tests.support.rankings import unit_vectors

IMAGE, OTHER, FILM = Media("image", "a.png"), Media("image", "b.png"), Media("video", "c.mp4")


def spec(kind: str = "writing", fields: dict[str, str] | None = None, **more: Any) -> TaskSpec:
    fields = {"image": "image", "question": "question"} if fields is None else fields
    return TaskSpec("t", kind, {}, fields, ["m"], "m", **more)


def parts(prompt: str, inputs: dict[str, Any], fields: dict[str, str] | None = None) -> list[Any]:
    (turn,) = conversation(spec(fields=fields), prompt, Sample("1", inputs))
    return list(turn.parts)


ASKED = {"image": IMAGE, "question": "what is it"}
TWO = {"first": "image", "second": "image2", "question": "question"}


@pytest.mark.parametrize(
    ("prompt", "inputs", "fields", "expected"),
    [
        ("{text}", ASKED, None, [IMAGE, "what is it"]),
        ("{question} In a word.", ASKED, None, [IMAGE, "what is it In a word."]),
        ("Look: {image} {question}", ASKED, None, ["Look:", IMAGE, "what is it"]),
        ("Describe it.", {"image": IMAGE}, {"image": "image"}, [IMAGE, "Describe it."]),
        ("{question}", {"question": "why"}, None, ["why"]),
        ("{first} and {second}: {question}", {**ASKED, "image2": OTHER}, TWO,
         [IMAGE, "and", OTHER, ": what is it"]),
        ("{question}", {**ASKED, "image2": OTHER}, TWO, [IMAGE, OTHER, "what is it"]),
        ("{text}", {"image": IMAGE, "text": "a"}, {"image": "image", "text": "text"}, [IMAGE, "a"]),
    ],
    ids=["bare", "tail", "slot", "no-text", "no-image", "interleaved", "in-front", "named-text"],
)  # fmt: skip
def test_a_prompt_becomes_a_turn(
    prompt: str, inputs: dict[str, Any], fields: dict[str, str] | None, expected: list[Any]
) -> None:
    assert parts(prompt, inputs, fields) == expected


def test_braces_in_a_question_are_not_slots() -> None:
    assert parts("{question}", {"question": "what is {image} in {x}?"}) == [
        "what is {image} in {x}?"
    ]


def test_a_slot_that_no_field_fills_is_refused() -> None:
    with pytest.raises(SpecError, match=r"slot \{hint\}"):
        check_prompt(spec(), "{question} {hint}")


def test_nothing_to_ask_is_told() -> None:
    with pytest.raises(
        DataError,
        match=r"sample 1 has caption, but the fields of the task are image, q.*image=NAME",
    ):
        parts("{text}", {"caption": "a"})


def test_views_are_spread_over_clips_and_crops() -> None:
    data = Samples([Sample("1", {"video": FILM}, 0), Sample("2", {"video": FILM}, 1)], ["a", "b"])
    task = spec("classification", {"video": "video"}, options=ClassificationOptions(Views(2, 3)))
    looks = Classification(task).requests(data, 0)["sample"].contents
    assert looks[:6] == [View(FILM, clip, 2, crop, 3) for clip in (0, 1) for crop in (0, 1, 2)]
    assert len(looks) == 12


def classified(
    targets: list[Any], logits: Any, failures: dict[int, str], views: Views
) -> Sequence[Any]:
    data = Samples([Sample(str(i), {"image": IMAGE}, t) for i, t in enumerate(targets)], ["a", "b"])
    answers = {"sample": VectorOutputs(np.asarray(logits, np.float32), failures, ["B", "c", "A"])}
    task = spec("classification", {"image": "image"}, options=ClassificationOptions(views))
    return Classification(task).values(data, answers)


@given(st.lists(st.floats(-30, 30), min_size=12, max_size=12))
def test_probabilities_are_averaged_over_views(numbers: list[float]) -> None:
    logits = np.array(numbers, np.float32).reshape(4, 3)
    found = classified([0, 1], logits, {}, Views(2, 1))
    for i, scores in enumerate(found):
        each = [np.exp(view.astype(float)[[2, 0]]) for view in logits[2 * i : 2 * i + 2]]
        expected = np.mean([powers / powers.sum() for powers in each], axis=0)
        assert np.allclose(scores, expected, rtol=1e-12, atol=0)


def test_the_highest_probability_of_the_views_counts_where_the_task_says_so() -> None:
    """The sigmoid rises everywhere, so that the logit of the highest probability is the highest."""
    data = Samples(
        [Sample("1", {"video": FILM}, [0]), Sample("2", {"video": FILM}, [])], ["a", "b"]
    )
    logits = np.array([[2, -1], [0, 3], [-5, 1], [-4, 0]], np.float32)
    answers = {"sample": VectorOutputs(logits, {}, ["a", "b"])}
    task = spec(
        "classification", {"video": "video"}, options=ClassificationOptions(Views(2, 1, "max"))
    )
    found = Classification(task).values(data, answers)
    assert np.array_equal(found, [[2, 3], [-4, 1]])
    assert "2x1:max" in Classification(task).signature(data)


def test_the_scores_of_one_view_are_what_the_model_returned() -> None:
    (scores,) = classified([[0, 1]], [[0.0, 9.0, 2.0]], {}, Views())
    assert scores.tolist() == [2.0, 0.0]


def test_a_sample_fails_with_any_of_its_views() -> None:
    answers = {
        "sample": VectorOutputs(np.zeros((4, 3), np.float32), {3: "late", 2: "torn"}, ["A", "B"])
    }
    data = Samples([Sample(i, {"image": IMAGE}, 0) for i in "pq"], ["a", "b"])
    task = spec("classification", {"image": "image"})
    assert Classification(task).failures(data, answers) == [("q", "torn")]


def test_zero_shot_is_the_mean_of_templates_made_of_length_one() -> None:
    images, words = unit_vectors(3, 5, 0), unit_vectors(4, 5, 1)
    task = spec("zero_shot", {"image": "image"}, options=ZeroShotOptions(["a {}.", "one {c}"]))
    data = Samples([Sample(str(i), {"image": IMAGE}, 0) for i in range(3)], ["cat", "dog"])
    asked = ZeroShot(task).requests(data, 0)["class"]
    assert list(asked.contents) == ["a cat.", "one cat", "a dog.", "one dog"]
    answers = {
        "sample": VectorOutputs(images.astype(np.float32), {1: "gone"}),
        "class": VectorOutputs(words.astype(np.float32), {}),
    }
    found = ZeroShot(task).values(data, answers)
    for i in (0, 2):
        for j in (0, 1):
            mean = (words[2 * j] + words[2 * j + 1]) / 2
            expected = 100 * images[i] @ mean / np.linalg.norm(mean)
            assert found[i][j] == pytest.approx(expected, abs=1e-4)
    assert found[1] == InvalidContent("gone")


def test_templates_of_the_data_serve_where_the_task_has_none() -> None:
    data = Samples([Sample("1", {"image": IMAGE}, 0)], ["cat"], templates=["see {}"])
    task = spec("zero_shot", {"image": "image"})
    assert list(ZeroShot(task).requests(data, 0)["class"].contents) == ["see cat"]
    with pytest.raises(SpecError, match="neither the task nor its data has templates"):
        ZeroShot(task).requests(Samples(data.samples, ["cat"]), 0)


def test_an_option_that_could_not_be_rated_fails_its_sample_alone() -> None:
    target = {"answer": "A", "options": ["x", "y"]}
    data = Samples([Sample(i, {"question": "q"}, target) for i in "pqr"])
    vectors = np.array([[-9, 1], [-1, 1], [-1, 1], [0, 0], [-6, 3], [-5, 2]], np.float32)
    answers = {"option": VectorOutputs(vectors, {3: "torn"})}
    task = spec("choice", {"question": "question"}, options=ChoiceOptions(choose="likelihood"))
    first, second, third = Choice(task).values(data, answers)
    assert (first, second.reason, third) == ("B", "torn", "A")
    assert Choice(task).failures(data, answers) == [("q", "torn")]


def test_a_broken_reference_fails_its_sample_alone() -> None:
    """Options whose right one is unclear are not rated, and the sample is reported as failed."""
    fine = Sample("p", {"question": "q"}, {"answer": "A", "options": ["x", "y"]})
    unclear = Sample(
        "q", {"question": "q", "options": InvalidContent("two")}, InvalidContent("two")
    )
    data = Samples([unclear, fine])
    task = spec("choice", {"question": "question"}, options=ChoiceOptions(choose="likelihood"))
    assert len(Choice(task).requests(data, 0)["option"].contents) == 2
    answers = {"option": VectorOutputs(np.array([[-9, 1], [-1, 1]], np.float32), {})}
    (found,) = Choice(task).predictions(data, answers).directions[""]
    assert [(p.id, p.value, p.error, p.target) for p in found] == [
        ("q", None, "two", None),
        ("p", "B", None, fine.target),
    ]
    assert Choice(task).failures(data, answers) == [("q", "two")]
    (given,) = Choice(task).accept(data, Outputs(values={"p": "A", "q": "A"})).directions[""]
    assert [(p.value, p.error) for p in given] == [(None, "two"), ("A", None)]
    for who in Choice.baselines:
        (blind,) = Choice(task).baseline(who, data, 0).directions[""]
        assert [p.error for p in blind] == ["two", None]


def test_the_hash_of_data_does_not_depend_on_where_a_broken_reference_lies() -> None:
    """A reason names a file; two copies of the data have one hash."""
    here, there = (Samples([Sample("a", {}, InvalidContent(where))]) for where in ("/a/x", "/b/x"))
    assert here.targets_hash() == there.targets_hash()


def test_a_drawing_has_the_seed_of_its_id_and_of_the_run() -> None:
    rows = [Sample(i, {"text": "a cat"}) for i in "abc"]
    task = spec("drawing", {"prompt": "text"})
    seeds = [s.seed for s in Drawing(task).requests(Samples(rows), 0)["sample"].contents]
    shuffled = Samples(rows[::-1])
    assert [s.seed for s in Drawing(task).requests(shuffled, 0)["sample"].contents] == seeds[::-1]
    assert (
        len({*seeds, *(s.seed for s in Drawing(task).requests(shuffled, 1)["sample"].contents)})
        == 6
    )


def test_a_seed_is_of_use_only_where_something_is_drawn_by_chance() -> None:
    assert GenerationConfig().seeded(7) == GenerationConfig()
    assert GenerationConfig(temperature=0.5, seed=1).seeded(7).seed == 8
