"""The reference CLIP: images and texts to unit vectors."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mmbench.types import Modality, Role

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

    from mmbench.types import Array


class ClipNano:
    """Loads a folder that `mmbench train clip-nano` wrote; by default the packaged one.

    `device` is cpu, cuda or cuda:N; `dtype` is float32, bfloat16 or float16 (the vectors are
    float32 in any case). Raises ModelError when the folder is not such a checkpoint.
    """

    modalities: frozenset[Modality] = frozenset({"text", "image"})
    version = 1
    default_checkpoint: str | None = str(files("mmbench.reference") / "weights" / "clip-nano")

    def __init__(self, folder: Path | None, *, device: str, dtype: str) -> None:
        import torch

        from mmbench.reference.checkpoints.families import ClipSpecimen
        from mmbench.reference.checkpoints.folder import read_checkpoint

        checkpoint = read_checkpoint(Path(folder or str(self.default_checkpoint)), ClipSpecimen)
        self._words = checkpoint.words
        self._mean, self._std = (
            np.array(values, np.float32) for values in (checkpoint.mean, checkpoint.std)
        )
        self._config = checkpoint.model.config
        self._device, self._dtype = device, getattr(torch, dtype)
        self._model = checkpoint.model.to(device, self._dtype)

    def prepare(self, item: str | Image, modality: Modality) -> list[int] | Array:  # noqa: ARG002
        """A text to a list of ids, cut to the context; an RGB image to float32 [3, size, size]."""
        if isinstance(item, str):
            return self._words.encode(item, self._config.context)
        return normalised(item, self._config.image_size, self._mean, self._std)

    def embed(self, items: Sequence[Any], modality: Modality, role: Role) -> Array:  # noqa: ARG002
        """What `prepare` returned for n items to unit vectors, float32 [n, d]."""
        import torch

        from mmbench.reference.tokens.words import padded

        with torch.inference_mode():
            if modality == "text":
                vectors = self._model.encode_text(padded(items).to(self._device))
            else:
                pixels = torch.from_numpy(np.stack(items))
                vectors = self._model.encode_image(pixels.to(self._device, self._dtype))
        return vectors.cpu().numpy()


def normalised(
    image: Image, size: int, mean: NDArray[np.float32], std: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The square of an image, float32 [3, size, size], by mean and std [3] of pixels / 255."""
    pixels = np.asarray(square_of(image, size), np.float32) / 255
    return np.ascontiguousarray(((pixels - mean) / std).transpose(2, 0, 1))


def square_of(image: Image, size: int) -> Image:
    """The image with its shorter side at `size` by bicubic resampling, cut to the centre.

    Cut before it is resampled, so that a very long image costs no more than a square one.
    """
    from PIL.Image import Resampling

    width, height = image.size
    short = min(width, height)
    left, top = (width - short) // 2, (height - short) // 2
    box = (left, top, left + short, top + short)
    return image.resize((size, size), Resampling.BICUBIC, box=box)
