"""Training of the prefix model: what it starts from, what each stage moves, what a stop leaves."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mmbench.errors import UserError
from mmbench.reference.checkpoints.families import TrainedClip, TrainedPrefix
from mmbench.reference.checkpoints.folder import read_checkpoint
from mmbench.reference.objectives.language import load_start
from mmbench.reference.tokens.turns import IMAGE
from mmbench.reference.training import Recipe, read_recipe, train
from mmbench.reference.training.family import find_family
from mmbench.reference.training.recipe import parse_recipe
from tests.support.training import assert_resumed_equals, losses_of

pytestmark = pytest.mark.usefixtures("one_thread")

RATES = {"projector": 3e-3, "language": 3e-3}
STAGES: list[dict[str, Any]] = [
    {"name": "captions", "objective": "captions", "rates": {"language": 3e-3}},
    {"name": "descriptions", "objective": "descriptions", "rates": RATES},
    {"name": "talks", "objective": "conversations", "rates": RATES},
]


def small(steps: int = 2, **other: Any) -> Recipe:
    raw = {
        "model": "prefix-nano",
        "family": "prefix",
        "every": 100,
        "architecture": {"context": 160, "width": 32, "layers": 1, "heads": 2, "prefix": 4},
        "start": {"vision": "clip-nano"},
        "stages": [{**stage, "steps": steps, "batch": 4, "warm_up": 1} for stage in STAGES],
    }
    return parse_recipe({**raw, **other}, "small")


def state(folder: Path) -> dict[str, torch.Tensor]:
    return read_checkpoint(folder, TrainedPrefix).model.state_dict()


@pytest.mark.slow
def test_it_sees_what_clip_nano_sees() -> None:
    fresh = find_family(small()).fresh(small())
    clip = load_start(small(), "vision", TrainedClip)
    assert isinstance(fresh, TrainedPrefix)
    images = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    model = fresh.model
    vectors = model.image_projection(model.vision(images))
    unit = torch.nn.functional.normalize(vectors, dim=-1)
    torch.testing.assert_close(unit, clip.model.encode_image(images))
    assert (fresh.mean, fresh.std) == (clip.mean, clip.std)


def test_a_start_that_names_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"start names no vision; give `start: \{vision: clip-nano"):
        train(small(start={}), tmp_path / "run")


@pytest.mark.slow
def test_an_image_is_a_prefix_in_its_batches() -> None:
    recipe = small()
    family = find_family(recipe)
    ids, labels, images, _ = family.objectives["descriptions"].batch(
        family.fresh(recipe), recipe.stages[1], 0, 1
    )
    assert ids.shape == labels.shape
    assert images.shape == (4, 3, 64, 64)
    assert (ids == IMAGE).sum(1).tolist() == [4] * 4


@pytest.mark.slow
def test_each_stage_trains_its_parts_and_the_eyes_are_left_as_they_were(tmp_path: Path) -> None:
    """And a run that was stopped and resumed ends with the same bytes."""
    last = train(small(), tmp_path / "whole")
    eyes = ("vision", "image_projection")
    fresh = find_family(small()).fresh(small()).model.half().float().state_dict()
    states = [state(tmp_path / "whole" / f"step-{n}") for n in (2, 4, 6)]
    for name in fresh:
        told, described, talked = (each[name] for each in states)
        if name.startswith(eyes):
            assert torch.equal(fresh[name], talked), name
        else:
            assert not torch.equal(told, described), name
            assert not torch.equal(described, talked), name
    assert_resumed_equals(last, small(), tmp_path / "halves")


@pytest.mark.slow
def test_every_stage_lowers_its_loss(tmp_path: Path) -> None:
    losses = losses_of(small(12), tmp_path / "run")
    for stage in range(3):
        part = losses[12 * stage : 12 * stage + 12]
        assert np.mean(part[-3:]) < np.mean(part[:3]), STAGES[stage]["name"]


def test_the_shipped_recipe_leaves_the_eyes_alone() -> None:
    recipe = read_recipe("prefix-nano")
    assert recipe.start == {"vision": "clip-nano"}
    for stage in recipe.stages:
        assert set(stage.rates) <= {"projector", "language"}
