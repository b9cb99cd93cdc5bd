"""Conformance cases of perturbations: images and noise beside their definitions.

The constants are those of ImageNet-C (hendrycks/robustness, ImageNet-C/imagenet_c/imagenet_c/
corruptions.py at 8190fe3), written out again here.
"""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mmbench.conformance.case import DEFINITION, Case, LargestDifference
from mmbench.conformance.packages import library
from mmbench.perturbations.decoded import with_noise
from mmbench.perturbations.images import PIXELS, Pixels

_SIZES = ((1, 1), (3, 40), (48, 64))
_SIGMAS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6}
_SCALES = {1: 0.08, 2: 0.12, 3: 0.18, 4: 0.26, 5: 0.38}

Reference = Callable[[Pixels, int, int], Pixels]


def _compare_images(name: str, values: tuple[int, ...], reference: Reference) -> LargestDifference:
    """Compare all values on random images; `reference` gets pixels, value and seed."""
    rng, largest = np.random.default_rng(5), 0
    for size in _SIZES:
        pixels = rng.integers(0, 256, (*size, 3), np.uint8)
        for value in values:
            ours = PIXELS[name](pixels, str(value), np.random.default_rng(value))
            theirs = reference(pixels, value, value)
            largest = max(largest, int(np.abs(ours.astype(int) - theirs).max()))
    return LargestDifference(largest, f"generated: {len(_SIZES)} images, {len(values)} values")


def _blur(pixels: Pixels, severity: int, _: int) -> Pixels:
    from scipy.ndimage import correlate1d

    sigma = _SIGMAS[severity]
    offsets = np.arange(-4 * sigma, 4 * sigma + 1)
    kernel = np.exp(-(offsets**2) / (2 * sigma**2))
    values = pixels / 255.0
    for axis in (0, 1):
        values = correlate1d(values, kernel / kernel.sum(), axis, mode="nearest")
    return (np.clip(values, 0, 1) * 255).astype(np.uint8)


def _skimage_blur(pixels: Pixels, severity: int, _: int) -> Pixels:
    gaussian = library("skimage.filters").gaussian
    values: NDArray[np.float64] = gaussian(pixels / 255.0, sigma=_SIGMAS[severity], channel_axis=-1)
    return (np.clip(values, 0, 1) * 255).astype(np.uint8)


def _noise(pixels: Pixels, severity: int, seed: int) -> Pixels:
    rng = np.random.default_rng(seed)
    noisy = pixels / 255.0 + rng.normal(size=pixels.shape, scale=_SCALES[severity])
    return (np.clip(noisy, 0, 1) * 255).astype(np.uint8)


def _jpeg(pixels: Pixels, quality: int, _: int) -> Pixels:
    from PIL import Image

    output = BytesIO()
    Image.fromarray(pixels).save(output, "JPEG", quality=quality)
    return np.array(Image.open(output))


def _compare_noise_level(_: Path) -> LargestDifference:
    """Compare the ratio of the powers of signal and noise with the requested one, in dB."""
    seconds = np.arange(160_000) / 16_000
    signal = (0.1 * np.sin(2 * np.pi * 440 * seconds)).astype(np.float32)
    largest = 0.0
    for ratio in (20, 5, 0, -5):
        noise = with_noise(signal, ratio, np.random.default_rng(ratio + 9)) - signal
        power = float(np.mean(signal.astype(np.float64) ** 2) / np.mean(noise**2))
        largest = max(largest, abs(10 * np.log10(power) - ratio))
    return LargestDifference(largest, "generated: a sine of 10 s, 4 ratios")


def _image_case(
    name: str, source: str, values: tuple[int, ...], reference: Reference, package: str = ""
) -> Case:
    def compare(_: Path) -> LargestDifference:
        return _compare_images(name, values, reference)

    # A blurred value within 1e-15 of a whole number may be rounded to either side.
    return Case(name, source, compare, 1 if name == "blur" and not package else 0, package)


CASES = [
    _image_case("blur", DEFINITION, (1, 2, 3, 4, 5), _blur),
    _image_case("blur", "filters.gaussian", (1, 2, 3, 4, 5), _skimage_blur, "scikit-image"),
    _image_case("noise", DEFINITION, (1, 2, 3, 4, 5), _noise),
    _image_case("jpeg", "Image.save", (25, 18, 15, 10, 7), _jpeg, "pillow"),
    # The standard error of the power of 160,000 values is 0.015 dB.
    Case("snr", "10 log10 of the mean squares, in dB", _compare_noise_level, 0.1),
]
