"""Training batches of augmented audio, from the training split only."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mmbench.reference.worlds.sounds.make import synthesise
from mmbench.reference.worlds.sounds.scene import SOUNDS
from mmbench.reference.worlds.sounds.sources import sound_labels, training_sounds

Samples = NDArray[np.float32]


class SoundBatch(NamedTuple):
    """n audio clips, float32 [n, SAMPLES] from -1 to 1, with a caption and tags for each.

    `tags` are float32 [n, 12]: 1 for each sound that occurs in the clip, else 0.
    """

    sounds: Samples
    texts: list[str]
    tags: Samples


def sound_batch(seed: int, step: int, sounds: int) -> SoundBatch:
    """Return audio augmented by `vary`, with one of the four captions and the tags of each clip.

    The batch depends on the arguments only; `step` counts from 1, and no scene occurs in two steps.
    """
    rng = np.random.default_rng([seed, step])
    scenes = [training_sounds(seed, (step - 1) * sounds + i) for i in range(sounds)]
    texts = [
        captions[k] for (_, captions), k in zip(scenes, rng.integers(0, 4, sounds), strict=True)
    ]
    tags = np.zeros((sounds, len(SOUNDS)), np.float32)
    for row, (scene, _) in enumerate(scenes):
        tags[row, sound_labels(scene)] = 1
    waves = np.stack([synthesise(scene) for scene, _ in scenes]).astype(np.float32)
    return SoundBatch(vary(waves / np.float32(32768), rng, shift=400), texts, tags)


def vary(sounds: Samples, rng: np.random.Generator, *, shift: int) -> Samples:
    """Shift each clip by up to `shift` samples, change its level by up to 6 dB, add noise.

    float32 [n, samples] keeps its shape; samples shifted over an end are lost. Captions stay true,
    since order and pitch do not change, and a long event that loses 50 ms is still long.
    """
    n = len(sounds)
    moves = rng.integers(-shift, shift + 1, n)
    moved = np.zeros_like(sounds)
    for row, by in enumerate(moves):
        first, last = max(0, by), sounds.shape[1] + min(0, by)
        moved[row, first:last] = sounds[row, first - by : last - by]
    gain = np.float32(10) ** rng.uniform(-0.3, 0.3, (n, 1)).astype(np.float32)
    level = np.float32(10) ** rng.uniform(-4, -2.3, (n, 1)).astype(np.float32)
    noise = rng.standard_normal(sounds.shape, np.float32)
    varied: Samples = np.clip(moved * gain + noise * level, -1, 1)
    return varied
