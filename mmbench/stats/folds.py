"""Folds: named functions that aggregate per-sample rows, new or stored, into a value.

| fold | value of rows [n, c] |
|---|---|
| `mean` | mean of column 0 |
| `ratio` | sum of column 0 / sum of column 1 |
| `root-mean` | square root of the mean of column 0; NaN if it is negative |
| `median` | median of column 0 (the mean of the middle two for even n) |
| `whole` | column 0 of the only row: the value of the whole set, which has no per-sample rows |
| `split-mean:F` | mean over splits of fold F; the last column is the number of the row's split |
| `split-sum:F` | sum over splits of fold F; the last column is the number of the row's split |

The other folds are in modules by family of metrics (`families`). A fold takes weights, the number
of times that each bootstrap resample drew each row. Most folds need only weighted sums of the rows,
which are one matrix product for all resamples. Without rows, the value is NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module

import numpy as np
from numpy.typing import NDArray

from mmbench.errors import UnknownName

Floats = NDArray[np.float64]

# (sums [b, c] of the rows, sums [b] of their weights) -> values [b]
Sums = Callable[[Floats, Floats], Floats]
# weights [b, n] -> values [b]
WeightedFold = Callable[[Floats], Floats]
# rows [n, c] -> fold of these rows; work that needs no weights, such as sorting, is done once
FoldFactory = Callable[[Floats], WeightedFold]

_SPLIT = ("split-mean:", "split-sum:")
_SUMS: dict[str, Sums] = {}
_WEIGHTED: dict[str, FoldFactory] = {}
# A fold's name up to its "@" -> the module of its family in `families`, imported on first use.
_FAMILIES = {
    "bleu": "captions",
    "sacrebleu": "translation",
    "chrf": "translation",
    "meteor": "captions",
    "class-mean": "labels",
    "f1-macro": "labels",
    "mean-ap": "labels",
    "auc": "labels",
    "d-prime": "labels",
    "ece": "labels",
    "wil": "speech",
    "der": "speech",
    "pearson": "ratings",
    "spearman": "ratings",
    "kendall": "ratings",
    "mse": "ratings",
    "agreement": "agreement",
    "v-measure": "clusters",
    "homogeneity": "clusters",
    "completeness": "clusters",
    "adjusted-rand": "clusters",
    "cluster-accuracy": "clusters",
}

# The value of one row, for folds that need single rows or treat a single row in another way.
_ALONE: dict[str, Callable[[Floats], Floats]] = {
    "median": lambda rows: rows[:, 0],
    "class-mean": lambda rows: rows[:, 0],
    "f1-macro": lambda rows: (rows[:, 0] == rows[:, 1]).astype(float),
}


def sums(name: str) -> Callable[[Sums], Sums]:
    """Return a decorator that registers a fold that needs only weighted sums of the rows."""
    return partial(_SUMS.setdefault, name)


def weighted(name: str) -> Callable[[FoldFactory], FoldFactory]:
    """Return a decorator that registers a fold that needs all rows one by one."""
    return partial(_WEIGHTED.setdefault, name)


def alone(name: str) -> Callable[[Callable[[Floats], Floats]], Callable[[Floats], Floats]]:
    """Return a decorator that registers the value of each row alone for the fold `name`."""
    return partial(_ALONE.setdefault, name)


def fold(name: str, rows: Floats) -> float:
    """Fold rows [n, c] float64 into one value. Raises UnknownName for an unknown fold."""
    return float(fold_many(name, rows, np.ones((1, len(rows))))[0])


def fold_many(name: str, rows: Floats, weights: Floats) -> Floats:
    """Fold rows [n, c] into one value for each of b weightings [b, n]; all are float64.

    A row of weight 2 counts as two equal rows. Raises UnknownName for an unknown fold.
    """
    return folded(name, rows)(weights)


def folded(name: str, rows: Floats) -> WeightedFold:
    """Return a function that folds rows [n, c] float64 under blocks of weights [b, n] float64.

    Raises UnknownName for an unknown fold.
    """
    if name.startswith(_SPLIT):
        return _over_splits(name, rows)
    by_sums = sums_fold(name)
    if not len(rows):
        return always(np.nan)
    quiet = np.errstate(invalid="ignore", divide="ignore")
    if by_sums is not None:
        return quiet(lambda weights: by_sums(weights @ rows, weights.sum(axis=1)))
    with quiet:
        return quiet(_WEIGHTED[name](rows))


def sums_fold(name: str) -> Sums | None:
    """Return the function that computes a fold from weighted sums.

    The function takes weighted column sums [b, c] and summed weights [b]. Return None if the fold
    needs the rows one by one. Raises UnknownName for an unknown fold.
    """
    if name.startswith(_SPLIT):
        return None
    family = _FAMILIES.get(name.partition("@")[0])
    if family is not None:
        import_module(f"mmbench.stats.families.{family}")
    if name not in _SUMS and name not in _WEIGHTED:
        raise UnknownName("fold", name, {*_SUMS, *_WEIGHTED})
    return _SUMS.get(name)


def sample_values(name: str, rows: Floats) -> Floats | None:
    """Return the value of each of the rows [n, c] alone [n], such as a hit or a sentence's BLEU.

    Return None if the fold cannot be computed for a single row. A row without a value (an empty
    reference) is NaN. Raises UnknownName for an unknown fold.
    """
    while name.startswith(_SPLIT):
        name, rows = name.partition(":")[2], rows[:, :-1]
    by_sums = sums_fold(name)
    if not len(rows):
        return np.empty(0)
    if name in _ALONE:
        return _ALONE[name](rows)
    if by_sums is None:
        return None
    with np.errstate(invalid="ignore", divide="ignore"):
        return by_sums(rows, np.ones(len(rows)))


def _over_splits(name: str, rows: Floats) -> WeightedFold:
    """Return the fold `name` over splits; a split without rows in a resample is left out."""
    kind, _, inner = name.partition(":")
    if not len(rows):
        return folded(inner, rows)
    members = [np.flatnonzero(rows[:, -1] == split) for split in np.unique(rows[:, -1])]
    folds = [folded(inner, rows[rows_of_split, :-1]) for rows_of_split in members]

    def values(weights: Floats) -> Floats:
        parts = [weights[:, rows_of_split] for rows_of_split in members]
        by_split = [value_of(part) for value_of, part in zip(folds, parts, strict=True)]
        return join_splits(kind, np.array(by_split), np.array([p.any(axis=1) for p in parts]))

    return values


def join_splits(kind: str, values: Floats, present: NDArray[np.bool_]) -> Floats:
    """Return the mean or the sum over splits of `values` [s, b].

    `kind` is "split-mean" or "split-sum"; `present` [s, b] marks the splits that have rows.
    """
    total = np.where(present, values, 0.0).sum(axis=0)
    if kind == "split-sum":
        return np.where(present.all(axis=0), total, np.nan)
    with np.errstate(invalid="ignore"):
        return np.asarray(total / present.sum(axis=0))


@sums("root-mean")
def _root_mean(totals: Floats, n: Floats) -> Floats:
    return np.asarray(np.sqrt(totals[:, 0] / n))


@sums("mean")
def _mean(totals: Floats, n: Floats) -> Floats:
    return totals[:, 0] / n


@sums("ratio")
def _ratio(totals: Floats, n: Floats) -> Floats:  # noqa: ARG001 - a fold takes both
    return np.where(totals[:, 1] == 0, np.nan, totals[:, 0] / totals[:, 1])


def always(value: float) -> WeightedFold:
    """Return a fold with the same value under all weights."""
    return lambda weights: np.full(len(weights), value)


@weighted("whole")
def _whole(rows: Floats) -> WeightedFold:
    return always(rows[0, 0])


@weighted("median")
def _median(rows: Floats) -> WeightedFold:
    order = np.argsort(rows[:, 0], kind="stable")
    values = rows[order, 0]
    return always(np.nan) if np.isnan(values).any() else partial(_middle, order, values)


def _middle(order: NDArray[np.intp], values: Floats, weights: Floats) -> Floats:
    """Return the weighted medians [b] of sorted `values` [n], for weights [b, n].

    `order` has the row of each value.
    """
    below = np.cumsum(weights[:, order], axis=1)
    half = below[:, -1:] / 2
    last = len(values) - 1
    # The two middle values: the first with at least, and with more than, half the weight below it.
    low = np.minimum((below < half).sum(axis=1), last)
    high = np.minimum((below <= half).sum(axis=1), last)
    return np.where(half[:, 0] > 0, (values[low] + values[high]) / 2, np.nan)
