"""A rule-based reader of pictures of the shapes world, for drawings of models.

Objects are regions that differ from the background, whose colour is the median of the picture.
Touching regions are one object, unless they are too large: then they are cut along the lines of the
grid. The cover of a pixel is the position of its colour between the background's and the object's
colour. It is compared with the cover of each shape, with hard and soft edges, at radii and places
near the estimates from the region's centre of mass and spread. The shape with the largest
intersection over union gives shape, radius and cell; the colour is the nearest named colour. An
attribute without a close match is unclear.

All 1,000 pictures of the test split, 64 pixels wide, are read without an error. With a blur of 1
pixel all 1,000 are read without an error, with noise of standard deviation 8 (of 255) also 1,000,
and with blur and noise 999. `pytest -m slow -s tests/reference/worlds/test_reader.py` prints these
numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mmbench.reference.worlds.shapes.forms import cover, covering, inside
from mmbench.reference.worlds.shapes.objects import CELL, COLOURS, RADII, SHAPES, SIDE, SceneObject

UNCLEAR = "unclear"
"""The value of a size, a colour or a shape that cannot be recognised."""

VERSION = 1
"""The version of the reader in signatures of metrics; it increases when results change."""
LEAST = 32
"""The smallest side of a picture that is read, in pixels."""

Values = NDArray[np.float64]
Mask = NDArray[np.bool_]

_DENSE = 64  # sufficient side in pixels; larger images are downscaled towards it
_APART = 30.0  # minimum RGB distance between a pixel of an object and the background
_SPECK = RADII["small"][0] ** 2 * 3 // 4  # two thirds of the smallest object, a small star
_WIDEST = 1.15 * CELL  # a wider region consists of touching objects, one per cell
_EDGE = 2  # width in pixels of the soft edge around an object
_GAIN = (0.9, 2.0)  # limits of `_Fit.gain`; above 1, since blur pales the colour
_TRIED = 4  # number of initial fits that are refined
_FIT = 0.72  # minimum intersection over union of a recognised shape
_OFF = 75.0  # maximum RGB distance from a named colour
_SOFT = (0.0, 0.8, 1.6)  # softness of edges: the sigma of a blur, in pixels
_BETWEEN = (RADII["small"][1] + RADII["large"][0]) // 2
_POSSIBLE = range(RADII["small"][0] * 2 // 3, RADII["large"][1] * 5 // 4)


class _Fit(NamedTuple):
    """A shape fitted to a patch.

    `overlap` is the intersection over union, 0 to 1. Centre (x, y) and radius are in 1/960 of the
    side. `soft` is the blur of the edges, one of `_SOFT`; `gain` is the share of the object's
    colour in a fully covered pixel.
    """

    overlap: float
    shape: str
    x: float
    y: float
    radius: float
    soft: float
    gain: float


class _Patch(NamedTuple):
    """The part of a picture around an object; `shares` [h, w] are the object's colour shares.

    `rows` and `columns` select the part; `size` is the width of the whole picture in pixels.
    """

    rows: slice
    columns: slice
    shares: Values
    size: int


def read_picture(pixels: NDArray[np.uint8]) -> tuple[SceneObject, ...]:
    """Return the objects in an RGB picture, uint8 [size, size, 3], the largest first.

    `size` is at least LEAST. A size, colour or shape without a close match is UNCLEAR; the cell of
    an object is that of its centre. Specks of less than two thirds of the smallest object are
    ignored.
    """
    picture = _averaged(pixels)
    background = np.median(picture, axis=(0, 1))
    beyond = picture - background
    parts = _parts(beyond)
    occupied = np.sum([np.zeros(picture.shape[:2], int), *parts], axis=0) > 0
    return tuple(_read_object(beyond, part, occupied & ~part, background) for part in parts)


def _averaged(pixels: NDArray[np.uint8]) -> Values:
    """Downscale a large image by averaging blocks of pixels."""
    size = len(pixels)
    block = max(1, size // _DENSE)
    cropped = size // block * block
    blocks = pixels[:cropped, :cropped].reshape(cropped // block, block, cropped // block, block, 3)
    means: Values = blocks.mean(axis=(1, 3))
    return means


def _parts(beyond: Values) -> list[Mask]:
    """Return the mask [h, w] of each object, the largest first.

    `beyond` [h, w, 3] are the pixels minus the background. Touching objects are separated.
    """
    from scipy import ndimage

    smooth = ndimage.uniform_filter(beyond, (3, 3, 1))
    differs = np.linalg.norm(smooth, axis=2) > _APART
    differs &= np.linalg.norm(beyond, axis=2) > _APART / 2  # excludes pixels beside objects
    labels, number = ndimage.label(differs, np.ones((3, 3)))
    pieces = [piece for n in range(number) for piece in _cut(labels == n + 1)]
    unit = SIDE / len(beyond)
    large = [piece for piece in pieces if piece.sum() * unit**2 >= _SPECK]
    return sorted(large, key=lambda piece: -int(piece.sum()))


def _cut(mask: Mask) -> Iterator[Mask]:
    """Cut a mask along the lines of the grid if it is too wide or too high for one object."""
    size = len(mask)
    lines = [np.arange(size) * 3 // size == cell for cell in range(3)]
    whole = [np.ones(size, bool)]
    spans = [int(np.ptp(np.nonzero(mask)[axis])) + 1 for axis in (0, 1)]
    rows, columns = (lines if span * SIDE / size > _WIDEST else whole for span in spans)
    for row, column in product(rows, columns):
        yield mask & row[:, None] & column


def _read_object(beyond: Values, part: Mask, others: Mask, background: Values) -> SceneObject:
    own = beyond[part]
    strongest = np.argsort(-np.linalg.norm(own, axis=1))[: max(4, len(own) // 4)]
    colour = own[strongest].mean(axis=0)
    fit = _best_fit(_patch(beyond, part, others, colour))
    return SceneObject(
        min(2, max(0, int(fit.y // CELL))),
        min(2, max(0, int(fit.x // CELL))),
        _size(fit.radius),
        _colour(background + fit.gain * colour),
        fit.shape if fit.overlap >= _FIT else UNCLEAR,
    )


def _patch(beyond: Values, part: Mask, others: Mask, colour: Values) -> _Patch:
    """Return the pixels around the object `part` with the share of its colour in each.

    `beyond` [h, w, 3] and `colour` [3] are relative to the background. In pixels of `others`, the
    share is 0.
    """
    from scipy import ndimage

    near = ndimage.binary_dilation(part, np.ones((3, 3)), iterations=_EDGE) & ~others
    ((rows, columns),) = ndimage.find_objects(near.astype(int))
    shares = beyond[rows, columns] @ colour / (colour @ colour)
    return _Patch(rows, columns, np.where(near[rows, columns], shares, 0.0), len(beyond))


def _size(radius: float) -> str:
    if int(radius) not in _POSSIBLE:
        return UNCLEAR
    return "small" if radius < _BETWEEN else "large"


def _colour(rgb: Values) -> str:
    off = {name: float(np.linalg.norm(rgb - reference)) for name, reference in COLOURS.items()}
    name = min(off, key=lambda one: off[one])
    return name if off[name] <= _OFF else UNCLEAR


def _best_fit(patch: _Patch) -> _Fit:
    """Return the shape, place and radius whose cover is most similar to the patch."""
    at = _spread(patch.shares)
    first = [_by_moments(patch, at, shape, soft) for shape, soft in product(SHAPES, _SOFT)]
    return max(_nearby(patch, fit) for fit in sorted(first, reverse=True)[:_TRIED])


def _by_moments(patch: _Patch, at: tuple[float, float, float], shape: str, soft: float) -> _Fit:
    """Return the fit of a shape with the centre of mass (x, y) and the spread in `at`."""
    unit = SIDE / patch.size
    right, down, spread = _moments(shape)
    x, y, seen = at
    radius = unit * (max(seen - 2 * soft**2, 1.0) / spread) ** 0.5
    x, y = (patch.columns.start + x) * unit, (patch.rows.start + y) * unit
    return _fit_at(patch, shape, x - right * radius, y - down * radius, radius, soft)


def _nearby(patch: _Patch, fit: _Fit) -> _Fit:
    """Improve a fit: try nearby radii first, then nearby places; return the best fit."""
    for factor in (0.85, 0.9, 0.95, 1.05, 1.1):
        fit = max(fit, _fit_at(patch, fit.shape, fit.x, fit.y, fit.radius * factor, fit.soft))
    half = SIDE / patch.size / 2
    candidates = [
        _fit_at(patch, fit.shape, fit.x + dx * half, fit.y + dy * half, fit.radius, fit.soft)
        for dx, dy in product((-1, 0, 1), repeat=2)
    ]
    return max(fit, *candidates)


def _fit_at(patch: _Patch, shape: str, x: float, y: float, radius: float, soft: float) -> _Fit:
    """Return the fit of a shape; its overlap compares the shape's cover with the patch."""
    centre, pixels = (round(x), round(y)), (patch.rows, patch.columns)
    samples = inside(shape, centre, max(1, round(radius)), pixels, patch.size)
    high, wide = patch.shares.shape
    form = covering(high, soft) @ samples @ covering(wide, soft).T
    like = float(np.vdot(patch.shares, form)) / max(float(np.vdot(form, form)), 1.0)
    gain = min(max(like, _GAIN[0]), _GAIN[1])
    observed = np.clip(patch.shares / gain, 0, 1)
    overlap = np.minimum(observed, form).sum() / np.maximum(observed, form).sum()
    return _Fit(float(overlap), shape, x, y, radius, soft, gain)


@cache
def _moments(shape: str) -> tuple[float, float, float]:
    """Return the centre of mass (right, down) and the spread of a shape of radius 1."""
    size = 64
    whole = slice(0, size)
    x, y, spread = _spread(cover(shape, (SIDE // 2, SIDE // 2), SIDE // 2, (whole, whole), size))
    radius = size / 2
    return x / radius - 1, y / radius - 1, spread / radius**2


def _spread(weights: Values | NDArray[np.int64]) -> tuple[float, float, float]:
    """Return the centre of mass (x, y) and the mean squared distance from it, in pixels."""
    total = max(float(weights.sum()), 1.0)
    down, right = (np.arange(n) + 0.5 for n in weights.shape)
    x, y = float(weights.sum(axis=0) @ right) / total, float(weights.sum(axis=1) @ down) / total
    squared = (right - x) ** 2 + (down[:, None] - y) ** 2
    return x, y, float((weights * squared).sum()) / total
