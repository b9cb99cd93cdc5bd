"""Training of the reference CLIP: contrastive, on images and their captions.

Pairs are given or mined. In mining, images and captions are unpaired: the model matches them by
retrieval, and learns from its own matches.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmbench.reference.objectives.tensors import model_loss, normalise
from mmbench.reference.training.family import Family, Objective
from mmbench.reference.training.recipe import StageOptions, parse_options
from mmbench.reference.worlds.shapes.augment import AUGMENTATIONS
from mmbench.reference.worlds.shapes.batch import training_batch
from mmbench.reference.worlds.shapes.retrieval import training_scene

if TYPE_CHECKING:
    from torch import Tensor

    from mmbench.reference.checkpoints.families import TrainedClip
    from mmbench.reference.training.recipe import Recipe, Stage

_VOCABULARY_SCENES = 2000


def _fresh(recipe: Recipe) -> TrainedClip:
    from mmbench.reference.architectures.clip import CLIP, Config
    from mmbench.reference.checkpoints.families import TrainedClip
    from mmbench.reference.tokens.words import Words

    scenes = (training_scene(recipe.seed, index) for index in range(_VOCABULARY_SCENES))
    words = Words.from_texts(text for _, texts in scenes for text in texts)
    return TrainedClip(CLIP(Config(len(words.words), **recipe.architecture)), words)


class PairOptions(StageOptions, frozen=True):
    """Options for images and captions.

    `augment` lists augmentations of pairs (`worlds.shapes.augment`); `twins` adds a scene that
    differs in one word to each scene (`worlds.shapes.batch`).
    """

    augment: tuple[str, ...] = ()
    twins: bool = False

    def __post_init__(self) -> None:
        for name in self.augment:
            if name not in AUGMENTATIONS:
                raise ValueError(f"augment: {name!r} is not one of {', '.join(AUGMENTATIONS)}")


def _batch(checkpoint: TrainedClip, stage: Stage, seed: int, step: int) -> tuple[Tensor, ...]:
    """Return images [n, 3, size, size] and ids [n, t] of captions.

    The stage has `PairOptions`.
    """
    import torch

    from mmbench.reference.tokens.words import pad_ids

    config = checkpoint.model.config
    options = parse_options(stage, PairOptions)
    images, texts = training_batch(
        seed, step, stage.batch, config.image_size, options.augment, options.twins
    )
    pixels = normalise(torch.from_numpy(images), checkpoint.mean, checkpoint.std)
    return pixels, pad_ids([checkpoint.words.encode(text, config.context) for text in texts])


def _mined_loss(checkpoint: TrainedClip, batch: tuple[Tensor, ...]) -> Tensor:
    """Return the loss of pairs that the model mines; the true pairing is not used.

    A pair is an image and a caption that are mutual nearest neighbours. Others of the batch are
    left out, since a wrong pair costs more than a missing one.
    """
    import torch

    images, tokens = batch
    with torch.no_grad():
        similar = checkpoint.model.encode_image(images) @ checkpoint.model.encode_text(tokens).T
        rows, columns = mutual_nearest(similar)
    loss: Tensor = checkpoint.model(images[rows], tokens[columns])
    return loss


def mutual_nearest(similar: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mutually highest rows and columns of [n, m], int64 [k] each."""
    import torch

    columns, rows = similar.argmax(1), similar.argmax(0)
    chosen = (rows[columns] == torch.arange(len(similar), device=similar.device)).nonzero()[:, 0]
    return chosen, columns[chosen]


FAMILY = Family(
    _fresh,
    {
        "contrastive": Objective(_batch, model_loss, PairOptions),
        "mined": Objective(_batch, _mined_loss, PairOptions),
    },
)
