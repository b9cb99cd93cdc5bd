"""Perturbations of decoded images, video frames and audio."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np

from mmbench import media
from mmbench.media.sound import decode_recording, resampled
from mmbench.perturbations.images import PIXELS, Pixels
from mmbench.types import Array, Audio, EncodedImage, Perturbation, VideoFrames

if TYPE_CHECKING:
    from PIL.Image import Image


def perturbed_image(data: bytes, name: str, perturbation: Perturbation) -> Image:
    """Decode an image as `media.decode_image` does, and perturb it; raises the same errors."""
    from PIL import Image

    pixels = np.asarray(media.decode_image(data, name))
    return Image.fromarray(_changed(pixels, perturbation, generator(data, perturbation)))


def encoded(image: Image) -> EncodedImage:
    """Return a perturbed image with its pixels as PNG, for models that send images as files."""
    stream = BytesIO()
    image.save(stream, "PNG")
    return EncodedImage(image, stream.getvalue(), "image/png")


def perturbed_frames(frames: VideoFrames, data: bytes, perturbation: Perturbation) -> VideoFrames:
    """Perturb each frame of a video; `data` are the bytes of its file."""
    rng = generator(data, perturbation)
    changed = [_changed(frame, perturbation, rng) for frame in frames.frames]
    return frames._replace(frames=np.stack(changed) if changed else frames.frames)


def _changed(pixels: Pixels, perturbation: Perturbation, rng: np.random.Generator) -> Pixels:
    return PIXELS[perturbation.name](pixels, perturbation.value, rng)


def perturbed_audio(
    data: bytes,
    name: str,
    rate: int,
    perturbation: Perturbation,
    *,
    recording: Callable[[bytes, str], Audio] = decode_recording,
) -> Audio:
    """Decode audio as `media.decode_sound` does, with noise; raises the same errors.

    The noise is added at the sampling rate of the file, so that all models hear the same noise.
    """
    clean, stored_rate = recording(data, name)
    noisy = with_noise(clean, float(perturbation.value), generator(data, perturbation))
    out = resampled(noisy, stored_rate, rate).astype(np.float32)
    return Audio(out, rate)


def with_noise(
    samples: Array, ratio: float, rng: np.random.Generator
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Return samples [n] with white Gaussian noise at a signal-to-noise ratio in dB, as float64.

    The power of the noise is that of the samples divided by 10^(ratio / 10), where the power is the
    mean square over the whole recording. Silence stays silent. Sums beyond -1 or 1 are clipped.
    """
    signal = samples.astype(np.float64)
    deviation = np.sqrt(np.mean(signal**2) / 10 ** (ratio / 10))
    return np.clip(signal + rng.normal(scale=deviation, size=signal.shape), -1.0, 1.0)


def generator(data: bytes, perturbation: Perturbation) -> np.random.Generator:
    """Return the random numbers for an item, from its bytes and the perturbation alone."""
    parts = f"{perturbation.name}:{perturbation.value}:{perturbation.seed}/"
    state = blake2b(parts.encode(), digest_size=16)
    state.update(data)
    return np.random.default_rng(int.from_bytes(state.digest(), "little"))
