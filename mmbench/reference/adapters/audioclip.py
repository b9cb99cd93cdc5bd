"""The reference AudioCLIP: sounds and texts, and tags of sounds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mmbench.models.support.groups import map_groups
from mmbench.reference.adapters.support import spectrogram
from mmbench.types import Modality, Role, Sound

if TYPE_CHECKING:
    from torch import Tensor

    from mmbench.types import Array


class AudioclipNano:
    """Loads a folder that `mmbench train audioclip-nano` wrote; by default the packaged one.

    A sound is heard whole, at `rate` samples a second; `labels` are the tags it may have, of which
    several may be true. `device` is cpu, cuda or cuda:N; `dtype` is float32, bfloat16 or float16
    (what comes back is float32). Raises ModelError when the folder is not such a checkpoint.
    """

    modalities: frozenset[Modality] = frozenset({"text", "audio"})
    version = 1
    default_checkpoint: str | None = str(files("mmbench.reference") / "weights" / "audioclip-nano")

    def __init__(self, folder: Path | None, *, device: str, dtype: str) -> None:
        import torch

        from mmbench.reference.checkpoints.families import AudioSpecimen
        from mmbench.reference.checkpoints.folder import read_checkpoint

        checkpoint = read_checkpoint(Path(folder or str(self.default_checkpoint)), AudioSpecimen)
        self._words, self.labels = checkpoint.words, list(checkpoint.tags)
        self._config = checkpoint.model.config
        self.rate = self._config.mel.rate
        self._device, self._dtype = device, getattr(torch, dtype)
        self._model = checkpoint.model.to(device, self._dtype)

    def prepare(self, item: str | Sound, modality: Modality) -> list[int] | Array:  # noqa: ARG002
        """A text to a list of ids, cut to the context; a sound to its log-mel [t, bands] float32.

        A sound shorter than one feature of the model is followed by silence.
        """
        if isinstance(item, str):
            return self._words.encode(item, self._config.context)
        return spectrogram(item, self._config.mel, self._config.stride * self._config.mel.hop)

    def embed(self, items: Sequence[Any], modality: Modality, role: Role) -> Array:  # noqa: ARG002
        """What `prepare` returned for n items to unit vectors, float32 [n, d]."""
        import torch

        from mmbench.reference.tokens.words import padded

        if modality == "audio":
            return self._heard(items, self._model.encode_audio)
        with torch.inference_mode():
            return self._model.encode_text(padded(items).to(self._device)).cpu().numpy()

    def classify(self, items: Sequence[Array], modality: Modality) -> Array:  # noqa: ARG002
        """What `prepare` returned for n sounds to logits of `labels`, float32 [n, c]."""
        return self._heard(items, self._model.classify)

    def _heard(self, items: Sequence[Array], forward: Callable[[Tensor], Tensor]) -> Array:
        """What `forward` makes of n spectrograms; those of one length share a forward."""
        import torch

        def rows(same: list[Array]) -> Array:
            mel = torch.from_numpy(np.stack(same)).to(self._device, self._dtype)
            return forward(mel).cpu().numpy()

        with torch.inference_mode():
            return np.stack(map_groups(items, len, rows))
