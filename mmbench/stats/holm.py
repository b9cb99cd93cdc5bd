"""Several tests at once: p-values corrected so that one false alarm among them stays rare."""

from __future__ import annotations

from collections.abc import Sequence
from math import nan


def holm(p_values: Sequence[float | None]) -> list[float]:
    """P-values after Holm's correction, in [0, 1], in the order given.

    The k-th smallest of m is multiplied by m - k + 1, and none is smaller than the one before it.
    None and NaN, where there was no test, become NaN and do not count. Source: Holm 1979, "A simple
    sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6(2).
    """
    corrected = [nan] * len(p_values)
    order = sorted((p, at) for at, p in enumerate(p_values) if p is not None and p == p)
    largest = 0.0
    for rank, (p, at) in enumerate(order):
        largest = max(largest, min(1.0, (len(order) - rank) * p))
        corrected[at] = largest
    return corrected
