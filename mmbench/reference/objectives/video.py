"""Training of the reference video model: masked patches, then motion classes and captions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mmbench.reference.objectives.tensors import model_loss, normalise
from mmbench.reference.training.family import Family, Objective
from mmbench.reference.worlds.motion.batch import film_batch
from mmbench.reference.worlds.motion.scene import MOTIONS
from mmbench.reference.worlds.motion.sources import training_film

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from mmbench.reference.checkpoints.families import TrainedVideo
    from mmbench.reference.training.recipe import Recipe, Stage

_VOCABULARY_FILMS = 2000
_HIDDEN = 0.75  # less than VideoMAE's 0.9; 4 of the 16 positions of a video stay visible


def _fresh(recipe: Recipe) -> TrainedVideo:
    from mmbench.reference.architectures.video.model import Video
    from mmbench.reference.architectures.video.transformer import Config
    from mmbench.reference.checkpoints.families import TrainedVideo
    from mmbench.reference.tokens.words import Words

    tower = recipe.architecture.get("tower", "transformer")
    if tower != "transformer" and any(stage.objective == "masked" for stage in recipe.stages):
        raise ValueError(
            f"tower {tower} has no patches to hide; leave out stages of the objective `masked`"
        )
    films = (training_film(recipe.seed, index) for index in range(_VOCABULARY_FILMS))
    words = Words.from_texts(text for _, texts in films for text in texts)
    config = Config(len(words.words), **{"classes": len(MOTIONS)} | recipe.architecture)
    return TrainedVideo(Video(config), MOTIONS, words)


def _captioned_batch(
    checkpoint: TrainedVideo, stage: Stage, seed: int, step: int
) -> tuple[Tensor, ...]:
    """Return the tensors of a step.

    These are videos [n, 3, frames, size, size], class indices [n] and token ids of captions [n, t].
    """
    import torch

    from mmbench.reference.tokens.words import pad_ids

    c = checkpoint.model.config
    films, texts, motions = film_batch(seed, step, stage.batch, c.size)
    ids = pad_ids([checkpoint.words.encode(text, c.context) for text in texts])
    return _pixels(checkpoint, films), torch.from_numpy(motions), ids


def _masked_batch(
    checkpoint: TrainedVideo, stage: Stage, seed: int, step: int
) -> tuple[Tensor, ...]:
    """Return the tensors of a step: videos [n, 3, frames, size, size]."""
    films = film_batch(seed, step, stage.batch, checkpoint.model.config.size).films
    return (_pixels(checkpoint, films),)


def _pixels(checkpoint: TrainedVideo, films: NDArray[np.uint8]) -> Tensor:
    import torch

    return normalise(torch.from_numpy(films) / 255, checkpoint.mean, checkpoint.std)


def _masked_loss(checkpoint: TrainedVideo, batch: tuple[Tensor, ...]) -> Tensor:
    (videos,) = batch
    return checkpoint.model.pretraining_loss(videos, _HIDDEN)


FAMILY = Family(
    _fresh,
    {
        "masked": Objective(_masked_batch, _masked_loss),
        "motion-and-text": Objective(_captioned_batch, model_loss),
    },
)
