"""Shared helpers of the objectives: normalised pixels, spectrograms and the model's loss."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

    from mmbench.reference.architectures.mel import Mel
    from mmbench.reference.checkpoints.trained_model import TrainedModel
    from mmbench.types import Array


def normalise(images: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """Map RGB from 0 to 1, float32 [n, …, 3], to (RGB - mean) / std, float32 [n, 3, …]."""
    import torch

    return ((images - torch.tensor(mean)) / torch.tensor(std)).movedim(-1, 1).contiguous()


def log_mel_batch(sounds: Sequence[Array], mel: Mel) -> tuple[Tensor, Tensor]:
    """Return log-mel spectrograms [n, t, bands], padded at the end, and frame counts [n]."""
    import torch
    from torch.nn.utils.rnn import pad_sequence

    from mmbench.reference.architectures.mel import log_mel

    spectrograms = [log_mel(torch.from_numpy(samples), mel) for samples in sounds]
    if not spectrograms:
        return torch.empty(0, 0, mel.bands), torch.empty(0, dtype=torch.int64)
    return pad_sequence(spectrograms, True), torch.tensor([len(frames) for frames in spectrograms])


def model_loss(checkpoint: TrainedModel[Any], batch: tuple[Tensor, ...]) -> Tensor:
    """Return the loss of a batch, which the model itself computes."""
    loss: Tensor = checkpoint.model(*batch)
    return loss
