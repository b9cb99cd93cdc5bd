"""Nearest-neighbour balls of generated and real images, and the images inside them."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mmbench.types import Array

Floats = NDArray[np.float64]

# Number of pairs of images in a block of distances.
_PAIRS = 1 << 24
# Integers up to two to this power are exact in float64.
_EXACT = 53


class Neighbourhoods(NamedTuple):
    """Membership of images in the balls of the other set.

    For each generated image, `precise` states whether the ball of a real image contains it, and
    `dense` is the number of real images whose balls contain it. For each real image, `recalled`
    states whether the ball of a generated image contains it, and `covered` whether its own ball
    contains a generated image.
    """

    precise: NDArray[np.bool_]
    dense: NDArray[np.intp]
    recalled: NDArray[np.bool_]
    covered: NDArray[np.bool_]


def neighbourhoods(drawn: Array, real: Array, k: int) -> Neighbourhoods:
    """Compare every generated image, features [n, d], with every real image, features [m, d].

    The radius of an image's ball is the distance to its k-th nearest neighbour in its own set. The
    ball does not include its surface. An image without k neighbours has no ball.
    """
    first, second = _on_grid(drawn, real)
    drawn_radii, real_radii = _radii(first, k), _radii(second, k)
    dense = np.zeros(len(first), dtype=np.intp)
    recalled, covered = np.zeros(len(second), bool), np.zeros(len(second), bool)
    for rows in _blocks(len(second), len(first)):
        squared = _squared(second[rows], first)
        in_real = squared < real_radii[rows, None]
        dense += in_real.sum(axis=0)
        covered[rows] = in_real.any(axis=1)
        recalled[rows] = (squared < drawn_radii).any(axis=1)
    return Neighbourhoods(dense > 0, dense, recalled, covered)


def _on_grid(first: Array, second: Array) -> tuple[Floats, Floats]:
    """Round two sets of features to integers that are small enough for exact squared distances.

    Exact distances do not depend on the order of summation. So two equal images have exactly the
    same distances, and rounding errors affect no comparison. For 2,048 features, the rounding step
    is 2⁻²⁰ of half of the widest range of a feature, about the precision of a network in float32.
    """
    sides = [side.astype(np.float64) for side in (first, second)]
    low = np.min([side.min(axis=0) for side in sides], axis=0)
    high = np.max([side.max(axis=0) for side in sides], axis=0)
    middle = low / 2 + high / 2
    bits = (_EXACT - 2 - math.ceil(math.log2(first.shape[1]))) // 2
    widest = float((high - middle).max()) or 1.0
    step = 2.0 ** (math.ceil(math.log2(widest)) - bits)
    return np.rint((sides[0] - middle) / step), np.rint((sides[1] - middle) / step)


def _radii(vectors: Floats, k: int) -> Floats:
    """Return the squared distance of each row to its k-th nearest other row.

    The distances are NaN if there are no more than k rows.
    """
    radii = np.full(len(vectors), np.nan)
    if len(vectors) <= k:
        return radii
    for rows in _blocks(len(vectors), len(vectors)):
        squared = _squared(vectors[rows], vectors)
        squared[np.arange(len(squared)), np.arange(len(vectors))[rows]] = np.inf
        radii[rows] = np.partition(squared, k - 1, axis=1)[:, k - 1]
    return radii


def _squared(first: Floats, second: Floats) -> Floats:
    """Return the squared distances of all pairs [n, m], which are exact for integer vectors."""
    squared = first @ second.T
    squared *= -2.0
    squared += (first * first).sum(axis=1)[:, None]
    squared += (second * second).sum(axis=1)
    return np.asarray(squared)


def _blocks(n: int, width: int) -> list[slice]:
    step = max(1, _PAIRS // max(1, width))
    return [slice(start, start + step) for start in range(0, n, step)]
