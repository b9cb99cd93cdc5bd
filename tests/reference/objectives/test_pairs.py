"""Pairs of images and captions that are varied together, and pairs that a model finds itself."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from mmbench.reference.objectives.clip import mutual_nearest
from mmbench.reference.training import train
from mmbench.reference.training.family import find_family
from mmbench.reference.training.recipe import parse_recipe
from mmbench.reference.worlds.chance import chance
from mmbench.reference.worlds.shapes.augment import (
    AUGMENTATIONS,
    augment_pairs,
    mirror,
    mirror_text,
)
from mmbench.reference.worlds.shapes.batch import drawings, training_batch
from mmbench.reference.worlds.shapes.captions import captions
from mmbench.reference.worlds.shapes.objects import SceneObject
from mmbench.reference.worlds.shapes.reader import read_picture
from mmbench.reference.worlds.shapes.retrieval import training_minimal_pair, training_scene
from mmbench.reference.worlds.shapes.words import parse_caption

SCENES = [training_scene(0, index) for index in range(40)]


def pairs(ways: Sequence[str], kind: int = 0, seed: int = 0) -> tuple[np.ndarray, list[str]]:
    scenes = [scene for scene, _ in SCENES]
    texts = [told[kind] for _, told in SCENES]
    return augment_pairs(drawings(scenes, 96), texts, scenes, ways, np.random.default_rng(seed))


# --- mirrors ------------------------------------------------------------------------------------


@settings(max_examples=60)
@given(st.integers(0, 10**6))
def test_a_mirrored_scene_is_told_by_mirrored_words(index: int) -> None:
    """Told anew, the mirrored scene has the words of the old caption, left and right exchanged."""
    scene, _ = training_scene(0, index)
    assert mirror(mirror(scene)) == scene
    if len(scene.objects) == 1:  # several may be told in another order
        told, other = (captions(it, chance("told", index)) for it in (scene, mirror(scene)))
        assert [mirror_text(text) for text in told] == other


def test_words_that_only_contain_a_side_stay() -> None:
    text = "a bright leftover at the top left, to the right of a star"
    assert mirror_text(text) == "a bright leftover at the top right, to the left of a star"


def test_what_is_mirrored_is_still_what_the_words_say() -> None:
    """By the reader of pictures: every thing is where the caption says. A moon looks otherwise."""
    images, texts = pairs(["flip"])
    _, before = pairs([])
    turned = [text != old for text, old in zip(texts, before, strict=True)]
    assert 5 < sum(turned) < 30
    for image, text in zip(images, texts, strict=True):
        wanted = parse_caption(text)
        if not any(thing.shape == "moon" for thing in wanted):
            assert tuple(sorted(read_picture(image))) == wanted, text


def test_nothing_is_mirrored_into_another_split() -> None:
    scenes = [scene for scene, _ in (training_scene(0, index) for index in range(300))]
    foreign = [scene for scene in scenes if mirror(scene).split != "train"]
    assert len(foreign) > 30
    texts = ["on the left"] * len(foreign)
    images = drawings(foreign, 32)
    same, said = augment_pairs(images, texts, foreign, ["flip"], np.random.default_rng(0))
    assert (same == images).all() and said == texts


# --- colours and crops --------------------------------------------------------------------------


def test_colours_change_only_where_none_is_named() -> None:
    images, texts = pairs(["recolour"], kind=4)  # a glance: either colours or sizes and shapes
    plain, _ = pairs([], kind=4)
    for image, old, text in zip(images, plain, texts, strict=True):
        if "something" in text:
            assert (image == old).all()
        assert (np.sort(image, -1) == np.sort(old, -1)).all()
    changed = [(image != old).any() for image, old in zip(images, plain, strict=True)]
    assert 5 < sum(changed) < 30


def test_a_crop_leaves_what_is_said_true() -> None:
    images, texts = pairs(["zoom"])
    plain, _ = pairs([])
    assert (images != plain).any((1, 2, 3)).mean() > 0.8
    right = [
        tuple(sorted(read_picture(image))) == parse_caption(text)
        for image, text in zip(images, texts, strict=True)
    ]
    assert np.mean(right) > 0.9  # nearest pixels make edges rough


def test_a_batch_is_varied_and_still_a_function_of_its_step() -> None:
    once, again = (training_batch(0, 3, 8, 64, list(AUGMENTATIONS)) for _ in range(2))
    assert (once[0] == again[0]).all() and once[1] == again[1]
    assert once[1] != training_batch(0, 3, 8, 64)[1]


# --- mined pairs --------------------------------------------------------------------------------


def naive(similar: Tensor) -> list[tuple[int, int]]:
    rows, columns = similar.shape
    return [
        (i, j)
        for i in range(rows)
        for j in range(columns)
        if all(similar[i, j] >= similar[i, k] for k in range(columns))
        and all(similar[i, j] >= similar[k, j] for k in range(rows))
    ]


@settings(max_examples=50)
@given(st.integers(1, 7), st.integers(1, 7), st.integers(0, 1000))
def test_mutual_nearest_are_highest_in_row_and_column(n: int, m: int, seed: int) -> None:
    similar = torch.randn(n, m, generator=torch.Generator().manual_seed(seed))
    found = [tensor.tolist() for tensor in mutual_nearest(similar)]
    assert list(zip(*found, strict=True)) == naive(similar)
    assert len(found[0]) >= 1


def test_which_caption_was_whose_does_not_count(tmp_path: Path) -> None:
    """Of captions in another order the model finds the same pairs, and learns the same."""
    recipe = parse_recipe(
        {
            "model": "clip-nano",
            "family": "clip",
            "architecture": {f"{part}_layers": 1 for part in ("image", "text")},
            "stages": [
                {"name": "known", "objective": "contrastive", "steps": 2, "batch": 16},
                {"name": "mined", "objective": "mined", "steps": 2, "batch": 16},
            ],
        },
        "small",
    )
    family = find_family(recipe)
    torch.manual_seed(0)
    checkpoint = family.fresh(recipe)
    mined = family.objectives["mined"]
    images, tokens = mined.batch(checkpoint, recipe.stages[1], 0, 1)
    order = torch.randperm(16, generator=torch.Generator().manual_seed(1))
    losses = [mined.loss(checkpoint, (images, tokens[some])) for some in (torch.arange(16), order)]
    torch.testing.assert_close(*losses)
    assert losses[0].requires_grad
    assert train(recipe, tmp_path / "run").name == "step-4"


# --- twins --------------------------------------------------------------------------------------


@settings(max_examples=150)
@given(st.integers(0, 10**6))
def test_a_twin_differs_in_one_word_and_every_caption_says_so(index: int) -> None:
    (scene, texts), (other, others) = training_minimal_pair(3, index)
    assert (scene, texts[0]) == (training_scene(3, index)[0], training_scene(3, index)[1][0])
    assert scene.split == other.split == "train"
    pairs = [*zip(scene.objects, other.objects, strict=True)]
    changes = [old != new for pair in pairs for old, new in zip(*pair, strict=True)]
    assert sum(changes) == 1
    moved = [old != new for old, new in zip(scene.spots, other.spots, strict=True)]
    assert sum(moved) <= 1 and scene.background == other.background
    assert len({thing[3:] for thing in other.objects}) == len(other.objects)
    assert parse_caption(others[0]) == other.objects
    for text, told in zip(texts, others, strict=True):
        words = [*zip(text.split(), told.split(), strict=True)]
        assert 1 <= sum(one != two for one, two in words) <= 2, "two for `a red` and `an orange`"


def test_any_aspect_is_what_tells_a_twin_apart() -> None:
    counts = Counter[str]()
    for index in range(600):
        (scene, _), (other, _) = training_minimal_pair(0, index)
        ((old, new),) = (
            pair for pair in zip(scene.objects, other.objects, strict=True) if len(set(pair)) == 2
        )
        counts.update(
            name for name in SceneObject._fields if getattr(old, name) != getattr(new, name)
        )
    assert set(counts) == {"size", "colour", "shape"}
    assert min(counts.values()) > 120, "a third each, but for sizes that another split holds"


def test_a_batch_of_twins_is_neighbours_told_in_one_way() -> None:
    images, texts = training_batch(0, 3, 7, 64, minimal_pairs=True)
    assert images.shape == (7, 64, 64, 3) and len(texts) == 7
    for at in range(0, 6, 2):
        (_, ours), (_, theirs) = training_minimal_pair(0, 14 + at)
        assert (texts[at], texts[at + 1]) in list(zip(ours, theirs, strict=True))
    assert texts[6] in training_minimal_pair(0, 20)[0][1]


def test_a_stage_asks_for_twins() -> None:
    stage = {"name": "pairs", "objective": "contrastive", "steps": 1, "batch": 8}
    layers = {f"{part}_layers": 1 for part in ("image", "text")}
    recipe = parse_recipe(
        {
            "model": "clip-nano",
            "family": "clip",
            "architecture": layers,
            "stages": [{**stage, "options": {"twins": True}}, stage],
        },
        "small",
    )
    family = find_family(recipe)
    checkpoint = family.fresh(recipe)
    twins, others = (
        family.objectives["contrastive"].batch(checkpoint, stage, 0, 1)[1]
        for stage in recipe.stages
    )
    assert ((twins[::2] != twins[1::2]).sum(1) <= 2).all()
    assert not ((others[::2] != others[1::2]).sum(1) <= 2).any()
