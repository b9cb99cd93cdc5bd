"""Training batches of trios, with augmented images and audio."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mmbench.reference.worlds.fusion.scene import DECK, trio_at
from mmbench.reference.worlds.shapes.batch import augmented_drawings
from mmbench.reference.worlds.sounds.batch import vary
from mmbench.reference.worlds.sounds.make import synthesise


class TrioBatch(NamedTuple):
    """n trios of an image, an audio clip and a sentence, with their targets.

    `images` are float32 [n, size, size, 3] from 0 to 1, and `sounds` float32 [n, SAMPLES] from -1
    to 1. `differs` holds indices of the answers in `ANSWERS`, int64 [n], and `numbers` the numbers
    from 1 to 3 that image, audio and sentence show, int64 [n, 3].
    """

    images: NDArray[np.float32]
    sounds: NDArray[np.float32]
    sentences: list[str]
    differs: NDArray[np.int64]
    numbers: NDArray[np.int64]


def trio_batch(seed: int, step: int, trios: int, size: int) -> TrioBatch:
    """Return the training batch of a step, counted from 1; it depends on the arguments only."""
    rng = np.random.default_rng([seed, step])
    indices = range((step - 1) * trios, step * trios)
    drawn = [trio_at("train", seed, index) for index in indices]
    sounds = np.stack([synthesise(trio.sound) for trio in drawn]).astype(np.float32)
    return TrioBatch(
        augmented_drawings([trio.image for trio in drawn], size, rng),
        vary(sounds / np.float32(32768), rng, shift=400),
        [trio.sentence for trio in drawn],
        np.array([trio.differs for trio in drawn]),
        np.array([DECK[index % len(DECK)][1] for index in indices]),
    )
