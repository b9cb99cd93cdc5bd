"""Training of the fusion classifiers: its batches, what it learns, and what survives a stop."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from mmbench.reference.checkpoints.families import TrainedFusion
from mmbench.reference.tokens.words import UNKNOWN
from mmbench.reference.training import read_recipe, train
from mmbench.reference.training.family import find_family
from mmbench.reference.training.recipe import Recipe, parse_recipe
from mmbench.reference.worlds.fusion.scene import ANSWERS, DECK, trio_at
from tests.support.training import assert_resumed_equals, descend, stage_batch

WAYS = ("early", "late", "hybrid")


def small(fusion: str = "early", **more: Any) -> Recipe:
    sizes = {"width": 16, "layers": 2, "heads": 2, "convolutions": [4, 8], "context": 16}
    stages = [
        {"name": "a", "objective": "numbers", "steps": 3, "batch": 4},
        {"name": "b", "objective": "classification", "steps": 3, "batch": 4, "warm_up": 1},
    ]
    asked = {"model": "fusion-nano", "family": "fusion", "every": 2, "stages": stages}
    return parse_recipe({**asked, "architecture": {"fusion": fusion, **sizes}, **more}, "small")


@pytest.fixture(scope="module")
def checkpoint() -> TrainedFusion:
    torch.manual_seed(0)
    found = find_family(small()).fresh(small())
    assert isinstance(found, TrainedFusion)
    return found


def batch(checkpoint: TrainedFusion, step: int) -> tuple[Tensor, ...]:
    return stage_batch(small(), checkpoint, 1, step)


@pytest.mark.slow
def test_every_word_of_the_world_is_known_and_nothing_is_cut(checkpoint: TrainedFusion) -> None:
    told = [trio_at(split, 0, index) for split in ("train", "test") for index in range(600, 1200)]
    for sentence in {trio.sentence for trio in told}:
        ids = checkpoint.words.encode(sentence, 99)
        assert UNKNOWN not in ids
        assert len(ids) <= checkpoint.model.config.context
    assert checkpoint.labels == ANSWERS


def test_a_batch_is_a_function_of_seed_and_step(checkpoint: TrainedFusion) -> None:
    once, again, other = batch(checkpoint, 2), batch(checkpoint, 2), batch(checkpoint, 3)
    assert all(torch.equal(a, b) for a, b in zip(once, again, strict=True))
    assert not torch.equal(once[0], other[0])
    images, mel, tokens, answers, numbers = once
    assert (images.shape, mel.shape, len(tokens)) == ((4, 3, 64, 64), (4, 100, 40), 4)
    for row, index in enumerate(range(4, 8)):
        assert (int(answers[row]), tuple((numbers[row] + 1).tolist())) == DECK[index]


def test_the_shipped_recipes_differ_in_the_way_to_fuse_alone() -> None:
    names = {"early": "fusion-nano", "late": "fusion-nano-late", "hybrid": "fusion-nano-hybrid"}
    recipes = {way: read_recipe(name) for way, name in names.items()}
    for way, recipe in recipes.items():
        assert recipe.architecture == {**recipes["early"].architecture, "fusion": way}
        assert recipe.stages == recipes["early"].stages


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("fusion", WAYS)
def test_two_halves_equal_one_whole(fusion: str, tmp_path: Path) -> None:
    recipe = small(fusion)
    assert_resumed_equals(train(recipe, tmp_path / "whole"), recipe, tmp_path / "halves")


@pytest.mark.slow
@pytest.mark.parametrize("fusion", WAYS)
def test_the_numbers_of_one_batch_are_learnt(fusion: str) -> None:
    torch.manual_seed(0)
    recipe = small(fusion)
    family = find_family(recipe)
    checkpoint = family.fresh(recipe)
    assert isinstance(checkpoint, TrainedFusion)
    loss = family.objectives["numbers"].loss
    tensors = family.objectives["numbers"].batch(checkpoint, recipe.stages[0], 0, 1)
    losses = descend(checkpoint.model, lambda: loss(checkpoint, tensors), steps=25, rate=3e-3)
    assert losses[-1] < losses[0] / 2
