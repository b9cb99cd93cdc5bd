"""The reference video model: names motions, and embeds videos and texts."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mmbench.models.support.videos import pictures
from mmbench.reference.adapters.clip import square_of
from mmbench.types import Frames, Modality, Role

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from mmbench.types import Array, Clip


class VideoNano:
    """Loads a folder that `mmbench train video-nano` wrote; by default the packaged one.

    `labels` and `frames` are the checkpoint's. `device` is cpu, cuda or cuda:N; `dtype` is float32,
    bfloat16 or float16 (what comes out is float32 in any case). Raises ModelError when the folder
    is not such a checkpoint.
    """

    modalities: frozenset[Modality] = frozenset({"text", "video"})
    version = 1
    default_checkpoint: str | None = str(files("mmbench.reference") / "weights" / "video-nano")

    def __init__(self, folder: Path | None, *, device: str, dtype: str) -> None:
        import torch

        from mmbench.reference.checkpoints.families import VideoSpecimen
        from mmbench.reference.checkpoints.folder import read_checkpoint

        checkpoint = read_checkpoint(Path(folder or str(self.default_checkpoint)), VideoSpecimen)
        self._words, self._config = checkpoint.words, checkpoint.model.config
        self._mean, self._std = (
            np.array(values, np.float32) for values in (checkpoint.mean, checkpoint.std)
        )
        self.labels = list(checkpoint.labels)
        self.frames = Frames(self._config.frames)
        self._device, self._dtype = device, getattr(torch, dtype)
        self._model = checkpoint.model.to(device, self._dtype)

    def prepare(self, item: str | Clip, modality: Modality) -> list[int] | Array:  # noqa: ARG002
        """A text to a list of ids, cut to the context; a clip to float32 [3, t, size, size]."""
        if isinstance(item, str):
            return self._words.encode(item, self._config.context)
        return self._pixels(item)

    def _pixels(self, clip: Clip) -> NDArray[np.float32]:
        squares = [square_of(picture, self._config.size) for picture in pictures(clip.frames)]
        pixels = np.stack([np.asarray(square, np.float32) for square in squares]) / 255
        return np.ascontiguousarray(((pixels - self._mean) / self._std).transpose(3, 0, 1, 2))

    def embed(self, items: Sequence[Any], modality: Modality, role: Role) -> Array:  # noqa: ARG002
        """What `prepare` returned for n items to unit vectors, float32 [n, d]."""
        import torch

        from mmbench.reference.tokens.words import padded

        with torch.inference_mode():
            if modality == "text":
                vectors = self._model.encode_text(padded(items).to(self._device))
            else:
                vectors = self._model.encode_video(self._batch(items))
        return vectors.cpu().numpy()

    def classify(self, items: Sequence[Array], modality: Modality) -> Array:  # noqa: ARG002
        """What `prepare` returned for n clips to logits, float32 [n, c] in the order of labels."""
        import torch

        with torch.inference_mode():
            logits = self._model.classify(self._batch(items))
        return logits.float().cpu().numpy()

    def _batch(self, items: Sequence[Array]) -> Tensor:
        import torch

        return torch.from_numpy(np.stack(items)).to(self._device, self._dtype)
