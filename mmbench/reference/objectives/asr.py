"""How the reference speech recogniser is trained: spoken numbers, letter by letter, by CTC."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmbench.reference.objectives.tensors import spectra
from mmbench.reference.training.family import Family, Objective
from mmbench.reference.worlds.numbers.batch import spoken_batch

if TYPE_CHECKING:
    from torch import Tensor

    from mmbench.reference.checkpoints.families import SpeechSpecimen
    from mmbench.reference.training.recipe import Recipe, Stage


def _fresh(recipe: Recipe) -> SpeechSpecimen:
    from mmbench.reference.architectures.speech import Config, Speech
    from mmbench.reference.checkpoints.families import ALPHABET, SpeechSpecimen
    from mmbench.reference.checkpoints.specimen import config_of

    labels = {"labels": len(ALPHABET) + 1}
    return SpeechSpecimen(Speech(config_of(Config, {**recipe.architecture, **labels})))


def _batch(specimen: SpeechSpecimen, stage: Stage, seed: int, step: int) -> tuple[Tensor, ...]:
    """Spectrograms [n, t, bands], their frames [n], labels [n, most] and their number [n]."""
    import torch

    from mmbench.reference.tokens.words import padded

    mel = specimen.model.config.mel
    spoken = spoken_batch(seed, step, stage.batch, mel.rate)
    said = [specimen.labels_of(piece.text) for piece in spoken]
    lengths = torch.tensor([len(labels) for labels in said])
    return *spectra([piece.samples for piece in spoken], mel), padded(said), lengths


def _loss(specimen: SpeechSpecimen, batch: tuple[Tensor, ...]) -> Tensor:
    return specimen.model.loss(*batch)


FAMILY = Family(_fresh, {"ctc": Objective(_batch, _loss)})
