"""How the multimodal GPT is trained: first its tokens of images and sounds, then all it writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmbench.reference.objectives.unified_batch import Shares, heard, mixed, pixels
from mmbench.reference.training.family import Family, Objective
from mmbench.reference.worlds.numbers.batch import pieces, spoken_batch
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
    from mmbench.reference.checkpoints.trained_model import config_of
    from mmbench.reference.tokens.bpe import Bpe

    bpe = Bpe.of(_texts(recipe.seed), _VOCABULARY)
    config = config_of(Config, {**recipe.architecture, "text": len(bpe)})
    return TrainedUnified(UnifiedModel(config), bpe)


def _texts(seed: int) -> list[str]:
    """What is said about the first scenes, and in the clips of numbers."""
    scenes = range(_VOCABULARY_SCENES)
    captions = [text for i in scenes for text in training_scene(seed, i)[1]]
    talks = [turn["value"] for i in scenes for talk in training_talks(seed, i)[1] for turn in talk]
    spoken = [piece.text for voice in pieces(8000).values() for piece in voice]
    return [*captions, *(text.replace(IMAGE, "") for text in talks), *spoken]


def _images(checkpoint: TrainedUnified, stage: Stage, seed: int, step: int) -> tuple[Tensor, ...]:
    first = (step - 1) * stage.batch
    scenes = [training_scene(seed, first + i)[0] for i in range(stage.batch)]
    return (pixels(checkpoint, scenes),)


def _sounds(checkpoint: TrainedUnified, stage: Stage, seed: int, step: int) -> tuple[Tensor, ...]:
    rate = checkpoint.model.config.mel.rate
    return heard(checkpoint, spoken_batch(seed, step, stage.batch, rate))


def _image_loss(checkpoint: TrainedUnified, batch: tuple[Tensor, ...]) -> Tensor:
    loss: Tensor = checkpoint.model.images(*batch)
    return loss


def _sound_loss(checkpoint: TrainedUnified, batch: tuple[Tensor, ...]) -> Tensor:
    loss: Tensor = checkpoint.model.sounds(*batch)
    return loss


def _mixed_loss(checkpoint: TrainedUnified, batch: tuple[Tensor, ...]) -> Tensor:
    """The mean over the words that are learnt and that over the codes of images, half and half.

    An image is 64 codes and an answer a word or two: counted token by token, drawing would drown
    all else. A few rows at a time, so that short conversations are not padded to the longest.
    """
    import torch

    from mmbench.reference.tokens.mixed import PAD, TokenKind

    gpt = checkpoint.model.gpt
    ids, learnt, branches, *named = batch
    filled = checkpoint.model.filled(ids, *named)
    said = []
    for few in zip(*(torch.split(rows, _ROWS) for rows in (filled, learnt, branches)), strict=True):
        longest = int((few[0] != PAD).sum(1).max())
        said.append(gpt.log_likely(*(part[:, :longest] for part in few)))
    likely, drawn = torch.cat(said), gpt.kind_of(filled[:, 1:][learnt[:, 1:]]) == TokenKind.IMAGE
    return -torch.stack([likely[of].mean() for of in (drawn, ~drawn) if bool(of.any())]).mean()


FAMILY = Family(
    _fresh,
    {
        "image-codes": Objective(_images, _image_loss),
        "sound-codes": Objective(_sounds, _sound_loss),
        "conversations": Objective(mixed, _mixed_loss, Shares),
    },
)
