"""Batches of the shapes world for training: scenes of no other split, each a little varied."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mmbench.data.shapes import training_scene
from mmbench.data.shapes_augment import varied_pairs
from mmbench.data.shapes_draw import draw
from mmbench.data.shapes_scene import Scene


def training_batch(
    seed: int, step: int, images: int, size: int, ways: Sequence[str] = ()
) -> tuple[NDArray[np.float32], list[str]]:
    """Images float32 [images, size, size, 3] in 0 to 1, and one of the five captions of each.

    A function of its arguments alone; `step` counts from 1 and a step never shows an image of
    another. The images are varied as `augment` does, after the pairs are in the `ways` of
    `varied_pairs`, whose errors it raises.
    """
    rng = np.random.default_rng([seed, step])
    told = [training_scene(seed, (step - 1) * images + i) for i in range(images)]
    texts = [said[k] for (_, said), k in zip(told, rng.integers(0, 5, images), strict=True)]
    scenes = [scene for scene, _ in told]
    drawn, texts = varied_pairs(drawings(scenes, size), texts, scenes, ways, rng)
    return augment(drawn, rng), texts


def drawings(scenes: Sequence[Scene], size: int) -> NDArray[np.uint8]:
    """The scenes drawn, uint8 [n, size, size, 3]."""
    return np.stack([draw(scene, size) for scene in scenes])


def varied(scenes: Sequence[Scene], size: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """The scenes drawn, [n, size, size, 3], and varied as `augment` does."""
    return augment(drawings(scenes, size), rng)


def augment(images: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.float32]:
    """Shift by up to 1/32 of the side, change each channel by up to 8 %, add noise of 1 %.

    uint8 [n, size, size, 3] to float32 in 0 to 1. Captions stay true: all things move together and
    by less than half a radius.
    """
    n, size, _, _ = images.shape
    shift = rng.integers(-(size // 32), size // 32 + 1, (2, n, 1))
    rows, columns = np.clip(np.arange(size) + shift, 0, size - 1)
    moved = images[np.arange(n)[:, None, None], rows[:, :, None], columns[:, None, :]]
    gain = rng.uniform(0.92, 1.08, (n, 1, 1, 3)).astype(np.float32)
    noise = rng.standard_normal(images.shape, np.float32) * np.float32(0.01)
    varied: NDArray[np.float32] = np.clip(moved * (gain / 255) + noise, 0, 1)
    return varied
