"""Training of the reference LLaVA: what it starts from, what each stage learns, and from what."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch

from mmbench.errors import ModelError, UserError
from mmbench.reference.architectures.language import UNLEARNT
from mmbench.reference.architectures.llava import LLaVA
from mmbench.reference.checkpoints.families import TrainedClip, TrainedLlava
from mmbench.reference.checkpoints.folder import read_checkpoint
from mmbench.reference.objectives.language import (
    caption_conversation,
    description_conversation,
    load_start,
    to_messages,
)
from mmbench.reference.tokens.packing import OUTSIDE, TRUNK, positions, visibility_mask
from mmbench.reference.tokens.turns import IMAGE as IMAGE_ID
from mmbench.reference.tokens.words import END, PAD
from mmbench.reference.training import Recipe, train
from mmbench.reference.training.family import find_family
from mmbench.reference.training.recipe import parse_recipe
from mmbench.reference.worlds.shapes.scene import scene_at
from mmbench.reference.worlds.shapes.talk import IMAGE, training_talks
from tests.support.training import assert_resumed_equals, losses_of, stage_batch

pytestmark = pytest.mark.usefixtures("one_thread")

STAGES: list[dict[str, Any]] = [
    {"name": "captions", "objective": "captions", "rates": {"language": 3e-3}},
    {"name": "projector", "objective": "descriptions", "rates": {"projector": 3e-3}},
    {
        "name": "talks",
        "objective": "conversations",
        "options": {"talks": 5},
        "rates": {"projector": 1e-3, "language": 3e-3},
    },
]


def small(steps: int = 2, **other: Any) -> Recipe:
    stages = [{**stage, "steps": steps, "batch": 4, "warm_up": 1} for stage in STAGES]
    raw = {
        "model": "llava-nano",
        "family": "llava",
        "every": 100,
        "architecture": {"context": 224, "width": 32, "layers": 1, "heads": 2},
        "start": {"vision": "clip-nano"},
        "stages": stages,
    }
    return parse_recipe({**raw, **other}, "small")


@pytest.fixture(scope="module")
def checkpoint() -> TrainedLlava:
    fresh = find_family(small()).fresh(small())
    assert isinstance(fresh, TrainedLlava)
    return fresh


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("whole") / "run"
    train(small(), out)
    return out


def model_at(folder: Path) -> LLaVA:
    return read_checkpoint(folder, TrainedLlava).model


# --- what it starts from ------------------------------------------------------------------------


@pytest.mark.slow
def test_it_starts_with_the_eyes_of_clip_nano(checkpoint: TrainedLlava) -> None:
    clip = load_start(small(), "vision", TrainedClip)
    ours, theirs = checkpoint.model.vision.state_dict(), clip.model.image.state_dict()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert (checkpoint.mean, checkpoint.std) == (clip.mean, clip.std)


def test_every_word_of_the_world_is_known(checkpoint: TrainedLlava) -> None:
    for index in range(300):
        for turn in (turn for talk in training_talks(7, index)[1] for turn in talk):
            said = checkpoint.words.ids(turn["value"].replace(IMAGE, ""))
            assert 1 not in said, turn["value"]


@pytest.mark.parametrize(
    ("start", "error", "message"),
    [
        ({}, UserError, "start names no vision; give `start: {vision: clip-nano}`"),
        ({"vision": "clip-nan"}, ModelError, "clip-nan/config.json: no such file"),
    ],
)
def test_a_start_that_is_not_there(
    tmp_path: Path, start: dict[str, str], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        train(small(start=start), tmp_path / "run")


# --- batches ------------------------------------------------------------------------------------


def batch(checkpoint: TrainedLlava, stage: int, step: int = 3) -> tuple[torch.Tensor, ...]:
    return stage_batch(small(), checkpoint, stage, step)


def rows(checkpoint: TrainedLlava, learnt: torch.Tensor) -> list[str]:
    """What is learnt of each row, as text, an end as a bar."""
    words = [*checkpoint.words.words]
    words[END] = "|"
    return [" ".join(words[i] for i in row.tolist() if i != UNLEARNT) for row in learnt]


@pytest.mark.parametrize("stage", [0, 1, 2])
def test_a_batch_is_a_function_of_seed_and_step(checkpoint: TrainedLlava, stage: int) -> None:
    once, again, other = (batch(checkpoint, stage, step) for step in (3, 3, 4))
    assert all(torch.equal(a, b) for a, b in zip(once, again, strict=True))
    assert rows(checkpoint, once[1]) != rows(checkpoint, other[1])
    ids, labels, *_ = once
    assert torch.equal(ids[labels != UNLEARNT], labels[labels != UNLEARNT])


def test_captions_alone_are_learnt_whole_and_come_without_images(checkpoint: TrainedLlava) -> None:
    ids, labels, images, _ = batch(checkpoint, 0)
    assert images.shape == (0, 3, 64, 64)
    assert IMAGE_ID not in ids
    for row, said in enumerate(rows(checkpoint, labels)):
        expected = [turn["value"] for turn in caption_conversation(0, 8 + row)[1][0]]
        assert (
            said.split(" | ")[0].split()
            == checkpoint.words.text(checkpoint.words.ids(expected[0]))
            .replace(",", " ,")
            .replace(":", " :")
            .split()
        )
        assert said.count("|") == 5


def test_of_a_description_only_the_description_is_learnt(checkpoint: TrainedLlava) -> None:
    ids, labels, images, branches = batch(checkpoint, 1)
    assert images.shape == (4, 3, 64, 64)
    assert ((ids == IMAGE_ID).sum(1) == 64).all()
    said = description_conversation(0, 8)[1][0][1]["value"].replace(",", " ,")
    assert rows(checkpoint, labels)[0] == f"{said} |"
    assert branches[ids != PAD].eq(TRUNK).all() and branches[ids == PAD].eq(OUTSIDE).all()


def test_of_talks_only_the_answers_are_learnt(checkpoint: TrainedLlava) -> None:
    ids, labels, images, branches = batch(checkpoint, 2)
    assert images.shape == (4, 3, 64, 64)
    assert ((ids == IMAGE_ID).sum(1) == 64).all(), "an image stands once, however many talks"
    for row, said in enumerate(rows(checkpoint, labels)):
        talks = training_talks(0, 8 + row, 5)[1]
        answers = [turn["value"] for talk in talks for turn in talk[1::2]]
        assert said == " | ".join([*answers, ""]).lower().replace(",", " ,").strip()
        assert sorted(set(branches[row].tolist()) - {OUTSIDE}) == list(range(6))


def test_talks_that_are_longer_than_the_context_are_cut(checkpoint: TrainedLlava) -> None:
    short = TrainedLlava(LLaVA(replace(checkpoint.model.config, context=85)), checkpoint.words)
    whole, cut = batch(checkpoint, 2), batch(short, 2)
    assert cut[0].shape[1] < whole[0].shape[1]
    for of, longest in ((whole[3], 160), (cut[3], 85)):
        assert int(positions(visibility_mask(of)).max()) + 1 <= longest
    assert int(positions(visibility_mask(cut[3])).max()) + 1 == 85
    assert torch.isfinite(short.model(*cut))


def test_images_are_those_of_the_scenes_on_the_scale_of_the_tower(checkpoint: TrainedLlava) -> None:
    images = batch(checkpoint, 2)[2]
    for index, image in enumerate(images):
        corner = image[:, 0, 0] * 0.2 + 0.8  # where nothing is drawn there is the background
        background = np.array(scene_at("train", 0, 8 + index).background) / 255
        np.testing.assert_allclose(corner.numpy(), background, atol=0.12)


def test_conversations_become_messages() -> None:
    turns = [
        {"from": "human", "value": "<image>\nWhat is it?"},
        {"from": "gpt", "value": "A star."},
        {"from": "human", "value": "And <image><image>"},
    ]
    assert [(message.role, message.parts) for message in to_messages(turns)] == [
        ("user", (None, "\nWhat is it?")),
        ("assistant", ("A star.",)),
        ("user", ("And ", None, None)),
    ]


@pytest.mark.parametrize("number", [0, "many"])
def test_a_number_of_talks_that_is_none(number: Any) -> None:
    *others, last = small().stages
    stages = [*others, msgspec.structs.replace(last, options={"talks": number})]
    with pytest.raises(UserError, match=r"options of stage talks: Expected `int`.*takes talks"):
        find_family(msgspec.structs.replace(small(), stages=stages))


# --- a run --------------------------------------------------------------------------------------


@pytest.mark.slow
def test_each_stage_trains_its_parts_and_the_tower_is_left_as_it_was(whole: Path) -> None:
    fresh = find_family(small()).fresh(small()).model
    states = [fresh.half().float().state_dict()]
    states += [model_at(whole / f"step-{n}").state_dict() for n in (2, 4, 6)]
    for stage, trained in enumerate((("language",), ("projector",), ("language", "projector"))):
        before, after = states[stage], states[stage + 1]
        if stage == 0:  # the fresh one's random part has been drawn again, from another seed
            before = {name: value for name, value in before.items() if name.startswith("vision")}
        for name, old in before.items():
            assert torch.equal(old, after[name]) != name.startswith(trained), (stage, name)


@pytest.mark.slow
def test_two_halves_end_like_one_whole(whole: Path, tmp_path: Path) -> None:
    assert_resumed_equals(whole / "step-6", small(), tmp_path / "run")


@pytest.mark.slow
def test_every_stage_lowers_its_loss(tmp_path: Path) -> None:
    losses = losses_of(small(12), tmp_path / "run")
    for stage in (0, 1, 2):
        first, last = losses[12 * stage : 12 * stage + 3], losses[12 * stage + 9 : 12 * stage + 12]
        assert np.mean(last) < np.mean(first), STAGES[stage]["name"]
