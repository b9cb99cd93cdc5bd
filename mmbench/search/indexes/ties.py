"""The order of equal scores in the results of an index, the same as in exact search."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mmbench.search.checks import Ints
from mmbench.search.order import IdOrder
from mmbench.types import Array

LINES = 1 << 12  # vectors per block


def settle_ties(scores: Array, rows: Ints, duplicates: Ints, order: IdOrder) -> None:
    """Sort `rows` [n, k] in place by descending `scores` [n, k], then by id; -1 remains last.

    `duplicates` [m] is the result of `duplicate_groups`. All rows of a group get the best of their
    scores, because a library that multiplies blocks of different shapes can return scores that
    differ in the last bit.
    """
    line, rank = np.nonzero((rows >= 0) & (duplicates[rows] >= 0))
    if len(line):
        group = line * len(duplicates) + duplicates[rows[line, rank]]
        by_group = np.argsort(group, kind="stable")
        line, rank, group = line[by_group], rank[by_group], group[by_group]
        starts = np.flatnonzero(np.append(True, group[1:] != group[:-1]))
        best = np.maximum.reduceat(scores[line, rank], starts)
        scores[line, rank] = np.repeat(best, np.diff(np.append(starts, len(group))))
    tied = np.flatnonzero((scores[:, 1:] >= scores[:, :-1]).any(1))
    keys = order.keys(rows[tied].clip(0))
    sort = np.lexsort((keys, -scores[tied], rows[tied] < 0))
    rows[tied] = np.take_along_axis(rows[tied], sort, 1)


def duplicate_groups(vectors: Array) -> Ints:
    """Return the group number of each vector, [m] int64; -1 for a unique vector.

    A group consists of bitwise equal vectors.
    """
    _, group, size = np.unique(_content_hashes(vectors), return_inverse=True, return_counts=True)
    return np.where(size[group] > 1, group, -1)


def _content_hashes(vectors: Array) -> NDArray[np.uint64]:
    """Return a hash of the bits of each vector, [n] uint64, for vectors [n, d].

    The hash is the sum of the vector's 32-bit words modulo 2⁶⁴, each word multiplied by an odd
    factor that depends on its position.
    """
    factors = np.random.default_rng(0).integers(0, 1 << 63, vectors.shape[1], np.uint64) * 2 + 1
    numbers = np.empty(len(vectors), np.uint64)
    for i in range(0, len(vectors), LINES):
        words = np.ascontiguousarray(vectors[i : i + LINES]).view(np.uint32)
        numbers[i : i + LINES] = (words * factors).sum(axis=1, dtype=np.uint64)
    return numbers
