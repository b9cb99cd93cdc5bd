"""Folds of predicted and true ratings: measures of their agreement.

| fold | value |
|---|---|
| `pearson` | linear correlation of columns 0 and 1 |
| `spearman` | linear correlation of their ranks; equal values share the mean of their ranks |
| `kendall` | Kendall's tau-b of columns 0 and 1 |
| `pearson@system`, `spearman@system`, `kendall@system` | the fold before "@", of system means |
| `mse@system` | mean squared difference of system means |

For folds of systems, column 2 has the number of the system of each row, and all systems have equal
weight, regardless of the weights of their rows. The correlation is NaN for a constant column and
for fewer than two points.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from mmbench.stats.folds import Floats, WeightedFold, always, fold, weighted

Ints = NDArray[np.int64]


@weighted("pearson")
def _pearson(rows: Floats) -> WeightedFold:
    return partial(_correlation, rows[:, 0], rows[:, 1])


@weighted("spearman")
def _spearman(rows: Floats) -> WeightedFold:
    if np.isnan(rows).any():
        return always(np.nan)
    x, y = (np.unique(column, return_inverse=True)[1] for column in rows[:, :2].T)
    return lambda weights: _correlation(_ranks(x, weights), _ranks(y, weights), weights)


@weighted("kendall")
def _kendall(rows: Floats) -> WeightedFold:
    if np.isnan(rows).any():
        return always(np.nan)
    order = np.argsort(rows[:, 0], kind="stable")
    ordered = rows[order]
    x, y = (np.unique(column, return_inverse=True)[1] for column in ordered[:, :2].T)
    return lambda weights: _tau(ordered, x, y, weights[:, order])


def _tau(rows: Floats, x: Ints, y: Ints, weights: Floats) -> Floats:
    """Return Kendall's tau-b of two columns under each weighting [b].

    tau-b = (concordant - discordant) / √(pairs that differ in x · pairs that differ in y). Rows are
    in the order of x. `x` and `y` [n] are the ranks of the values, from 0; `weights` is [b, n].
    """
    w = np.ascontiguousarray(weights.T)
    all_pairs = w.sum(axis=0) ** 2
    same_x, same_y = _pairs(x, w), _pairs(y, w)
    # Twice the pairs that differ in both, which are either concordant or discordant.
    both = all_pairs - same_x - same_y + _pairs(x * len(y) + y, w)
    scale = np.sqrt(all_pairs - same_x) * np.sqrt(all_pairs - same_y)
    value = (4 * _concordant(x, y, w) - both) / scale
    constant = _constant(rows[:, 0], weights) | _constant(rows[:, 1], weights)
    return np.where(constant, np.nan, np.clip(value, -1, 1))


def _correlation(x: Floats, y: Floats, weights: Floats) -> Floats:
    """Return the correlation of x and y, each [n] or [b, n], under weights [b, n]."""
    weights = np.asfortranarray(weights)  # fixes the order of sums, for any layout of the weights
    constant = _constant(x, weights) | _constant(y, weights)
    n = weights.sum(axis=1, keepdims=True)
    dx = x - (weights * x).sum(axis=1, keepdims=True) / n
    dy = y - (weights * y).sum(axis=1, keepdims=True) / n
    squares = [np.einsum("bn,bn,bn->b", weights, a, b) for a, b in ((dx, dx), (dy, dy), (dx, dy))]
    value = squares[2] / np.sqrt(squares[0]) / np.sqrt(squares[1])
    return np.where(constant, np.nan, np.clip(value, -1, 1))


def _constant(values: Floats, weights: Floats) -> NDArray[np.bool_]:
    """Return, for each weighting [b], whether all rows with a positive weight have equal values.

    Values may differ by rounding.
    """
    weighted_rows = weights > 0
    low = np.where(weighted_rows, values, np.inf).min(axis=1)
    high = np.where(weighted_rows, values, -np.inf).max(axis=1)
    return np.asarray(high - low <= 1e-12 * np.maximum(np.abs(low), np.abs(high)))


def _ranks(value: Ints, weights: Floats) -> Floats:
    """Return the midrank of each row under each weighting [b, n], minus a constant.

    The midrank of a value is the weight of all smaller values plus half the weight of this value.
    `value` [n] is the rank of each row's value among the distinct values, from 0.
    """
    at = _by_group(value, weights.T).T
    return np.asarray((np.cumsum(at, axis=1) - at / 2)[:, value])


def _by_group(group: Ints, table: Floats) -> Floats:
    """Return the sums of table rows by group, [g, b], in the order of the group numbers.

    `group` [n] is the group of each row, `table` is [n, b].
    """
    order = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.diff(group[order], prepend=-1))
    return np.asarray(np.add.reduceat(table[order], starts, axis=0))


def _pairs(group: Ints, w: Floats) -> Floats:
    """Return the weight [b] of ordered pairs of rows in the same group.

    A pair of a row with itself counts too. `group` [n] is the group of each row, `w` [n, b] its
    weight.
    """
    return np.asarray((_by_group(group, w) ** 2).sum(axis=0))


def _concordant(x: Ints, y: Ints, w: Floats) -> Floats:
    """Return the weight [b] of pairs in which one row has both the smaller x and the smaller y.

    Rows are in the order of x; their weights `w` are [n, b]. Pairs are counted by the highest bit
    in which their values of y differ. Rows with equal higher bits form a block. In a block, each
    row in which the bit is 1 is paired with the rows in which the bit is 0 and x is smaller; a
    difference of cumulative sums gives their weight. This takes n · log n steps for all b
    weightings at once.
    """
    total, width = np.zeros(w.shape[1]), int(x.max()) + 1
    for bit in range(int(y.max()).bit_length()):
        block, has = (y >> (bit + 1)) * width, (y >> bit) & 1 == 1
        ones, zeros = np.flatnonzero(has), np.flatnonzero(~has)
        zeros = zeros[np.argsort((block + x)[zeros], kind="stable")]
        below = np.concatenate([np.zeros((1, w.shape[1])), np.cumsum(w[zeros], axis=0)])
        places = (block + x)[zeros]
        start, end = (np.searchsorted(places, key[ones]) for key in (block, block + x))
        total += np.einsum("nb,nb->b", w[ones], below[end] - below[start])
    return total


def system_means(rows: Floats, weights: Floats) -> Floats:
    """Return the weighted means of columns 0 and 1 of each system, [b, s, 2].

    A mean is NaN if the rows of the system have no weight. Rows are summed in the order of their
    values: another order could change the last digits of a mean, and so possibly its rank.
    """
    order = np.lexsort(rows.T)
    rows, weights = rows[order], weights[:, order]
    _, system = np.unique(rows[:, 2], return_inverse=True)
    n = _by_group(system, weights.T)
    sums = [_by_group(system, (weights * column).T) for column in rows[:, :2].T]
    with np.errstate(invalid="ignore"):
        means = np.stack([each / n for each in sums], axis=-1)
    return np.where((n > 0)[..., None], means, np.nan).transpose(1, 0, 2)


def _merge_rounded(means: Floats) -> Floats:
    """Set means that differ by rounding alone to one value, in each column of `means` [s, 2].

    Two systems can have the same mean over different ratings, and the last digits of their sums
    would decide which of them has the higher rank.
    """
    order = np.argsort(means, axis=0, kind="stable")
    ascending = np.take_along_axis(means, order, axis=0)
    steps = np.diff(ascending, axis=0, prepend=-np.inf) > 1e-12 * np.abs(ascending)
    first = np.maximum.accumulate(np.where(steps, np.arange(len(means))[:, None], 0), axis=0)
    merged = np.empty_like(means)
    np.put_along_axis(merged, order, np.take_along_axis(ascending, first, axis=0), axis=0)
    return merged


def _over_systems(fold_name: str, rows: Floats) -> WeightedFold:
    if np.isnan(rows).any():
        return always(np.nan)

    def value(means: Floats) -> float:
        present = _merge_rounded(means[~np.isnan(means[:, 0])])
        return fold(
            fold_name, (present[:, :1] - present[:, 1:]) ** 2 if fold_name == "mean" else present
        )

    return lambda weights: np.array([value(means) for means in system_means(rows, weights)])


for _name in ("pearson", "spearman", "kendall"):
    weighted(f"{_name}@system")(partial(_over_systems, _name))
weighted("mse@system")(partial(_over_systems, "mean"))
