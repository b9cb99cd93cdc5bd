"""Drawing of scenes of the shapes world.

All arithmetic uses integers, so that the bytes are identical on every machine.

A pixel mixes the colours of object and background by the fraction that the object covers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mmbench.reference.worlds.shapes.forms import FULL, cover
from mmbench.reference.worlds.shapes.objects import SIDE
from mmbench.reference.worlds.shapes.scene import Scene, Spot

Image = NDArray[np.uint8]


def draw(scene: Scene, size: int) -> Image:
    """Draw a scene as RGB, uint8 [size, size, 3]."""
    image = np.empty((size, size, 3), np.uint8)
    image[:] = scene.background
    for item, spot in zip(scene.objects, scene.spots, strict=True):
        paint(image, item.shape, spot)
    return image


def paint(image: Image, shape: str, spot: Spot) -> None:
    """Draw a shape onto an image in place; part of the shape must lie inside the image."""
    size = len(image)
    rows = _span(spot.y, spot.radius, size)
    columns = _span(spot.x, spot.radius, size)
    inside = cover(shape, (spot.x, spot.y), spot.radius, (rows, columns), size)[..., None]
    patch = image[rows, columns]
    patch[:] = (patch * (FULL - inside) + np.array(spot.rgb) * inside + FULL // 2) // FULL


def _span(centre: int, radius: int, size: int) -> slice:
    """Return the range of pixels that an object may cover along one axis."""
    first = (centre - radius) * size // SIDE
    last = (centre + radius) * size // SIDE
    return slice(max(0, first), min(size, last + 1))


def ppm(image: Image) -> bytes:
    """Encode an image as a binary PPM file (P6)."""
    height, width, _ = image.shape
    return b"P6\n%d %d\n255\n" % (width, height) + image.tobytes()
