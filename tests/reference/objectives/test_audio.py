"""Training of the audio models: what is interrupted and resumed ends with the same bytes."""

from pathlib import Path
from typing import Any

import pytest
import torch

from mmbench.reference.objectives.audio import stretch_time
from mmbench.reference.training import train
from mmbench.reference.training.family import find_family
from mmbench.reference.training.recipe import parse_recipe
from tests.support.training import assert_resumed_equals

AUDIO = {
    "model": "audioclip-nano",
    "family": "audio",
    "every": 2,
    "architecture": {
        "mel": {"hop": 256},
        "widths": [4, 8, 16],
        "heads": 2,
        "layers": 1,
        "text_width": 16,
        "text_heads": 2,
        "text_layers": 1,
    },
    "stages": [
        {"name": "a", "objective": "tagging", "steps": 3, "batch": 4, "rates": {"audio": 1e-3}},
        {"name": "b", "objective": "together", "steps": 3, "batch": 4},
    ],
}
ASR = {
    "model": "asr-nano",
    "family": "asr",
    "every": 2,
    "architecture": {"mel": {"hop": 160}, "width": 16, "layers": 1, "heads": 2},
    "stages": [{"name": "a", "objective": "ctc", "steps": 5, "batch": 4, "warm_up": 2}],
}


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("recipe", [AUDIO, ASR], ids=["audio", "asr"])
def test_two_halves_equal_one_whole(recipe: dict[str, Any], tmp_path: Path) -> None:
    made = parse_recipe(recipe, "small")
    assert_resumed_equals(train(made, tmp_path / "whole"), made, tmp_path / "halves")


# --- time ---------------------------------------------------------------------------------------


def test_a_stretched_sound_is_slower_or_faster_at_its_pitch() -> None:
    mel = torch.zeros(3, 20, 4)
    mel[:, 10, 2] = 1  # one event of one pitch
    played = stretch_time(mel, torch.tensor([1.0, 2.0, 0.5]))
    torch.testing.assert_close(played[0], mel[0])
    assert played[1].nonzero().tolist() == [[5, 2]]
    assert played[2, :, 2].tolist() == [0] * 19 + [0.5]
    assert played.shape == mel.shape and not played[..., [0, 1, 3]].any()


def test_what_follows_a_shortened_sound_is_silence() -> None:
    mel = torch.rand(1, 30, 4) - 2
    played = stretch_time(mel, torch.tensor([1.5]))
    assert (played[0, 20:] == mel.min()).all()
    assert (played[0, :19] > mel.min()).any()


def test_a_recipe_may_ask_for_stretched_sounds() -> None:
    stages = [{**AUDIO["stages"][0], "options": {"stretch": 0.07}}]  # type: ignore[dict-item]
    plain_recipe, recipe = parse_recipe(AUDIO, "a"), parse_recipe({**AUDIO, "stages": stages}, "b")
    family = find_family(recipe)
    torch.manual_seed(0)
    checkpoint = family.fresh(recipe)
    make = family.objectives["tagging"].batch
    plain, varied = (make(checkpoint, s.stages[0], 0, 1) for s in (plain_recipe, recipe))
    assert plain[0].shape == varied[0].shape
    assert not torch.equal(plain[0], varied[0])
    assert all(torch.equal(a, b) for a, b in zip(plain[1:], varied[1:], strict=True))
    assert torch.equal(varied[0], make(checkpoint, recipe.stages[0], 0, 1)[0])
