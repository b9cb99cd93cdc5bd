"""The position of one box relative to another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

POSITIONS = ("left of", "right of", "above", "below")
THRESHOLD = 0.1
_HALF = 0.5  # of the distance between the centres
_NONE = 1e-3  # pixels; a smaller offset is no offset


def relative_positions(box: Sequence[float], other: Sequence[float]) -> set[str]:
    """Return the positions of a box relative to another box: at most one per axis.

    The offset of the centres is shortened on each axis by a tenth of the sum of both lengths. The
    box has a position on an axis if the shortened offset exceeds half the distance of the centres.
    Boxes are (left, top, right, bottom), and are computed in float32 as in the official code.
    Source: djghosh13/geneval evaluation/evaluate_images.py `relative_position`.
    """
    corners = np.array([box, other], np.float32).reshape(2, 2, 2)
    centers = corners.mean(axis=1)
    lengths = np.abs(corners[:, 1] - corners[:, 0])
    offset = centers[0] - centers[1]
    shortened = np.maximum(np.abs(offset) - np.float32(THRESHOLD) * lengths.sum(axis=0), 0)
    if (shortened < _NONE).all():
        return set()
    dx, dy = np.sign(offset) * shortened / np.linalg.norm(offset)
    held = (dx < -_HALF, dx > _HALF, dy < -_HALF, dy > _HALF)
    return {position for position, holds in zip(POSITIONS, held, strict=True) if holds}
