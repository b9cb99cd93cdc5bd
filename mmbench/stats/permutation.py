"""The paired permutation test: under the null hypothesis, rows of two runs are exchangeable.

Rows are swapped by group, because the samples of a group are not independent. The p-value is the
share of permutations with a difference at least as far from 0 as the observed difference. The
observed data count as one of the permutations, so that p is never 0 (Phipson and Smyth 2010,
"Permutation p-values should never be zero", Statistical Applications in Genetics and Molecular
Biology 9(1)).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from mmbench.stats.folds import Floats, WeightedFold, folded
from mmbench.stats.sums import CHUNK, GroupSums, Ints, group_sums

PERMUTATIONS = 10_000
BY_ROWS = 1_000  # for folds that need the rows one by one, which are slow

# (fold, rows [n, c] of one run, rows [n, c] of the other)
Pair = tuple[str, Floats, Floats]


def permutation_tests(
    pairs: Sequence[Pair],
    observed: Sequence[float],
    code: Ints,
    groups: int,
    *,
    seed: int = 0,
    permutations: int = PERMUTATIONS,
    by_rows: int = BY_ROWS,
) -> list[float]:
    """Return the p-value of each pair of runs, given its observed difference.

    `code` [n] is the group of each row, from 0 to `groups` - 1. The test makes `permutations`
    permutations, or `by_rows` for folds that need the rows one by one.
    """
    sums = [_pair_sums(pair, code, groups) for pair in pairs]
    resampled: list[Floats] = [np.empty(0)] * len(pairs)
    by_sums = [at for at, both in enumerate(sums) if both is not None]
    swapped = _by_sums([both for both in sums if both is not None], groups, seed, permutations)
    for at, values in zip(by_sums, swapped, strict=True):
        resampled[at] = values
    for at in set(range(len(pairs))) - set(by_sums):
        name, *both = pairs[at]
        fold_of = folded(name, np.concatenate(both))
        swaps = random_swaps(groups, seed, by_rows, 2 * len(code))
        resampled[at] = np.concatenate([_by_rows(fold_of, swap[:, code]) for swap in swaps])
    return [
        _p_value(values, difference) for values, difference in zip(resampled, observed, strict=True)
    ]


def _pair_sums(pair: Pair, code: Ints, groups: int) -> tuple[GroupSums, GroupSums] | None:
    fold, first, second = pair
    a, b = (group_sums(fold, rows, code, groups) for rows in (first, second))
    return None if a is None or b is None else (a, b)


def _by_sums(
    sums: Sequence[tuple[GroupSums, GroupSums]], groups: int, seed: int, permutations: int
) -> list[Floats]:
    """Return the differences of all permutations, for folds that need only sums by group.

    One matrix product computes all permutations: a permutation exchanges the sums of the swapped
    groups between the totals of the two runs.
    """
    if not sums:
        return []
    moves = np.column_stack([b.table - a.table for a, b in sums])
    moved = np.concatenate(
        [swap @ moves for swap in random_swaps(groups, seed, permutations, groups)]
    )
    ends = np.cumsum([a.table.shape[1] for a, _ in sums])
    differences = []
    with np.errstate(invalid="ignore", divide="ignore"):
        for (a, b), move in zip(sums, np.split(moved, ends[:-1], axis=1), strict=True):
            first, second = a.table.sum(axis=0) + move, b.table.sum(axis=0) - move
            differences.append(b.fold(second) - a.fold(first))
    return differences


def _by_rows(fold_of: WeightedFold, swapped: Floats) -> Floats:
    """Return the differences of permutations [b], for a fold that needs all rows of both runs.

    `swapped` [b, n] is 1 for a row that is swapped. In a permutation, the rows that belong to a run
    have the weight 1, and all other rows 0.
    """
    unswapped = 1 - swapped
    a = fold_of(np.concatenate([unswapped, swapped], axis=1))
    return np.asarray(fold_of(np.concatenate([swapped, unswapped], axis=1)) - a)


def random_swaps(groups: int, seed: int, permutations: int, width: int) -> Iterator[Floats]:
    """Yield blocks [b, g] of 0 and 1, in which 1 marks the groups whose rows are swapped.

    `width` is the number of values per permutation that the caller computes; it limits the size of
    a block.
    """
    rng = np.random.default_rng([seed, 1])  # a stream independent of the bootstrap
    step = max(1, CHUNK // max(1, width))
    for start in range(0, permutations, step):
        size = (min(step, permutations - start), -(-groups // 8))
        bits = np.unpackbits(rng.integers(256, size=size, dtype=np.uint8), axis=1, count=groups)
        yield bits.astype(np.float64)


def _p_value(swapped: Floats, observed: float) -> float:
    """Return the p-value of an observed difference, given the differences of permutations.

    It counts the permutations whose difference is at least as far from 0 as the observed
    difference, up to rounding. NaN counts as well, which is conservative.
    """
    slack = 1e-9 * max(abs(observed), 1e-6)
    nearer = int((np.abs(swapped) < abs(observed) - slack).sum())
    return (len(swapped) - nearer + 1) / (len(swapped) + 1)
