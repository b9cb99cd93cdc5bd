"""Geometry of the shapes: inequalities over a grid of sample points, 4 × 4 per pixel.

The cover of a pixel is the number of its sample points inside a shape. Coordinates are integers
relative to the object's centre, x to the right and y down. With integers, results are identical on
every machine.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from mmbench.reference.worlds.shapes.objects import SIDE

Grid = NDArray[np.int64]
Mask = NDArray[np.bool_]

FINE = 4
"""The number of samples along each side of a pixel."""
FULL = FINE * FINE
"""The cover of a pixel that lies inside."""
# Directions of a five-pointed star's points in thousandths; its edges lie at 0.309 of the radius.
_STAR = ((0, -1000), (951, -309), (588, 809), (-588, 809), (-951, -309))


def _circle(x: Grid, y: Grid, r: int) -> Mask:
    return x * x + y * y <= r * r


def _square(x: Grid, y: Grid, r: int) -> Mask:
    return (10 * abs(x) <= 8 * r) & (10 * abs(y) <= 8 * r)


def _triangle(x: Grid, y: Grid, r: int) -> Mask:
    return (10 * y <= 7 * r) & (17 * abs(x) <= 10 * (y + r))


def _diamond(x: Grid, y: Grid, r: int) -> Mask:
    return abs(x) + abs(y) <= r


def _star(x: Grid, y: Grid, r: int) -> Mask:
    # Inside at least four of the five half-planes: the core and the points, but not between them.
    halves = sum((a * x + b * y <= 309 * r).view(np.uint8) for a, b in _STAR)
    return np.asarray(halves >= 4)


def _cross(x: Grid, y: Grid, r: int) -> Mask:
    x, y = abs(x), abs(y)
    return ((10 * x <= 3 * r) & (y <= r)) | ((10 * y <= 3 * r) & (x <= r))


def _ring(x: Grid, y: Grid, r: int) -> Mask:
    squared = x * x + y * y
    return (squared <= r * r) & (25 * squared >= 9 * r * r)


def _moon(x: Grid, y: Grid, r: int) -> Mask:
    bite = (10 * x - 5 * r) ** 2 + (10 * y) ** 2 < (8 * r) ** 2
    return _circle(x, y, r) & ~bite


INSIDE: dict[str, Callable[[Grid, Grid, int], Mask]] = {
    "circle": _circle,
    "square": _square,
    "triangle": _triangle,
    "diamond": _diamond,
    "star": _star,
    "cross": _cross,
    "ring": _ring,
    "moon": _moon,
}


def cover(
    shape: str, centre: tuple[int, int], radius: int, pixels: tuple[slice, slice], size: int
) -> Grid:
    """Return each pixel's number of sample points inside a shape, int64 [h, w], 0 to FULL.

    For the arguments see `inside`.
    """
    mask = inside(shape, centre, radius, pixels, size).astype(np.int64)
    by_row = np.sum([mask[i::FINE] for i in range(FINE)], axis=0)
    counts: Grid = np.sum([by_row[:, i::FINE] for i in range(FINE)], axis=0)
    return counts


def inside(
    shape: str, centre: tuple[int, int], radius: int, pixels: tuple[slice, slice], size: int
) -> Mask:
    """Return which sample points of h × w pixels lie inside a shape, bool [FINE h, FINE w].

    `centre` (x, y) and `radius` are in 1/960 of the side of an image of `size` pixels; `pixels`
    (rows, columns) selects the h × w pixels.
    """
    (x, y), (rows, columns), samples = centre, pixels, size * FINE
    across = _samples(columns, x, samples)[None, :]
    down = _samples(rows, y, samples)[:, None]
    return INSIDE[shape](across, down, radius * samples)


@cache
def covering(pixels: int, soft: float) -> NDArray[np.float64]:
    """Return the matrix [n, FINE · n] that maps the sample points of a line to covers, 0 to 1.

    The line has n = `pixels` pixels. The matrix includes a Gaussian blur of `soft` pixels.
    `covering(h) @ inside(…) @ covering(w).T` equals a Gaussian filter of `cover(…) / FULL`, but is
    a few times faster.
    """
    from scipy import ndimage

    line = np.repeat(np.eye(pixels), FINE, axis=1) / FINE
    if soft:
        line = ndimage.gaussian_filter1d(line, soft, axis=0, mode="constant")
    matrix: NDArray[np.float64] = line
    return matrix


def _samples(pixels: slice, centre: int, samples: int) -> Grid:
    """Return sample points relative to the centre, in 1/(SIDE · samples) of the side."""
    at = np.arange(pixels.start * FINE, pixels.stop * FINE, dtype=np.int64)
    return (2 * at + 1) * (SIDE // 2) - centre * samples
