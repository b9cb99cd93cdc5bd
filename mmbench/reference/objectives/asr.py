"""Training of the reference speech recogniser with CTC on spoken numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmbench.reference.objectives.tensors import log_mel_batch
from mmbench.reference.training.family import Family, Objective
from mmbench.reference.worlds.numbers.batch import spoken_batch

if TYPE_CHECKING:
    from torch import Tensor

    from mmbench.reference.checkpoints.families import TrainedSpeech
    from mmbench.reference.training.recipe import Recipe, Stage


def _fresh(recipe: Recipe) -> TrainedSpeech:
    from mmbench.reference.architectures.speech import Config, Speech
    from mmbench.reference.checkpoints.families import ALPHABET, TrainedSpeech
    from mmbench.reference.checkpoints.trained_model import build_config

    labels = {"labels": len(ALPHABET) + 1}
    return TrainedSpeech(Speech(build_config(Config, {**recipe.architecture, **labels})))


def _batch(checkpoint: TrainedSpeech, stage: Stage, seed: int, step: int) -> tuple[Tensor, ...]:
    """Return the tensors of a step.

    These are spectrograms [n, t, bands], their frame counts [n], the labels of the letters [n,
    most] and the label counts [n].
    """
    import torch

    from mmbench.reference.tokens.words import pad_ids

    mel = checkpoint.model.config.mel
    spoken = spoken_batch(seed, step, stage.batch, mel.rate)
    letters = [checkpoint.encode_letters(piece.text) for piece in spoken]
    lengths = torch.tensor([len(labels) for labels in letters])
    return *log_mel_batch([piece.samples for piece in spoken], mel), pad_ids(letters), lengths


def _loss(checkpoint: TrainedSpeech, batch: tuple[Tensor, ...]) -> Tensor:
    return checkpoint.model.loss(*batch)


FAMILY = Family(_fresh, {"ctc": Objective(_batch, _loss)})
