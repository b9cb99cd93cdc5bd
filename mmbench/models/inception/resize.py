"""Two functions that resize an RGB image to Inception's 299 x 299 pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

_SIDE = 299


def tf_bilinear(image: Image) -> NDArray[np.float32]:
    """Resize bilinearly as in TensorFlow 1; return float32 [3, 299, 299].

    Output pixel i is interpolated at i · size / 299, without a half-pixel offset. All steps are in
    float32 and in the order of torch-fidelity's `interpolate_bilinear_2d_like_tensorflow1x`.
    """
    pixels = np.asarray(image, dtype=np.float32).transpose(2, 0, 1)
    top, bottom, down = _places(pixels.shape[1])
    left, right, across = _places(pixels.shape[2])
    upper, lower = (_between(pixels[:, rows], left, right, across) for rows in (top, bottom))
    return np.ascontiguousarray(upper + (lower - upper) * down[:, None])


def _between(
    rows: NDArray[np.float32],
    left: NDArray[np.intp],
    right: NDArray[np.intp],
    share: NDArray[np.float32],
) -> NDArray[np.float32]:
    first = rows[:, :, left]
    return np.asarray(first + (rows[:, :, right] - first) * share)


def _places(size: int) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
    """Return the input pixels before and after each of 299 positions.

    Also return the distance of each position from the pixel before it, as a fraction of a pixel.
    """
    places = np.arange(_SIDE, dtype=np.float32) * np.float32(size / _SIDE)
    before = places.astype(np.intp)
    return before, np.minimum(before + 1, size - 1), places - before.astype(np.float32)


def clean_bicubic(image: Image) -> NDArray[np.float32]:
    """Resize as in clean-fid: bicubic with antialiasing, computed in float for each channel.

    Return float32 [3, 299, 299], clipped to the range from 0 to 255.
    """
    from PIL.Image import Resampling, fromarray

    channels = np.asarray(image, dtype=np.float32).transpose(2, 0, 1)
    resized = [fromarray(c).resize((_SIDE, _SIDE), Resampling.BICUBIC) for c in channels]
    return np.stack([np.asarray(c) for c in resized]).clip(0, 255)
