"""Folds of two raters' scores of the same samples: chance-corrected and rank agreement.

| fold | value |
|---|---|
| `agreement@kappa` | Cohen's kappa: 1 - observed / expected disagreement, all disagreements equal |
| `agreement@quadratic` | Cohen's kappa with the squared difference of the categories as weight |
| `agreement@kendall` | Kendall's tau-b |

Columns 0 and 1 have the two scores; for kappa, they are the numbers of categories, from 0, in
order. A row with NaN in either column, a sample that one rater left out, does not count. Kappa is
NaN if both raters use one and the same category. Source: Cohen 1960, 1968.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mmbench.stats.folds import Floats, WeightedFold, always, folded, weighted


def _of_labelled(rows: Floats, make: Callable[[Floats], WeightedFold]) -> WeightedFold:
    """Return a fold of the rows without NaN; it is NaN if there are none."""
    labelled = ~np.isnan(rows[:, :2]).any(axis=1)
    if not labelled.any():
        return always(np.nan)
    inner = make(rows[labelled, :2])
    return lambda weights: inner(weights[:, labelled])


@weighted("agreement@kappa")
def _kappa(rows: Floats) -> WeightedFold:
    return _of_labelled(rows, _unweighted)


def _unweighted(rows: Floats) -> WeightedFold:
    categories = np.unique(rows)
    first, second = ((column[:, None] == categories).astype(float) for column in rows.T)
    same = (rows[:, 0] == rows[:, 1]).astype(float)

    def value(weights: Floats) -> Floats:
        n = weights.sum(axis=1)
        by_chance = ((weights @ first) * (weights @ second)).sum(axis=1) / n**2
        return _corrected(1 - weights @ same / n, 1 - by_chance)

    return value


@weighted("agreement@quadratic")
def _quadratic(rows: Floats) -> WeightedFold:
    return _of_labelled(rows, _squared)


def _squared(rows: Floats) -> WeightedFold:
    squares = (rows[:, 0] - rows[:, 1]) ** 2

    def value(weights: Floats) -> Floats:
        n = weights.sum(axis=1)
        means, square_means = (weights @ rows) / n[:, None], (weights @ rows**2) / n[:, None]
        # E[(a - b)²] for independent a and b
        expected = square_means.sum(axis=1) - 2 * means.prod(axis=1)
        return _corrected(weights @ squares / n, expected)

    return value


def _corrected(observed: Floats, expected: Floats) -> Floats:
    constant = expected <= 1e-12
    return np.where(constant, np.nan, 1 - observed / np.where(constant, 1, expected))


@weighted("agreement@kendall")
def _kendall(rows: Floats) -> WeightedFold:
    return _of_labelled(rows, lambda labelled: folded("kendall", labelled))
