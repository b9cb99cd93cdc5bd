"""Corrections of p-values for multiple tests, by name.

| name | controls | valid |
|---|---|---|
| `holm` | the probability of any false discovery | always |
| `by` | the expected share of false discoveries (Benjamini and Yekutieli) | always |
| `bh` | the same (Benjamini and Hochberg) | independent or positively dependent p-values |
| `none` | the error of each test alone | for one test |
"""

from __future__ import annotations

from collections.abc import Sequence
from math import nan
from typing import Literal, get_args

Correction = Literal["holm", "by", "bh", "none"]
CORRECTIONS: tuple[Correction, ...] = get_args(Correction)
TITLES: dict[Correction, str] = {
    "holm": "Holm",
    "by": "Benjamini-Yekutieli, false discovery rate",
    "bh": "Benjamini-Hochberg, false discovery rate",
    "none": "",
}


def correct(p_values: Sequence[float | None], correction: Correction) -> list[float]:
    """Return the p-values after a correction, in [0, 1], in the order of the input.

    None and NaN mean that there is no test: they become NaN and do not count.
    """
    if correction == "holm":
        return holm(p_values)
    if correction == "none":
        return [nan if p is None else p for p in p_values]
    return false_discovery(p_values, any_dependence=correction == "by")


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


def false_discovery(p_values: Sequence[float | None], *, any_dependence: bool) -> list[float]:
    """Return the p-values after a correction that controls the false discovery rate.

    The k-th smallest of m p-values is multiplied by m / k, and lowered to the next result if it is
    larger (Benjamini and Hochberg 1995, Journal of the Royal Statistical Society B 57(1)). For
    p-values with any dependence they are also multiplied by 1 + 1/2 + … + 1/m (Benjamini and
    Yekutieli 2001, Annals of Statistics 29(4)).
    """
    corrected = [nan] * len(p_values)
    order = sorted((p, at) for at, p in enumerate(p_values) if p is not None and p == p)
    m = len(order)
    factor = sum(1 / k for k in range(1, m + 1)) if any_dependence else 1.0
    smallest = 1.0
    for rank in range(m, 0, -1):
        p, at = order[rank - 1]
        smallest = min(smallest, factor * m / rank * p)
        corrected[at] = smallest
    return corrected
