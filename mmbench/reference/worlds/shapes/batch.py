"""Training batches of augmented images with captions, from the training split only."""

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
    """Return images, float32 [images, size, size, 3] from 0 to 1, and a caption for each.

    The batch depends on the arguments only; `step` counts from 1, and no image occurs in two steps.
    First the pairs are augmented by `augmentations` (`augment_pairs`), then the images by
    `augment`. With `minimal_pairs`, every second scene differs in one word from the scene before it
    (`training_minimal_pair`), and the captions of the two scenes are of the same kind.
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
    """Draw scenes as images, uint8 [n, size, size, 3]."""
    return np.stack([draw(scene, size) for scene in scenes])


def augmented_drawings(
    scenes: Sequence[Scene], size: int, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Draw scenes as images [n, size, size, 3] and augment them by `augment`."""
    return augment(drawings(scenes, size), rng)


def augment(images: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.float32]:
    """Shift images by up to 1/32 of the side, scale each channel by up to 8 %, add 1 % noise.

    uint8 [n, size, size, 3] becomes float32 from 0 to 1. Captions stay true, since all objects move
    together and by less than half a radius.
    """
    n, size, _, _ = images.shape
    shift = rng.integers(-(size // 32), size // 32 + 1, (2, n, 1))
    rows, columns = np.clip(np.arange(size) + shift, 0, size - 1)
    moved = images[np.arange(n)[:, None, None], rows[:, :, None], columns[:, None, :]]
    gain = rng.uniform(0.92, 1.08, (n, 1, 1, 3)).astype(np.float32)
    noise = rng.standard_normal(images.shape, np.float32) * np.float32(0.01)
    augmented: NDArray[np.float32] = np.clip(moved * (gain / 255) + noise, 0, 1)
    return augmented
