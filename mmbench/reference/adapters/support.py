"""Shared parts of the adapters of the reference models: checkpoints, inputs and generation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from mmbench.reference.checkpoints import packaged
from mmbench.types import Audio, GenerationConfig

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image
    from torch import Tensor

    from mmbench.reference.architectures.mel import Mel
    from mmbench.reference.tokens.sampling import NextTokens
    from mmbench.types import Array


class NanoModel:
    """Base class of adapters for checkpoints written by `mmbench train NAME`.

    If `folder` is None, the packaged checkpoint called `name` is loaded. `device` is cpu, cuda or
    cuda:N; `dtype`, the precision of the weights, is float32, bfloat16 or float16 (embeddings and
    scores are always float32). Raises ModelError if the folder does not hold such a checkpoint.
    """

    name: ClassVar[str] = ""
    version = 1
    _checkpoint: Any  # of the class that a subclass annotates
    default_checkpoint: str | None = None

    def __init_subclass__(cls) -> None:
        cls.default_checkpoint = packaged(cls.name) if cls.name else None

    def __init__(self, folder: Path | None, *, device: str, dtype: str) -> None:
        import torch

        from mmbench.reference.checkpoints.families import TRAINED_MODELS
        from mmbench.reference.checkpoints.folder import read_checkpoint

        checkpoint_folder = Path(folder or str(self.default_checkpoint))
        self._checkpoint = read_checkpoint(checkpoint_folder, TRAINED_MODELS[self.name])
        self._device, self._dtype = device, getattr(torch, dtype)
        self._checkpoint.model.to(device, self._dtype)

    def _stack(self, rows: Sequence[Array]) -> Tensor:
        """Stack n arrays of equal shape to a tensor [n, …] with the model's device and dtype."""
        import torch

        return torch.from_numpy(np.stack(rows)).to(self._device, self._dtype)

    def _stack_images(self, images: Sequence[Array], size: int) -> Tensor:
        """Stack n images, float32 [3, size, size], to a tensor [n, 3, size, size]; n may be 0."""
        import torch

        if not images:
            return torch.empty(0, 3, size, size, device=self._device, dtype=self._dtype)
        return self._stack(images)

    def _pad(self, rows: Sequence[Sequence[int]]) -> Tensor:
        """Return the token ids of n texts as a tensor [n, t], padded on the right."""
        from mmbench.reference.tokens.words import pad_ids

        return pad_ids(rows).to(self._device)


def normalise_image(
    image: Image, size: int, mean: Sequence[float], std: Sequence[float]
) -> NDArray[np.float32]:
    """Return the centre square of an image as normalised pixels, float32 [3, size, size].

    `mean` and `std` are per channel, for pixels from 0 to 1.
    """
    scaled = normalise_pixels(np.asarray(crop_square(image, size), np.float32), mean, std)
    return np.ascontiguousarray(scaled.transpose(2, 0, 1))


def normalise_pixels(
    pixels: NDArray[np.float32], mean: Sequence[float], std: Sequence[float]
) -> NDArray[np.float32]:
    """Normalise pixels […, 3] from 0 to 255: divide by 255, subtract `mean`, divide by `std`."""
    means, stds = (np.array(values, np.float32) for values in (mean, std))
    scaled: NDArray[np.float32] = (pixels / np.float32(255) - means) / stds
    return scaled


def crop_square(image: Image, size: int) -> Image:
    """Crop the centre square of an image and resize it (bicubic) to `size` × `size` pixels.

    Cropping comes first, so that a very long image takes no longer to resize than a square image.
    """
    from PIL.Image import Resampling

    width, height = image.size
    short = min(width, height)
    left, top = (width - short) // 2, (height - short) // 2
    box = (left, top, left + short, top + short)
    return image.resize((size, size), Resampling.BICUBIC, box=box)


def spectrogram(sound: Audio, mel: Mel, min_samples: int) -> Array:
    """Return the log-mel spectrogram of audio, float32 [t, bands].

    Audio shorter than `min_samples` is padded to this length with silence.
    """
    import torch

    from mmbench.reference.architectures.mel import log_mel

    samples = np.pad(sound.samples, (0, max(0, min_samples - len(sound.samples))))
    return log_mel(torch.from_numpy(samples), mel).numpy()


def token_sampler(options: GenerationConfig, rows: int) -> NextTokens:
    """Return a function that chooses the next token of each of `rows` rows.

    At temperature 0 it takes the most likely token. Otherwise it samples; each row has its own
    generator, and all generators have the same seed, so a row's tokens do not depend on the batch.
    """
    import torch

    from mmbench.reference.tokens.sampling import TokenSampler, greedy

    if options.temperature == 0:
        return greedy
    generators = [torch.Generator().manual_seed(options.seed) for _ in range(rows)]
    return TokenSampler(options.temperature, options.top_p, generators)
