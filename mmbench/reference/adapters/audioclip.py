"""The adapter of the reference AudioCLIP, which embeds audio and texts and predicts audio tags."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mmbench.models.support.groups import map_groups
from mmbench.reference.adapters.support import NanoModel, spectrogram
from mmbench.types import Audio, Modality, Role

if TYPE_CHECKING:
    from torch import Tensor

    from mmbench.reference.checkpoints.families import TrainedAudio
    from mmbench.types import Array


class AudioclipNano(NanoModel):
    """The reference AudioCLIP, which embeds audio and texts and predicts audio tags.

    A clip of any length is processed in one pass, at a sampling rate of `rate` Hz. `labels` are the
    names of the tags; a clip may have several tags.
    """

    name = "audioclip-nano"
    _checkpoint: TrainedAudio
    modalities: frozenset[Modality] = frozenset({"text", "audio"})

    def __init__(self, folder: Path | None, *, device: str, dtype: str) -> None:
        super().__init__(folder, device=device, dtype=dtype)
        self.labels = list(self._checkpoint.tags)
        self.rate = self._checkpoint.model.config.mel.rate

    def prepare(self, item: str | Audio, modality: Modality) -> list[int] | Array:  # noqa: ARG002
        """Return the model inputs of a text or an audio clip.

        A text becomes its token ids, truncated to the context. Audio becomes a log-mel spectrogram,
        float32 [t, bands]. Audio that is too short for one output feature of the encoder is padded
        with silence.
        """
        config = self._checkpoint.model.config
        if isinstance(item, str):
            return self._checkpoint.words.encode(item, config.context)
        return spectrogram(item, config.mel, config.stride * config.mel.hop)

    def embed(self, items: Sequence[Any], modality: Modality, role: Role) -> Array:  # noqa: ARG002
        """Embed n prepared items as unit vectors, float32 [n, d]."""
        import torch

        model = self._checkpoint.model
        if modality == "audio":
            return self._run_grouped(items, model.encode_audio)
        with torch.inference_mode():
            return model.encode_text(self._pad(items)).cpu().numpy()

    def classify(self, items: Sequence[Array], modality: Modality) -> Array:  # noqa: ARG002
        """Return logits of the c `labels` for n prepared audio clips, float32 [n, c]."""
        return self._run_grouped(items, self._checkpoint.model.classify)

    def _run_grouped(self, items: Sequence[Array], forward: Callable[[Tensor], Tensor]) -> Array:
        """Apply `forward` to batches of spectrograms of equal length.

        Return the results of all n spectrograms, in the order of `items`.
        """
        import torch

        def rows(group: list[Array]) -> Array:
            return forward(self._stack(group)).cpu().numpy()

        with torch.inference_mode():
            return np.stack(map_groups(items, len, rows))
