"""Maximum mean discrepancies between two sets of vectors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mmbench.types import Array

Floats = NDArray[np.float64]

_ROWS = 2048


def polynomial_subsets(drawn: Array, real: Array, *, subsets: int, size: int, seed: int) -> Floats:
    """Return the unbiased squared discrepancy of the kernel (x·y/d + 1)³ on random subsets.

    A subset consists of `size` vectors from each set. The result is [subsets] float64, or [1] if
    both sets have the size of a subset, since all subsets would be equal. For each subset, numpy's
    RandomState draws first from one set, then from the other.
    """
    draws = np.random.RandomState(seed)
    if len(drawn) == len(real) == size:
        subsets = 1
    values = [
        _polynomial(
            drawn[draws.choice(len(drawn), size, replace=False)],
            real[draws.choice(len(real), size, replace=False)],
        )
        for _ in range(subsets)
    ]
    return np.array(values)


def _polynomial(drawn: Array, real: Array) -> float:
    first, second = drawn.astype(np.float64), real.astype(np.float64)
    n = len(first)
    within = _others(_cubed(first, first)) + _others(_cubed(second, second))
    return float(within / (n * (n - 1)) - 2.0 * _cubed(first, second).mean())


def _cubed(first: Floats, second: Floats) -> Floats:
    base = first @ second.T
    base /= first.shape[1]
    base += 1.0
    return np.asarray(base * base * base)


def _others(kernel: Floats) -> float:
    """Return the sum of a square kernel matrix without its diagonal."""
    return float(kernel.sum() - np.trace(kernel))


def gaussian(drawn: Array, real: Array, *, sigma: float) -> float:
    """Return the biased squared discrepancy of the kernel exp(-|x - y|² / 2σ²), over all pairs.

    Pairs of a row with itself are included. The value is 0 for equal sets, and never negative.
    """
    first, second = drawn.astype(np.float64), real.astype(np.float64)
    pairs = ((first, first), (second, second), (first, second))
    within_first, within_second, between = (_mean_less_one(x, y, sigma) for x, y in pairs)
    return max(0.0, within_first + within_second - 2.0 * between)


def _mean_less_one(first: Floats, second: Floats, sigma: float) -> float:
    """Return the mean of (kernel - 1), which loses less precision than the mean of the kernel.

    The values of the kernel are close to 1.
    """
    norms = (second * second).sum(axis=1)
    total = 0.0
    for start in range(0, len(first), _ROWS):
        rows = first[start : start + _ROWS]
        squared = (rows * rows).sum(axis=1)[:, None] + norms - 2.0 * (rows @ second.T)
        total += float(np.expm1(squared / (-2.0 * sigma**2)).sum())
    return total / (len(first) * len(second))
