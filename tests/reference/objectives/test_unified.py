"""Training of the multimodal GPT: what a batch holds, and what each stage trains."""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch

from mmbench.errors import UserError
from mmbench.reference.architectures.gpt import UnifiedModel
from mmbench.reference.checkpoints.families import TrainedUnified
from mmbench.reference.checkpoints.folder import read_checkpoint
from mmbench.reference.tokens.mixed import (
    END,
    MODALITIES,
    NOTHING,
    OPEN,
    PAD,
    SPECIAL_NAMES,
    TokenKind,
)
from mmbench.reference.tokens.packing import TRUNK
from mmbench.reference.training import Recipe, train
from mmbench.reference.training.family import find_family
from mmbench.reference.training.recipe import parse_recipe
from mmbench.reference.worlds.numbers.batch import spoken_batch
from mmbench.reference.worlds.shapes.retrieval import training_scene
from mmbench.reference.worlds.shapes.talk import training_talks
from tests.support.training import losses_of, stage_batch, train_until

pytestmark = pytest.mark.usefixtures("one_thread")

SHARES = {"talks": 2, "descriptions": 1, "drawings": 2, "speech": 1}
CODES = {"number": 32, "code_width": 4, "width": 16, "halvings": 3, "residuals": 1}
SMALL: dict[str, Any] = {
    "model": "unified-nano",
    "family": "unified",
    "every": 100,
    "architecture": {
        "width": 32,
        "layers": 1,
        "heads": 2,
        "image": CODES,
        "sound": {**CODES, "halvings": 2},
    },
    "stages": [
        {"name": "images", "objective": "image-codes", "rates": {"images": 1e-3}},
        {"name": "sounds", "objective": "sound-codes", "rates": {"sounds": 1e-3}},
        {"name": "all", "objective": "conversations", "rates": {"gpt": 1e-3}, "options": SHARES},
    ],
}


def small(**other: Any) -> Recipe:
    stages = [{"steps": 2, "batch": 12, "warm_up": 1, **stage} for stage in SMALL["stages"]]
    return parse_recipe({**SMALL, "stages": stages, **other}, "small")


@pytest.fixture(scope="module")
def checkpoint() -> TrainedUnified:
    fresh = find_family(small()).fresh(small())
    assert isinstance(fresh, TrainedUnified)
    return fresh


def batch(checkpoint: TrainedUnified, stage: int, step: int = 3) -> tuple[torch.Tensor, ...]:
    return stage_batch(small(), checkpoint, stage, step)


def read(checkpoint: TrainedUnified, ids: list[int]) -> str:
    """Tokens as text: marks by their names, runs of codes as one letter each."""
    layout = checkpoint.model.config.layout
    found, run = [], list[int]()
    for token in [*ids, END]:
        if token in layout.ids(TokenKind.TEXT):
            run.append(token - layout.ids(TokenKind.TEXT).start)
            continue
        if run:
            found.append(checkpoint.bpe.decode(run))
            run = []
        codes = {TokenKind.IMAGE: "i", TokenKind.SOUND: "s"}
        kind = next((k for k in codes if token in layout.ids(k)), None)
        found.append(codes[kind] if kind else SPECIAL_NAMES[token])
    return " ".join(found[:-1])


# --- batches ------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("stage", [0, 1, 2])
def test_a_batch_is_a_function_of_seed_and_step(checkpoint: TrainedUnified, stage: int) -> None:
    once, again, other = (batch(checkpoint, stage, step) for step in (3, 3, 4))
    assert all(torch.equal(a, b) for a, b in zip(once, again, strict=True))
    assert not all(
        a.shape == b.shape and torch.equal(a, b) for a, b in zip(once, other, strict=True)
    )


def test_all_that_is_said_of_the_world_is_in_few_tokens(checkpoint: TrainedUnified) -> None:
    """The encoding was made from other scenes, and still no word falls into its letters."""
    for index in range(5000, 5100):
        for text in training_scene(7, index)[1]:
            assert len(checkpoint.bpe.encode(text)) <= len(
                text.replace(",", " ,").replace(":", " :").split()
            )


def test_a_batch_holds_each_kind_by_its_share(checkpoint: TrainedUnified) -> None:
    ids, learnt, of, images, mel, frames = batch(checkpoint, 2)
    assert len(ids) == 12 and images.shape == (10, 3, 64, 64) and len(mel) == len(frames) == 2
    said = [read(checkpoint, row[row != PAD].tolist()) for row in ids]
    picture = " ".join(["<image>", *["i"] * 64, "</image>"])
    for row in range(4):
        talks = training_talks(0, 2 * 4 + row)[1]
        assert said[row].startswith(f"<start> <user> {picture} ")
        for number, talk in enumerate(talks, 1):
            mine = read(checkpoint, ids[row][(of[row] == TRUNK) | (of[row] == number)].tolist())
            asked = talk[0]["value"].removeprefix("<image>\n")
            turns = [f"<text> {turn} </text>" for turn in (asked, *(t["value"] for t in talk[1:]))]
            marks = ["<assistant> {} <end>", "<user> {}"]
            later = " ".join(marks[at % 2].format(turn) for at, turn in enumerate(turns[1:]))
            assert mine == f"<start> <user> {picture} {turns[0]} {later}"
    for row in (4, 5):
        told = training_scene(0, 2 * 2 + row - 4)[1][0]
        assert said[row].endswith(f"<assistant> <text> {told} </text> <end>")
    spoken = spoken_batch(0, 3, 2, 8000)
    for row, piece in zip((10, 11), spoken, strict=True):
        heard = " ".join(["<sound>", *["s"] * -(-(len(piece.samples) // 80) // 4), "</sound>"])
        assert said[row] == f"<start> <user> {heard} <assistant> <text> {piece.text} </text> <end>"
        learns = read(checkpoint, ids[row][learnt[row]].tolist())
        assert learns == f"<text> {piece.text} </text> <end>"


def test_a_drawing_is_learnt_whole_and_now_and_then_without_its_prompt(
    checkpoint: TrainedUnified,
) -> None:
    bare = 0
    for step in range(1, 9):
        ids, learnt, *_ = batch(checkpoint, 2, step)
        for row in range(6, 10):
            told = training_scene(0, (step - 1) * 4 + row - 6)[1][0]
            prompt = read(checkpoint, ids[row][~learnt[row] & (ids[row] != PAD)].tolist())
            if NOTHING in ids[row]:
                bare += 1
                assert "a" not in prompt.replace("assistant", "").replace("start", "").split()
            else:
                assert prompt == f"<start> <user> <text> {told} </text> <assistant>"
            assert learnt[row].sum() == 64 + 3
        assert NOTHING not in ids[:6] and NOTHING not in ids[10:]
    assert 0 < bare < 12


def test_pixels_are_on_the_scale_of_the_model(checkpoint: TrainedUnified) -> None:
    (images,) = batch(checkpoint, 0, 1)
    for index, image in enumerate(images):
        corner = image[:, 0, 0] * 0.2 + 0.8
        background = np.array(training_scene(0, index)[0].background) / 255
        np.testing.assert_allclose(corner.numpy(), background, atol=0.12)


def likely(checkpoint: TrainedUnified, made: tuple[torch.Tensor, ...]) -> torch.Tensor:
    """Of each token that is learnt, all rows at once and padded to the longest."""
    ids, learnt, of, *named = made
    return checkpoint.model.gpt.log_likelihoods(
        checkpoint.model.fill_codes(ids, *named), learnt, of
    )


def test_words_and_codes_of_images_count_alike_however_rows_are_padded(
    checkpoint: TrainedUnified,
) -> None:
    objective, made = find_family(small()).objectives["conversations"], batch(checkpoint, 2)
    ids, learnt, *_ = made
    whole = likely(checkpoint, made)
    codes = torch.isin(
        ids[learnt], torch.tensor(checkpoint.model.config.layout.ids(TokenKind.IMAGE))
    )
    assert codes.sum() == 4 * 64
    expected = -(whole[codes].mean() + whole[~codes].mean()) / 2
    torch.testing.assert_close(objective.loss(checkpoint, made), expected)


def test_without_drawings_words_count_alone(checkpoint: TrainedUnified) -> None:
    options = {"talks": 1, "speech": 1}
    stages = [*small().stages[:2], msgspec.structs.replace(small().stages[2], options=options)]
    recipe = small(stages=msgspec.to_builtins(stages))
    objective = find_family(recipe).objectives["conversations"]
    made = objective.batch(checkpoint, recipe.stages[2], 0, 1)
    torch.testing.assert_close(objective.loss(checkpoint, made), -likely(checkpoint, made).mean())


@pytest.mark.slow
def test_codes_are_made_where_matrices_are_multiplied_in_bfloat16(tmp_path: Path) -> None:
    losses = losses_of(small(bfloat16=True), tmp_path / "run")
    assert len(losses) == 6 and np.isfinite(losses).all()


# --- a run --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("whole") / "run"
    train(small(), out)
    return out


def model_at(folder: Path) -> UnifiedModel:
    return read_checkpoint(folder, TrainedUnified).model


@pytest.mark.slow
def test_each_stage_trains_its_part_and_leaves_the_codes_alone(whole: Path) -> None:
    steps = [model_at(whole / f"step-{step}").state_dict() for step in (2, 4, 6)]
    for earlier, later, part in ((0, 1, "sounds"), (1, 2, "gpt")):
        moved = {
            name.split(".")[0]
            for name in steps[0]
            if not torch.equal(steps[earlier][name], steps[later][name])
        }
        assert moved == {part}
    assert {kind.name for kind in MODALITIES} == {"TEXT", "IMAGE", "SOUND"}
    assert len(OPEN) == 3


@pytest.mark.slow
def test_a_run_that_is_broken_off_ends_with_the_same_bits(whole: Path, tmp_path: Path) -> None:
    """In the stage of sounds, whose codebook is no parameter and must be kept as well."""
    out = tmp_path / "run"
    train_until(5, small(every=1), out)
    train(small(every=1), out, resume=True)
    ours, theirs = model_at(out / "step-6").state_dict(), model_at(whole / "step-6").state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_a_size_that_cannot_be_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="heads 3 does not divide width 32"):
        train(small(architecture={"width": 32, "heads": 3}), tmp_path / "run")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "options of stage all: all shares are 0; give one kind of row a positive share; con"),
        (
            {"talk": 1},
            "unknown field `talk`; conversations takes talks, descriptions, drawings, sp",
        ),
    ],
)
def test_shares_that_say_nothing_are_refused(
    tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    stages = [{"steps": 1, "batch": 4, **SMALL["stages"][2], "options": options}]
    with pytest.raises(UserError, match=message):
        train(small(stages=stages), tmp_path / "run")
