"""The terms of the modality gap: the distance between the means of two sets of vectors."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from mmbench.columns.vectors import Vectors

Floats = NDArray[np.float64]

_BLOCK = 1 << 14  # vectors in memory at a time


def gap_terms(queries: Vectors, corpus: Vectors) -> Floats:
    """Return (x − d) · (q − d) for each query x [n], where q and d are the means of both sides.

    The mean of the terms is |q − d|². Neither side may be empty. Each vector is read once, and each
    query twice.
    """
    q, d = _mean(queries), _mean(corpus)
    return np.concatenate([(block - d) @ (q - d) for block in _blocks(queries)])


def _mean(vectors: Vectors) -> Floats:
    total = np.zeros(vectors.shape[1])
    for block in _blocks(vectors):
        total += block.sum(axis=0)
    return total / len(vectors)


def _blocks(vectors: Vectors) -> Iterator[Floats]:
    for start in range(0, len(vectors), _BLOCK):
        yield vectors[start : start + _BLOCK].astype(np.float64)
