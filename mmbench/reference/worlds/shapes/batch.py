"""Training batches of augmented scenes of the shapes world, from the training split only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mmbench.reference.worlds.shapes.augment import augment_pairs
from mmbench.reference.worlds.shapes.draw import draw
from mmbench.reference.worlds.shapes.retrieval import (
    CaptionedScene,
    training_minimal_pair,
    training_scene,
)
from mmbench.reference.worlds.shapes.scene import Scene


def training_batch(
    seed: int,
    step: int,
    images: int,
    size: int,
    augmentations: Sequence[str] = (),
    minimal_pairs: bool = False,
) -> tuple[NDArray[np.float32], list[str]]:
    """Return images float32 [images, size, size, 3] in 0 to 1, and one caption of each.

    A function of its arguments alone; `step` counts from 1 and a step never shows an image of
    another. The images are varied as `augment` does, after the pairs are in the `augmentations` of
    `augment_pairs`. With `minimal_pairs` every second image is the twin of the one before it
    (`training_minimal_pair`), which one word tells apart, and their captions are of one kind.
    """
    rng = np.random.default_rng([seed, step])
    first = (step - 1) * images
    scenes_and_captions = (
        _minimal_pairs(seed, first, images) if minimal_pairs else _scenes(seed, first, images)
    )
    kinds = rng.integers(0, 5, images)
    kinds = np.repeat(kinds[::2], 2)[:images] if minimal_pairs else kinds
    texts = [captions[k] for (_, captions), k in zip(scenes_and_captions, kinds, strict=True)]
    scenes = [scene for scene, _ in scenes_and_captions]
    drawn, texts = augment_pairs(drawings(scenes, size), texts, scenes, augmentations, rng)
    return augment(drawn, rng), texts


def _scenes(seed: int, first: int, number: int) -> list[CaptionedScene]:
    return [training_scene(seed, first + i) for i in range(number)]


def _minimal_pairs(seed: int, first: int, number: int) -> list[CaptionedScene]:
    pairs = (training_minimal_pair(seed, first + i) for i in range(0, number, 2))
    return [captioned for pair in pairs for captioned in pair][:number]


def drawings(scenes: Sequence[Scene], size: int) -> NDArray[np.uint8]:
    """Return drawings of the scenes, uint8 [n, size, size, 3]."""
    return np.stack([draw(scene, size) for scene in scenes])


def augmented_drawings(
    scenes: Sequence[Scene], size: int, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return drawings of the scenes, [n, size, size, 3], augmented by `augment`."""
    return augment(drawings(scenes, size), rng)


def augment(images: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.float32]:
    """Shift by up to 1/32 of the side, change each channel by up to 8 %, add noise of 1 %.

    uint8 [n, size, size, 3] becomes float32 in 0 to 1. Captions stay true: all objects move
    together, and by less than half a radius.
    """
    n, size, _, _ = images.shape
    shift = rng.integers(-(size // 32), size // 32 + 1, (2, n, 1))
    rows, columns = np.clip(np.arange(size) + shift, 0, size - 1)
    moved = images[np.arange(n)[:, None, None], rows[:, :, None], columns[:, None, :]]
    gain = rng.uniform(0.92, 1.08, (n, 1, 1, 3)).astype(np.float32)
    noise = rng.standard_normal(images.shape, np.float32) * np.float32(0.01)
    augmented: NDArray[np.float32] = np.clip(moved * (gain / 255) + noise, 0, 1)
    return augmented
