"""Few-shot examples: which samples precede a question, in which form, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mmbench.datasets import Samples
from mmbench.errors import DataError, SpecError
from mmbench.kinds.choice import Choice, ChoiceOptions
from mmbench.kinds.conversation import PromptOptions
from mmbench.kinds.few_shot import reference_answer
from mmbench.kinds.writing import Writing
from mmbench.types import ContinuationRequest, InvalidContent, Media, Message, Sample, TaskSpec
from tests.support.media.images import save_image


def task(kind: str, options: PromptOptions) -> TaskSpec:
    fields = {"image": "image", "question": "question"}
    return TaskSpec("t", kind, {}, fields, ["m"], "m", options=options)


def writing(few_shot: int, **more: Any) -> Writing:
    return Writing(task("writing", PromptOptions("{question}?", few_shot=few_shot, **more)))


def sample(ident: str, target: object = "", group: str = "", **inputs: Any) -> Sample:
    return Sample(ident, {"question": f"q{ident}", **inputs}, target or f"a{ident}", group)


def asked(kind: Writing, data: Samples) -> list[list[tuple[str, Any]]]:
    """Return role and only part of each turn."""
    contents = kind.requests(data, 0)["sample"].contents
    return [[(turn.role, turn.parts[0]) for turn in turns] for turns in contents]


def preceding(kind: Writing, data: Samples) -> dict[str, list[str]]:
    """Return the ids of the examples by the id of the sample that they precede."""
    return {
        turns[-1][1][1:-1]: [text[1:-1] for role, text in turns[:-1] if role == "user"]
        for turns in asked(kind, data)
    }


def test_examples_precede_the_question_as_turns() -> None:
    data = Samples([sample("1"), sample("2")])
    assert asked(writing(1), data) == [
        [("user", "q2?"), ("assistant", "a2"), ("user", "q1?")],
        [("user", "q1?"), ("assistant", "a1"), ("user", "q2?")],
    ]


def test_without_examples_there_is_the_question_alone() -> None:
    data = Samples([sample("1"), sample("2")])
    assert asked(writing(0), data) == [[("user", "q1?")], [("user", "q2?")]]


def test_a_sample_never_precedes_itself_and_the_others_share_their_examples() -> None:
    ids = [str(i) for i in range(40)]
    found = preceding(writing(3), Samples([sample(i) for i in ids]))
    assert found.keys() == set(ids)
    assert all(len(examples) == 3 and ident not in examples for ident, examples in found.items())
    drawn = {ident for examples in found.values() for ident in examples}
    assert len(drawn) == 4
    assert len({tuple(found[ident]) for ident in ids if ident not in drawn}) == 1


def test_the_order_of_the_data_has_no_effect_and_the_seed_has_one() -> None:
    samples = [sample(str(i)) for i in range(40)]
    forward = preceding(writing(3), Samples(samples))
    assert preceding(writing(3), Samples(samples[::-1])) == forward
    assert preceding(writing(3, few_shot_seed=1), Samples(samples)) != forward


def test_a_question_never_follows_a_sample_of_its_group() -> None:
    samples = [sample(str(i), group=f"g{i // 4}") for i in range(20)]
    groups = {one.id: one.group for one in samples}
    for ident, examples in preceding(writing(3), Samples(samples)).items():
        assert len({groups[one] for one in [ident, *examples]}) == 4


def test_samples_that_cannot_be_solved_are_no_examples(tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n")
    sound = Media("image", str(save_image(tmp_path / "a.png", 90, (8, 6))))
    data = Samples(
        [
            sample("missing", image=Media("image", str(tmp_path / "none.png"))),
            sample("broken", image=Media("image", str(broken))),
            sample("invalid", image=InvalidContent("no such file")),
            sample("unclear", InvalidContent("two answers")),
            sample("empty", [" "]),
            sample("fine", image=sound),
            sample("other"),
        ]
    )
    drawn = {one for examples in preceding_texts(data) for one in examples}
    assert drawn == {"qfine?", "qother?"}


def preceding_texts(data: Samples) -> list[list[str]]:
    contents = writing(1).requests(data, 0)["sample"].contents
    turns = [[turn for turn in one[:-1] if turn.role == "user"] for one in contents]
    return [[turn.parts[-1] for turn in one] for one in turns]


def test_media_of_an_example_are_in_its_turn(tmp_path: Path) -> None:
    image = Media("image", str(save_image(tmp_path / "a.png", 90, (8, 6))))
    data = Samples([sample("1", image=image), sample("2")])
    requests = writing(1).requests(data, 0)["sample"]
    assert requests.modality == "image"
    assert requests.contents[1] == (
        Message("user", (image, "q1?")),
        Message("assistant", ("a1",)),
        Message("user", ("q2?",)),
    )


def test_examples_of_other_data_precede_every_sample() -> None:
    """They are no samples of the task, whatever their ids and groups are."""
    data = Samples([sample("1", group="g")], examples=[sample("1", "b1", "g"), sample("2", "b2")])
    kind = writing(2, few_shot_data={"split": "train"})
    assert {text for role, text in asked(kind, data)[0] if role == "assistant"} == {"b1", "b2"}


@pytest.mark.parametrize(
    ("choose", "answer"), [("letter", "B"), ("likelihood", "dog")], ids=["letter", "likelihood"]
)
def test_the_answer_of_a_choice_has_the_form_that_is_asked_for(choose: Any, answer: str) -> None:
    target = {"answer": "B", "options": ["cat", "dog"]}
    options = ChoiceOptions("{question}", few_shot=1, choose=choose)
    kind = Choice(task("choice", options))
    requests = kind.requests(Samples([sample("1", target), sample("2", target)]), 0)
    (content,) = {name: one.contents[0] for name, one in requests.items()}.values()
    turns = content.conversation if isinstance(content, ContinuationRequest) else content
    assert turns == (
        Message("user", ("q2",)),
        Message("assistant", (answer,)),
        Message("user", ("q1",)),
    )


@pytest.mark.parametrize(
    ("target", "answer"),
    [
        ("a dog", "a dog"),
        (["dog", "cat", "cat"], "dog"),
        ([], ""),
        (7, "7"),
        (None, ""),
        (InvalidContent("x"), ""),
        ({"answer": "C", "options": ["x", "y", "z"]}, "C"),
        ({"alternatives": ["i've", [["um"], []], "seen"]}, "i've um seen"),
    ],
)
def test_the_answer_of_an_example(target: object, answer: str) -> None:
    assert reference_answer(target) == answer


def test_too_few_samples_are_refused() -> None:
    same_group = Samples([sample(str(i), group="one image") for i in range(9)])
    for data, found in ((Samples([sample("1"), sample("2")]), 2), (same_group, 1)):
        message = f"few_shot: 2 needs 3 samples of different groups .* the data has {found};"
        with pytest.raises(DataError, match=message):
            writing(2).requests(data, 0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (PromptOptions(few_shot=-1), "few_shot is -1; give 0 or more"),
        (
            PromptOptions(few_shot_seed=3),
            "few_shot_seed has no effect without few_shot; add few_shot",
        ),
        (PromptOptions(few_shot_data={"split": "train"}), "few_shot_data has no effect without"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: PromptOptions, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        Writing(task("writing", options))
