"""Drawing a scene of the shapes world in whole numbers, so that every machine gets the same bytes.

A shape is an inequality over a grid of samples, 4 × 4 to a pixel; the share of samples inside is
the pixel's cover. Coordinates run from the thing's centre, x to the right and y down.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mmbench.data.shapes_scene import SIDE, Scene, Spot

Grid = NDArray[np.int64]
Mask = NDArray[np.bool_]
Image = NDArray[np.uint8]

_FINE = 4
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
    # Inside at least four of the five half-planes: the core and the points, not what lies between.
    inside = sum((a * x + b * y <= 309 * r).astype(np.int64) for a, b in _STAR)
    return np.asarray(inside >= 4)


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


def draw(scene: Scene, size: int) -> Image:
    """The scene as RGB, uint8 [size, size, 3]."""
    image = np.empty((size, size, 3), np.uint8)
    image[:] = scene.background
    for thing, spot in zip(scene.things, scene.spots, strict=True):
        paint(image, thing.shape, spot)
    return image


def paint(image: Image, shape: str, spot: Spot) -> None:
    """Draw a shape over what is there; some of it must lie within the image's sides."""
    size = len(image)
    rows = _span(spot.y, spot.radius, size)
    columns = _span(spot.x, spot.radius, size)
    samples = size * _FINE
    x = _samples(columns, spot.x, samples)[None, :]
    y = _samples(rows, spot.y, samples)[:, None]
    mask = INSIDE[shape](x, y, spot.radius * samples)
    high, wide = rows.stop - rows.start, columns.stop - columns.start
    cover = mask.reshape(high, _FINE, wide, _FINE).sum((1, 3), dtype=np.int64)[..., None]
    full = _FINE * _FINE
    patch = image[rows, columns]
    patch[:] = (patch * (full - cover) + np.array(spot.rgb) * cover + full // 2) // full


def _span(centre: int, radius: int, size: int) -> slice:
    """The pixels that a thing can touch along one axis."""
    first = (centre - radius) * size // SIDE
    last = (centre + radius) * size // SIDE
    return slice(max(0, first), min(size, last + 1))


def _samples(pixels: slice, centre: int, samples: int) -> Grid:
    """Sample positions from the centre; a side is SIDE × samples long, to stay in whole numbers."""
    at = np.arange(pixels.start * _FINE, pixels.stop * _FINE, dtype=np.int64)
    return (2 * at + 1) * (SIDE // 2) - centre * samples


def ppm(image: Image) -> bytes:
    """The image as a binary PPM (P6) file: a header and the raw bytes."""
    height, width, _ = image.shape
    return b"P6\n%d %d\n255\n" % (width, height) + image.tobytes()
