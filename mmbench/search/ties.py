"""Equal scores in lists that an index returned, put in the order of the exact search."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mmbench.search.checks import Ints
from mmbench.search.order import IdOrder
from mmbench.types import Array

LINES = 1 << 12  # vectors that are looked at at once


def settle_ties(scores: Array, rows: Ints, duplicates: Ints, order: IdOrder) -> None:
    """Order rows [n, k] by falling scores [n, k], equal ones by id, in place; -1 stays at the end.

    `duplicates` [m] numbers the corpus rows that are equal to the bit, -1 for those without an
    equal: these are given the best of their scores. A library that multiplies in blocks of several
    shapes can give them scores that differ in the last bit.
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
    """For each vector [m, d] the number of its group of equal ones, [m] int64, -1 for a single."""
    _, group, size = np.unique(_content_hashes(vectors), return_inverse=True, return_counts=True)
    return np.where(size[group] > 1, group, -1)


def _content_hashes(vectors: Array) -> NDArray[np.uint64]:
    """A number for each vector [n, d] that depends on its bits alone, [n] uint64.

    The sum of its words, each times an odd factor of its place, modulo 2⁶⁴.
    """
    factors = np.random.default_rng(0).integers(0, 1 << 63, vectors.shape[1], np.uint64) * 2 + 1
    numbers = np.empty(len(vectors), np.uint64)
    for i in range(0, len(vectors), LINES):
        words = np.ascontiguousarray(vectors[i : i + LINES]).view(np.uint32)
        numbers[i : i + LINES] = (words * factors).sum(axis=1, dtype=np.uint64)
    return numbers
