"""How the reference CLIP is trained: images and their captions, told apart from all others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mmbench.data.shapes import training_scene
from mmbench.data.shapes_batch import training_batch
from mmbench.train.family import Family, Objective

if TYPE_CHECKING:
    from torch import Tensor

    from mmbench.nano.clip_specimen import ClipSpecimen
    from mmbench.train.recipe import Recipe, Stage

_VOCABULARY_SCENES = 2000


def _fresh(recipe: Recipe) -> ClipSpecimen:
    from mmbench.nano.clip import CLIP, Config
    from mmbench.nano.clip_specimen import ClipSpecimen
    from mmbench.nano.tokens import Words

    scenes = (training_scene(recipe.seed, index) for index in range(_VOCABULARY_SCENES))
    words = Words.of(text for _, texts in scenes for text in texts)
    return ClipSpecimen(CLIP(Config(len(words.words), **recipe.architecture)), words)


def _batch(specimen: ClipSpecimen, stage: Stage, seed: int, step: int) -> tuple[Tensor, ...]:
    """Images [n, 3, size, size] and ids [n, t] of captions."""
    import torch

    from mmbench.nano.tokens import padded

    config = specimen.model.config
    images, texts = training_batch(seed, step, stage.batch, config.image_size)
    mean, std = (np.array(value, np.float32) for value in (specimen.mean, specimen.std))
    image = torch.from_numpy((images - mean) / std).permute(0, 3, 1, 2).contiguous()
    return image, padded([specimen.words.encode(text, config.context) for text in texts])


def _loss(specimen: ClipSpecimen, batch: tuple[Tensor, ...]) -> Tensor:
    loss: Tensor = specimen.model(*batch)
    return loss


FAMILY = Family(_fresh, {"contrastive": Objective(_batch, _loss)})
