"""The adapter of the reference video model, which classifies motions and embeds videos."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mmbench.models.support.videos import frame_images
from mmbench.reference.adapters.support import NanoModel, crop_square, normalise_pixels
from mmbench.types import Frames, Modality, Role

if TYPE_CHECKING:
    from mmbench.reference.checkpoints.families import TrainedVideo
    from mmbench.types import Array, VideoFrames


class VideoNano(NanoModel):
    """The reference video model, which classifies motions and embeds videos and texts.

    The class names (`labels`) and the number of frames per video (`frames`) are read from the
    checkpoint.
    """

    name = "video-nano"
    _checkpoint: TrainedVideo
    modalities: frozenset[Modality] = frozenset({"text", "video"})

    def __init__(self, folder: Path | None, *, device: str, dtype: str) -> None:
        super().__init__(folder, device=device, dtype=dtype)
        self.labels = list(self._checkpoint.labels)
        self.frames = Frames(self._checkpoint.model.config.frames)

    def prepare(self, item: str | VideoFrames, modality: Modality) -> list[int] | Array:  # noqa: ARG002
        """Return the token ids of a text, or the frames of a video.

        Token ids are truncated to the context length. Frames are normalised, float32 [3, t, size,
        size].
        """
        checkpoint, config = self._checkpoint, self._checkpoint.model.config
        if isinstance(item, str):
            return checkpoint.words.encode(item, config.context)
        squares = [crop_square(image, config.size) for image in frame_images(item.frames)]
        pixels = np.stack([np.asarray(square, np.float32) for square in squares])
        scaled = normalise_pixels(pixels, checkpoint.mean, checkpoint.std)
        return np.ascontiguousarray(scaled.transpose(3, 0, 1, 2))

    def embed(self, items: Sequence[Any], modality: Modality, role: Role) -> Array:  # noqa: ARG002
        """Embed n prepared items as unit vectors, float32 [n, d]."""
        import torch

        model = self._checkpoint.model
        with torch.inference_mode():
            if modality == "text":
                return model.encode_text(self._pad(items)).cpu().numpy()
            return model.encode_video(self._stack(items)).cpu().numpy()

    def classify(self, items: Sequence[Array], modality: Modality) -> Array:  # noqa: ARG002
        """Return logits of n prepared videos, float32 [n, c], in the order of `labels`."""
        import torch

        with torch.inference_mode():
            logits = self._checkpoint.model.classify(self._stack(items))
        return logits.float().cpu().numpy()
