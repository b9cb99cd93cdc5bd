"""The contribution of each group of samples to a value, whose mean over the groups is the value.

The contribution of group g of G is the value plus G times its derivative by the weight of the group
(the infinitesimal jackknife: Jaeckel 1972; Efron and Tibshirani 1993, chapter 22). For a mean over
groups of equal size it is the mean of the group's rows, up to a small common factor. So one number
for each group and run stands for the rows, whatever the fold.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmbench.stats.folds import Floats
from mmbench.stats.jackknife import is_jackknifed, values_without_blocks
from mmbench.stats.sums import Ints, group_sums

# The share of a group that is left out, for the derivative: at most _STEP, less for few groups.
_STEP, _STEP_OF_ALL = 1e-3, 1e-6


def contributions(
    fold: str, tables: Sequence[Floats], code: Ints, groups: int, *, seed: int = 0
) -> Floats | None:
    """Return the contributions [g, r] of the groups to the values of r runs.

    `tables` have the rows [n, c] of each run, and `code` [n] the group of each row, from 0 to
    `groups` - 1. A fold of the jackknife (agreement of clusters with classes) has contributions of
    blocks of groups instead. Return None for a fold that needs the rows one by one, such as the
    median, and for values that are not finite.
    """
    if is_jackknifed(fold):
        named = [(fold, rows) for rows in tables]
        without = np.column_stack(values_without_blocks(named, code, groups, seed=seed))
        blocks = len(without)
        mean = without.mean(axis=0)
        return _finite(mean - (blocks - 1) * (without - mean))
    columns = []
    step = min(_STEP, _STEP_OF_ALL * groups)
    for rows in tables:
        sums = group_sums(fold, rows, code, groups)
        if sums is None:
            return None
        total = sums.table.sum(axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            value = sums.fold(total[None])
            columns.append(value + groups * (value - sums.fold(total - step * sums.table)) / step)
    return _finite(np.column_stack(columns))


def _finite(contributed: Floats) -> Floats | None:
    return contributed if np.isfinite(contributed).all() else None
