"""Perturbations of images: arrays [h, w, 3] uint8 in RGB.

Blur and noise are `gaussian_blur` and `gaussian_noise` of ImageNet-C with the constants of its code
(hendrycks/robustness, ImageNet-C/imagenet_c/imagenet_c/corruptions.py at 8190fe3). There,
`gaussian` of scikit-image calls `scipy.ndimage.gaussian_filter` with mode `nearest` and truncation
at 4 sigma. ImageNet-C applies them to images of 224 x 224 pixels; here the image keeps its size.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]

SIGMAS = (1, 2, 3, 4, 6)  # pixels, by severity
DEVIATIONS = (0.08, 0.12, 0.18, 0.26, 0.38)  # of the noise, for values from 0 to 1, by severity

_BLOCK = 1 << 22  # values in float64 at a time


def blur(pixels: Pixels, severity: str, _rng: np.random.Generator) -> Pixels:
    """Return an image blurred by a Gaussian filter; `severity` is 1 to 5."""
    from scipy.ndimage import gaussian_filter

    sigma = SIGMAS[int(severity) - 1]
    out = np.empty_like(pixels)
    for channel in range(pixels.shape[-1]):
        values = gaussian_filter(pixels[..., channel] / 255.0, sigma, mode="nearest", truncate=4.0)
        out[..., channel] = np.clip(values, 0, 1) * 255
    return out


def noise(pixels: Pixels, severity: str, rng: np.random.Generator) -> Pixels:
    """Return an image with independent Gaussian noise in each value; `severity` is 1 to 5."""
    deviation = DEVIATIONS[int(severity) - 1]
    out = np.empty_like(pixels)
    step = max(1, _BLOCK // max(1, pixels[:1].size))
    for start in range(0, len(pixels), step):
        values = pixels[start : start + step] / 255.0
        values += rng.normal(scale=deviation, size=values.shape)
        out[start : start + step] = np.clip(values, 0, 1) * 255
    return out


def jpeg(pixels: Pixels, quality: str, _rng: np.random.Generator) -> Pixels:
    """Return an image after compression as JPEG by Pillow; `quality` is 1 to 95."""
    from PIL import Image

    stream = BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=int(quality))
    return np.asarray(Image.open(stream))


PIXELS: Mapping[str, Callable[[Pixels, str, np.random.Generator], Pixels]] = {
    "blur": blur,
    "noise": noise,
    "jpeg": jpeg,
}
