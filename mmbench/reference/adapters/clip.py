"""The adapter of the reference CLIP, which embeds images and texts as unit vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mmbench.reference.adapters.support import NanoModel, normalise_image
from mmbench.types import Modality, Role

if TYPE_CHECKING:
    from PIL.Image import Image

    from mmbench.reference.checkpoints.families import TrainedClip
    from mmbench.types import Array


class ClipNano(NanoModel):
    """The reference CLIP, which embeds images and texts as unit vectors."""

    name = "clip-nano"
    _checkpoint: TrainedClip
    modalities: frozenset[Modality] = frozenset({"text", "image"})

    def prepare(self, item: str | Image, modality: Modality) -> list[int] | Array:  # noqa: ARG002
        """Return the token ids of a text, or the pixels of an image.

        Token ids are truncated to the context length. Pixels are normalised, float32 [3, size,
        size].
        """
        checkpoint, config = self._checkpoint, self._checkpoint.model.config
        if isinstance(item, str):
            return checkpoint.words.encode(item, config.context)
        return normalise_image(item, config.image_size, checkpoint.mean, checkpoint.std)

    def embed(self, items: Sequence[Any], modality: Modality, role: Role) -> Array:  # noqa: ARG002
        """Embed n prepared items as unit vectors, float32 [n, d]."""
        import torch

        model = self._checkpoint.model
        with torch.inference_mode():
            if modality == "text":
                return model.encode_text(self._pad(items)).cpu().numpy()
            return model.encode_image(self._stack(items)).cpu().numpy()
