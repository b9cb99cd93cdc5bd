"""Training of the reference fusion classifiers.

A classifier tells which of an image, an audio clip and a sentence shows a different number than the
other two, or that all three numbers agree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmbench.reference.objectives.tensors import normalise
from mmbench.reference.training.family import Family, Objective
from mmbench.reference.worlds.fusion.batch import trio_batch
from mmbench.reference.worlds.fusion.scene import ANSWERS, NUMBERS, trio_at

if TYPE_CHECKING:
    from torch import Tensor

    from mmbench.reference.checkpoints.families import TrainedFusion
    from mmbench.reference.training.recipe import Recipe, Stage

_VOCABULARY_TRIOS = 500


def _fresh(recipe: Recipe) -> TrainedFusion:
    from mmbench.reference.architectures.fusion import Config, Fusion
    from mmbench.reference.checkpoints.families import TrainedFusion
    from mmbench.reference.checkpoints.trained_model import build_config
    from mmbench.reference.tokens.words import Words

    trios = (trio_at("train", recipe.seed, index) for index in range(_VOCABULARY_TRIOS))
    words = Words.from_texts(trio.sentence for trio in trios)
    sizes = {"vocabulary": len(words.words), "classes": len(ANSWERS), "values": len(NUMBERS)}
    config = build_config(Config, {**recipe.architecture, **sizes})
    return TrainedFusion(Fusion(config), ANSWERS, words)


def _batch(checkpoint: TrainedFusion, stage: Stage, seed: int, step: int) -> tuple[Tensor, ...]:
    """Return the tensors of a step.

    The inputs are pixels [n, 3, size, size], spectrograms [n, t, bands] and the token ids of the
    sentences [n, tokens]. The targets are the class indices of the answers [n], and the numbers
    that image, audio and sentence show, minus 1 [n, 3].
    """
    import torch

    from mmbench.reference.architectures.mel import log_mel
    from mmbench.reference.tokens.words import pad_ids

    config = checkpoint.model.config
    trios = trio_batch(seed, step, stage.batch, config.image_size)
    images = normalise(torch.from_numpy(trios.images), checkpoint.mean, checkpoint.std)
    mel = log_mel(torch.from_numpy(trios.sounds), config.mel)
    tokens = pad_ids([checkpoint.words.encode(text, config.context) for text in trios.sentences])
    return images, mel, tokens, torch.from_numpy(trios.differs), torch.from_numpy(trios.numbers) - 1


def _number_loss(checkpoint: TrainedFusion, batch: tuple[Tensor, ...]) -> Tensor:
    """Return the cross-entropy of the number that each input shows, averaged over inputs."""
    from torch.nn.functional import cross_entropy

    *inputs, _, numbers = batch
    logits = checkpoint.model.value_logits(checkpoint.model.features(*inputs))
    return cross_entropy(logits.flatten(0, 1), numbers.flatten())


def _joint_loss(checkpoint: TrainedFusion, batch: tuple[Tensor, ...]) -> Tensor:
    """Return the cross-entropy of the answer plus the loss of the numbers (`_number_loss`)."""
    from torch.nn.functional import cross_entropy

    *inputs, answers, numbers = batch
    features = checkpoint.model.features(*inputs)
    number_loss = cross_entropy(
        checkpoint.model.value_logits(features).flatten(0, 1), numbers.flatten()
    )
    return number_loss + cross_entropy(checkpoint.model.class_logits(features), answers)


FAMILY = Family(
    _fresh,
    {
        "numbers": Objective(_batch, _number_loss),
        "classification": Objective(_batch, _joint_loss),
    },
)
