"""Maximum mean discrepancies between two sets of vectors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mmbench.types import Array

Floats = NDArray[np.float64]

_ROWS = 2048


def polynomial_subsets(drawn: Array, real: Array, *, subsets: int, size: int, seed: int) -> Floats:
    """Unbiased squared discrepancy of the kernel (x·y/d + 1)³ on each of random subsets.

    Values [subsets] float64; of one subset only where both sets are as large as it, since all would
    be the same. The subsets are drawn, of both sets by turns, from numpy's frozen RandomState.
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
    """The sum over all pairs of two different rows."""
    return float(kernel.sum() - np.trace(kernel))


def gaussian(drawn: Array, real: Array, *, sigma: float) -> float:
    """Biased squared discrepancy of the kernel exp(-|x - y|² / 2σ²), over all pairs.

    A row is paired with itself too. Zero for equal sets, and never less.
    """
    first, second = drawn.astype(np.float64), real.astype(np.float64)
    pairs = ((first, first), (second, second), (first, second))
    within_first, within_second, between = (_mean_less_one(x, y, sigma) for x, y in pairs)
    return max(0.0, within_first + within_second - 2.0 * between)


def _mean_less_one(first: Floats, second: Floats, sigma: float) -> float:
    """Mean of kernel - 1: the ones cancel, and would cost digits, as the kernel is almost one."""
    norms = (second * second).sum(axis=1)
    total = 0.0
    for start in range(0, len(first), _ROWS):
        rows = first[start : start + _ROWS]
        squared = (rows * rows).sum(axis=1)[:, None] + norms - 2.0 * (rows @ second.T)
        total += float(np.expm1(squared / (-2.0 * sigma**2)).sum())
    return total / (len(first) * len(second))
