"""Correction of p-values for multiple tests, which controls the family-wise error rate."""

from __future__ import annotations

from collections.abc import Sequence
from math import nan


def holm(p_values: Sequence[float | None]) -> list[float]:
    """Return the p-values after Holm's correction, in [0, 1], in the order of the input.

    The k-th smallest of m p-values is multiplied by m - k + 1, and raised to the previous result if
    it is smaller. None and NaN mean that there is no test: they become NaN and do not count.
    Source: Holm 1979, "A simple sequentially rejective multiple test procedure", Scandinavian
    Journal of Statistics 6(2).
    """
    corrected = [nan] * len(p_values)
    order = sorted((p, at) for at, p in enumerate(p_values) if p is not None and p == p)
    largest = 0.0
    for rank, (p, at) in enumerate(order):
        largest = max(largest, min(1.0, (len(order) - rank) * p))
        corrected[at] = largest
    return corrected
