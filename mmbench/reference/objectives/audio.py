"""Training of the reference AudioCLIP: first on audio tags, then also on captions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import numpy as np
from msgspec import Meta

from mmbench.reference.objectives.tensors import model_loss
from mmbench.reference.training.family import Family, Objective
from mmbench.reference.training.recipe import StageOptions, parse_options
from mmbench.reference.worlds.sounds.batch import sound_batch
from mmbench.reference.worlds.sounds.scene import SOUNDS
from mmbench.reference.worlds.sounds.sources import training_sounds

if TYPE_CHECKING:
    from torch import Tensor

    from mmbench.reference.checkpoints.families import TrainedAudio
    from mmbench.reference.training.recipe import Recipe, Stage

_VOCABULARY_SCENES = 2000


def _fresh(recipe: Recipe) -> TrainedAudio:
    from mmbench.reference.architectures.audio import AudioCLIP, Config
    from mmbench.reference.checkpoints.families import TrainedAudio
    from mmbench.reference.checkpoints.trained_model import build_config
    from mmbench.reference.tokens.words import Words

    scenes = (training_sounds(recipe.seed, index) for index in range(_VOCABULARY_SCENES))
    words = Words.from_texts(text for _, texts in scenes for text in texts)
    sizes = {"vocabulary": len(words.words), "tags": len(SOUNDS)}
    config = build_config(Config, {**recipe.architecture, **sizes})
    return TrainedAudio(AudioCLIP(config), words, SOUNDS)


class SoundOptions(StageOptions, frozen=True):
    """Stage options for audio.

    `stretch` is the largest relative change of speed, from 0 to below 1.
    """

    stretch: Annotated[float, Meta(ge=0, lt=1)] = 0.0


def _batch(checkpoint: TrainedAudio, stage: Stage, seed: int, step: int) -> tuple[Tensor, ...]:
    """Return the tensors of a step.

    These are spectrograms [n, t, bands], the token ids of captions [n, tokens], and tags [n, tags],
    1 for each tag of a clip, else 0.

    The options of the stage are `SoundOptions`.
    """
    import torch

    from mmbench.reference.architectures.mel import log_mel
    from mmbench.reference.tokens.words import pad_ids

    config = checkpoint.model.config
    sounds, texts, tags = sound_batch(seed, step, stage.batch)
    mel = log_mel(torch.from_numpy(sounds), config.mel)
    if most := parse_options(stage, SoundOptions).stretch:
        by = np.random.default_rng([seed, step, 1]).uniform(-most, most, len(mel))
        mel = stretch_time(mel, torch.from_numpy(1 + by).float())
    tokens = pad_ids([checkpoint.words.encode(text, config.context) for text in texts])
    return mel, tokens, torch.from_numpy(tags)


def stretch_time(mel: Tensor, speeds: Tensor) -> Tensor:
    """Change the speed of spectrograms [n, t, bands] by factors [n] without changing the pitch.

    The length t stays the same: slowed audio is truncated, faster audio is padded with the minimum
    of its spectrogram.
    """
    import torch

    last = mel.shape[1] - 1
    at = torch.arange(last + 1) * speeds[:, None]
    before = at.floor().clamp(max=last).long()
    after, share = (before + 1).clamp(max=last), (at - before)[..., None]
    rows = torch.arange(len(mel))[:, None]
    played = mel[rows, before] * (1 - share) + mel[rows, after] * share
    return torch.where((at > last)[..., None], mel.amin((1, 2))[:, None, None], played)


def _tagging_loss(checkpoint: TrainedAudio, batch: tuple[Tensor, ...]) -> Tensor:
    """Return the binary cross-entropy, averaged over tags and audio clips."""
    from torch.nn.functional import binary_cross_entropy_with_logits

    mel, _, tags = batch
    return binary_cross_entropy_with_logits(checkpoint.model.classify(mel), tags)


FAMILY = Family(
    _fresh,
    {
        "tagging": Objective(_batch, _tagging_loss, SoundOptions),
        # Contrastive loss, plus the tag loss so that the result of the first stage is kept.
        "together": Objective(_batch, model_loss, SoundOptions),
    },
)
