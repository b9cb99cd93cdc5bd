"""Training of the multimodal GPT: first the VQ-VAEs of images and audio, then the GPT."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmbench.reference.objectives.unified_batch import (
    Shares,
    image_tensors,
    mixed_batch,
    sound_tensors,
)
from mmbench.reference.training.family import Family, Objective
from mmbench.reference.worlds.numbers.batch import spoken_batch, training_clips
from mmbench.reference.worlds.shapes.retrieval import training_scene
from mmbench.reference.worlds.shapes.talk import IMAGE, training_talks

if TYPE_CHECKING:
    from torch import Tensor

    from mmbench.reference.checkpoints.families import TrainedUnified
    from mmbench.reference.training.recipe import Recipe, Stage

_VOCABULARY_SCENES = 1000
_VOCABULARY = 512
_ROWS = 4


def _fresh(recipe: Recipe) -> TrainedUnified:
    from mmbench.reference.architectures.gpt import Config, UnifiedModel
    from mmbench.reference.checkpoints.families import TrainedUnified
    from mmbench.reference.checkpoints.trained_model import build_config
    from mmbench.reference.tokens.bpe import Bpe

    bpe = Bpe.train(_texts(recipe.seed), _VOCABULARY)
    config = build_config(Config, {**recipe.architecture, "text": len(bpe)})
    return TrainedUnified(UnifiedModel(config), bpe)


def _texts(seed: int) -> list[str]:
    """Return the texts about the first training scenes, and all transcripts of training clips."""
    scenes = range(_VOCABULARY_SCENES)
    captions = [text for i in scenes for text in training_scene(seed, i)[1]]
    talks = [turn["value"] for i in scenes for talk in training_talks(seed, i)[1] for turn in talk]
    spoken = [piece.text for voice in training_clips(8000).values() for piece in voice]
    return [*captions, *(text.replace(IMAGE, "") for text in talks), *spoken]


def _images(checkpoint: TrainedUnified, stage: Stage, seed: int, step: int) -> tuple[Tensor, ...]:
    first = (step - 1) * stage.batch
    scenes = [training_scene(seed, first + i)[0] for i in range(stage.batch)]
    return (image_tensors(checkpoint, scenes),)


def _sounds(checkpoint: TrainedUnified, stage: Stage, seed: int, step: int) -> tuple[Tensor, ...]:
    rate = checkpoint.model.config.mel.rate
    return sound_tensors(checkpoint, spoken_batch(seed, step, stage.batch, rate))


def _image_loss(checkpoint: TrainedUnified, batch: tuple[Tensor, ...]) -> Tensor:
    loss: Tensor = checkpoint.model.images(*batch)
    return loss


def _sound_loss(checkpoint: TrainedUnified, batch: tuple[Tensor, ...]) -> Tensor:
    loss: Tensor = checkpoint.model.sounds(*batch)
    return loss


def _mixed_loss(checkpoint: TrainedUnified, batch: tuple[Tensor, ...]) -> Tensor:
    """Return the average of two means: the loss over learnt text tokens and over image codes.

    An image has 64 codes but an answer only one or two words, so images would dominate a mean over
    all tokens. Only a few rows are computed at a time, so that short conversations are not padded
    to the longest conversation of the batch.
    """
    import torch

    from mmbench.reference.tokens.mixed import PAD, TokenKind

    gpt = checkpoint.model.gpt
    ids, learnt, branch_ids, *media = batch
    filled = checkpoint.model.fill_codes(ids, *media)
    log_likelihoods = []
    for group in zip(
        *(torch.split(rows, _ROWS) for rows in (filled, learnt, branch_ids)), strict=True
    ):
        longest = int((group[0] != PAD).sum(1).max())
        log_likelihoods.append(gpt.log_likelihoods(*(part[:, :longest] for part in group)))
    log_likelihood = torch.cat(log_likelihoods)
    is_image = gpt.kind_of(filled[:, 1:][learnt[:, 1:]]) == TokenKind.IMAGE
    return -torch.stack(
        [log_likelihood[mask].mean() for mask in (is_image, ~is_image) if bool(mask.any())]
    ).mean()


FAMILY = Family(
    _fresh,
    {
        "image-codes": Objective(_images, _image_loss),
        "sound-codes": Objective(_sounds, _sound_loss),
        "conversations": Objective(mixed_batch, _mixed_loss, Shares),
    },
)
