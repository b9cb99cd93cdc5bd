"""Training batches of moving shapes, from the training split only."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mmbench.reference.worlds.motion.captions import KINDS
from mmbench.reference.worlds.motion.draw import draw_film
from mmbench.reference.worlds.motion.scene import MOTIONS
from mmbench.reference.worlds.motion.sources import training_film


class FilmBatch(NamedTuple):
    """n films, each with a caption and the index of its motion class.

    `films` are RGB, uint8 [n, 16, size, size, 3]; `motions` are int64 [n].
    """

    films: NDArray[np.uint8]
    texts: list[str]
    motions: NDArray[np.int64]


def film_batch(seed: int, step: int, videos: int, size: int) -> FilmBatch:
    """Return the training batch of a step, counted from 1; it depends on the arguments only.

    No film occurs in two steps.
    """
    rng = np.random.default_rng([seed, step])
    drawn = [training_film(seed, (step - 1) * videos + i) for i in range(videos)]
    which = rng.integers(0, len(KINDS), videos)
    return FilmBatch(
        np.stack([draw_film(film, size) for film, _ in drawn]),
        [texts[k] for (_, texts), k in zip(drawn, which, strict=True)],
        np.array([MOTIONS.index(film.motion) for film, _ in drawn]),
    )
