"""The share in one part of the data, compared with the other part within strata.

The fold `excess` has rows of three columns: the stratum, 1 in the first part or 0 in the second,
and 1 or 0. Its value is the mean of the last column in the first part, minus the mean that the
second part has in the same strata: the means of the strata of the second part are weighted by the
rows of the first part (direct standardisation). Strata without rows in one of the parts are left
out. No record stores this fold.
"""

from __future__ import annotations

import numpy as np

from mmbench.stats.folds import Floats, WeightedFold, weighted

EXCESS = "excess"


@weighted(EXCESS)
def _excess(rows: Floats) -> WeightedFold:
    order = np.argsort(rows[:, 0], kind="stable")
    _, starts = np.unique(rows[order, 0], return_index=True)
    first, value = rows[order, 1], rows[order, 2]
    columns = [first, first * value, 1 - first, (1 - first) * value]

    def values(weights: Floats) -> Floats:
        own = weights[:, order]
        n1, hits1, n0, hits0 = (np.add.reduceat(own * c, starts, axis=1) for c in columns)
        both = (n1 > 0) & (n0 > 0)
        expected = np.where(both, n1 * hits0 / n0, 0.0)
        size = np.where(both, n1, 0.0).sum(axis=1)
        return np.asarray((np.where(both, hits1, 0.0) - expected).sum(axis=1) / size)

    return values


def stratified_exact_test(rows: Floats) -> tuple[float, float]:
    """Return the one-sided p-value of rows like those of `excess`, and the lowest possible one.

    Under the null hypothesis, the last column does not depend on the part within a stratum. The
    test statistic is the sum of the last column in the first part; given the sums of each stratum,
    it is a sum of independent hypergeometric numbers. The p-value is the probability of a sum at
    least as large; with one stratum, this is Fisher's exact test. The lowest possible p-value is
    that of a first part in which the last column is always 1. Without a stratum that has both
    parts, both are 1. Source: Mehta, Patel and Gray 1985, JASA 80(392), section 2 (the exact
    conditional distribution of 2 x 2 x k tables).
    """
    from scipy.stats import hypergeom

    observed = 0
    chances, best = np.ones(1), 1.0
    for stratum in np.unique(rows[:, 0]):
        own = rows[rows[:, 0] == stratum]
        inside = own[:, 1] == 1
        n1, n, hits = int(inside.sum()), len(own), int(own[:, 2].sum())
        if n1 in (0, n):
            continue
        mine = int(own[inside, 2].sum())
        observed += mine
        chances = np.convolve(chances, hypergeom.pmf(np.arange(n1 + 1), n, hits, n1))
        best *= float(hypergeom.pmf(n1, n, hits - mine + n1, n1))
    return min(1.0, float(chances[observed:].sum())), best
