"""Contrastive training of the reference CLIP on images and captions.

A stage uses either the true pairs or mined pairs. For mined pairs, the model matches images and
captions by retrieval and learns from its own matches; the true pairs are not used.
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
    """Stage options for images and captions.

    `augment` lists names of augmentations (`worlds.shapes.augment`); with `twins`, each scene is
    followed by a scene whose description differs in one word (`worlds.shapes.batch`).
    """

    augment: tuple[str, ...] = ()
    twins: bool = False

    def __post_init__(self) -> None:
        for name in self.augment:
            if name not in AUGMENTATIONS:
                raise ValueError(f"augment: {name!r} is not one of {', '.join(AUGMENTATIONS)}")


def _batch(checkpoint: TrainedClip, stage: Stage, seed: int, step: int) -> tuple[Tensor, ...]:
    """Return the tensors of a step: images [n, 3, size, size] and token ids of captions [n, t].

    The options of the stage are `PairOptions`.
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
    """Return the contrastive loss of pairs mined by the model, without the true pairs.

    A pair is an image and a caption that are mutual nearest neighbours. The rest of the batch is
    left out, since a wrong pair costs more than a missing pair.
    """
    import torch

    images, tokens = batch
    with torch.no_grad():
        similar = checkpoint.model.encode_image(images) @ checkpoint.model.encode_text(tokens).T
        rows, columns = mutual_nearest(similar)
    loss: Tensor = checkpoint.model(images[rows], tokens[columns])
    return loss


def mutual_nearest(similar: Tensor) -> tuple[Tensor, Tensor]:
    """Return the row and column indices of mutual nearest neighbours, int64 [k] each.

    These are the entries of the similarity matrix `similar` [n, m] that are the maximum of their
    row and of their column.
    """
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
