"""Folds of clusterings, from the table of the numbers of samples by class and cluster.

| fold | value |
|---|---|
| `homogeneity` | 1 - H(class \\| cluster) / H(class) |
| `completeness` | 1 - H(cluster \\| class) / H(cluster) |
| `v-measure` | harmonic mean of the two |
| `adjusted-rand` | pairs together in both, above chance, / their greatest number, above chance |
| `cluster-accuracy` | share of samples on the best one-to-one assignment of clusters to classes |

Rows are [class, cluster]. Homogeneity is 1 if there is a single class, completeness is 1 if there
is a single cluster, and the adjusted Rand index is 1 if both partitions are one set, or only single
samples.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from mmbench.stats.folds import Floats, WeightedFold, weighted
from mmbench.stats.sums import Ints

_TINY = 1e-12  # an entropy below it is 0 but for rounding


class _Counts(NamedTuple):
    """Weights by class and cluster that occur [b, m], by class [b, r] and by cluster [b, k].

    `classes` and `clusters` [m] have the class and the cluster of each cell.
    """

    cells: Floats
    by_class: Floats
    by_cluster: Floats
    classes: Ints
    clusters: Ints


def _fold(value: Callable[[_Counts], Floats]) -> Callable[[Floats], WeightedFold]:
    """Return a fold of rows [n, 2] that computes its values from the counts of each weighting."""

    def make(rows: Floats) -> WeightedFold:
        pairs, code = np.unique(rows[:, :2], axis=0, return_inverse=True)
        classes, clusters = (np.unique(side, return_inverse=True)[1] for side in pairs.T)
        code = code.reshape(-1)

        def values(weights: Floats) -> Floats:
            cells = np.array([np.bincount(code, w, len(pairs)) for w in weights])
            by_class, by_cluster = (
                np.array([np.bincount(side, row, side.max() + 1) for row in cells])
                for side in (classes, clusters)
            )
            return value(_Counts(cells, by_class, by_cluster, classes, clusters))

        return values

    return make


def _entropy(counts: Floats) -> Floats:
    """Return the entropy of each row of counts [b, k], in nats [b]."""
    shares = counts / counts.sum(axis=1, keepdims=True)
    return np.asarray(-(shares * np.log(np.where(shares > 0, shares, 1))).sum(axis=1))


def _homogeneity(counts: _Counts) -> Floats:
    return _explained(counts, _entropy(counts.by_class))


def _completeness(counts: _Counts) -> Floats:
    return _explained(counts, _entropy(counts.by_cluster))


def _explained(counts: _Counts, entropy: Floats) -> Floats:
    """Return the share of an entropy [b] that classes and clusters have in common; 1 if it is 0."""
    both = _entropy(counts.by_class) + _entropy(counts.by_cluster)
    mutual = np.maximum(both - _entropy(counts.cells), 0)
    none = entropy <= _TINY
    return np.where(none, 1.0, mutual / np.where(none, 1, entropy))


def _v_measure(counts: _Counts) -> Floats:
    homogeneity, completeness = _homogeneity(counts), _completeness(counts)
    total = homogeneity + completeness
    return np.where(total > 0, 2 * homogeneity * completeness / np.where(total > 0, total, 1), 0.0)


def _adjusted_rand(counts: _Counts) -> Floats:
    n = counts.cells.sum(axis=1)
    together = [_pairs(side).sum(axis=1) for side in counts[:3]]
    both, same_class, same_cluster = together
    chance = same_class * same_cluster / np.where(n > 1, _pairs(n), 1)
    most = (same_class + same_cluster) / 2
    alike = np.abs(most - chance) <= _TINY
    return np.where(alike, 1.0, (both - chance) / np.where(alike, 1, most - chance))


def _pairs(counts: Floats) -> Floats:
    return counts * (counts - 1) / 2


def _cluster_accuracy(counts: _Counts) -> Floats:
    from scipy.optimize import linear_sum_assignment

    table = np.zeros((counts.by_class.shape[1], counts.by_cluster.shape[1]))
    values = []
    for cells in counts.cells:
        table[counts.classes, counts.clusters] = cells
        chosen = linear_sum_assignment(table, maximize=True)
        values.append(table[chosen].sum() / cells.sum())
    return np.array(values)


weighted("homogeneity")(_fold(_homogeneity))
weighted("completeness")(_fold(_completeness))
weighted("v-measure")(_fold(_v_measure))
weighted("adjusted-rand")(_fold(_adjusted_rand))
weighted("cluster-accuracy")(_fold(_cluster_accuracy))
