"""Intervals by the jackknife over groups, for folds that repeated rows raise.

A bootstrap resample has rows twice. For the agreement of clusters with classes, two equal rows are
a pair that agrees, so that all resamples score higher than the sample. The jackknife leaves rows
out and repeats none. The groups are divided at random into blocks of equal size, at most 500, and
the value is computed without each block. The standard error is √((b - 1) / b · Σ (value - mean)²)
over b blocks, and the interval is the value ± t standard errors, where t is the quantile of
Student's distribution with b - 1 degrees of freedom (Tukey 1958; Efron and Tibshirani 1993,
chapter 11). It is an interval for other sets of samples of the same size, since the value itself
depends on the size.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mmbench.stats.folds import Floats, folded
from mmbench.stats.sums import CHUNK, Ints

BLOCKS = 500
_FOLDS = frozenset(
    {"v-measure", "homogeneity", "completeness", "adjusted-rand", "cluster-accuracy"}
)


class Spread(NamedTuple):
    """An interval and the standard error from which it was computed."""

    low: float
    high: float
    error: float


def is_jackknifed(fold: str) -> bool:
    """Return whether the interval of a fold, or of its mean over splits, is by the jackknife."""
    return fold.rpartition(":")[2] in _FOLDS


def values_without_blocks(
    tables: Sequence[tuple[str, Floats]], code: Ints, groups: int, *, seed: int = 0
) -> list[Floats]:
    """Return, for each (fold, rows [n, c]), the value without each block of groups [b].

    `code` [n] is the group of each row, from 0 to `groups` - 1.
    """
    blocks = min(BLOCKS, groups)
    block_of_group = np.random.default_rng(seed).permutation(groups) % blocks
    block = block_of_group[code]
    step = max(1, CHUNK // max(1, len(code)))
    found = []
    for name, rows in tables:
        fold = folded(name, rows)
        parts = [
            fold((np.arange(start, min(start + step, blocks))[:, None] != block).astype(float))
            for start in range(0, blocks, step)
        ]
        found.append(np.concatenate(parts))
    return found


def jackknife_spread(value: float, without: Floats, level: float) -> Spread | None:
    """Return the interval of a value from its values without each block [b].

    Return None for fewer than two blocks, for undefined values, and if all values are equal.
    """
    from scipy.special import stdtrit

    b = len(without)
    if b < 2 or not np.isfinite(without).all() or np.ptp(without) <= 1e-12:
        return None
    error = float(np.sqrt((b - 1) / b * ((without - without.mean()) ** 2).sum()))
    reach = float(stdtrit(b - 1, (1 + level) / 2)) * error
    return Spread(value - reach, value + reach, error)
