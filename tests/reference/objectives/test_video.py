"""Training of the reference video model: each objective of each tower learns, and resumes."""

from pathlib import Path
from typing import Any

import pytest

from mmbench.errors import UserError
from mmbench.reference.checkpoints.families import TrainedVideo
from mmbench.reference.checkpoints.folder import read_checkpoint
from mmbench.reference.training import Recipe, train
from mmbench.reference.training.recipe import parse_recipe
from mmbench.reference.worlds.motion.scene import MOTIONS
from tests.support.training import assert_resumed_equals, losses_of

pytestmark = pytest.mark.usefixtures("one_thread")

TOWER = {"size": 24, "width": 16, "layers": 1, "heads": 2, "decoder_width": 16, "conv_width": 2}
TEXT = {"text_width": 16, "text_layers": 1, "text_heads": 2, "embedding": 16}
MASKED = {"name": "hidden", "objective": "masked", "steps": 4, "batch": 4, "warm_up": 1}
TOLD = {**MASKED, "name": "told", "objective": "motion-and-text"}


def small(*stages: dict[str, Any], **architecture: Any) -> Recipe:
    recipe = {
        "model": "video-nano",
        "family": "video",
        "every": 2,
        "architecture": {**TOWER, **TEXT, **architecture},
        "stages": list(stages),
    }
    return parse_recipe(recipe, "small")


@pytest.mark.slow
def test_two_halves_equal_one_whole(tmp_path: Path) -> None:
    recipe = small(MASKED, TOLD)
    last = train(recipe, tmp_path / "whole")
    # The checkpoint of step 4 is of the second stage.
    assert_resumed_equals(last, recipe, tmp_path / "halves")
    states = [(tmp_path / run / "state.safetensors").read_bytes() for run in ("whole", "halves")]
    assert states[0] == states[1]
    checkpoint = read_checkpoint(last, TrainedVideo)
    assert checkpoint.labels == MOTIONS
    assert {"clockwise", "star"} <= set(checkpoint.words.words)


@pytest.mark.slow
@pytest.mark.parametrize("tower", ["transformer", "conv3d", "two_stream"])
def test_motions_and_captions_lower_the_loss(tmp_path: Path, tower: str) -> None:
    stage = {**TOLD, "steps": 40, "batch": 8, "rates": {"": 3e-3}}
    losses = losses_of(small(stage, tower=tower), tmp_path / "run")
    assert sum(losses[-8:]) < sum(losses[:8])


def test_hidden_patches_lower_the_loss(tmp_path: Path) -> None:
    stage = {**MASKED, "steps": 30, "rates": {"tower": 3e-3, "decoder": 3e-3}}
    losses = losses_of(small(stage), tmp_path / "run")
    assert sum(losses[-8:]) < 0.9 * sum(losses[:8])


def test_a_baseline_has_nothing_to_hide(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="tower conv3d has no patches to hide; leave out stages"):
        train(small(MASKED, tower="conv3d"), tmp_path / "run")


@pytest.mark.parametrize("field", ["labels", "words"])
def test_a_checkpoint_whose_numbers_do_not_fit(tmp_path: Path, field: str) -> None:
    last = train(small({**TOLD, "steps": 1}), tmp_path / "run")
    described: dict[str, Any] = read_checkpoint(last, TrainedVideo).describe()
    described[field] = list(described[field])[:-1]
    with pytest.raises(ValueError, match=rf"{field}, but its architecture has \d+; write"):
        TrainedVideo.from_description(described)
