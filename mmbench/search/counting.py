"""Ranks of positives, by counting, tile by tile, the items that precede them.

A line is a row or a column of a tile: the scores of one query. A limit is the score of a positive,
with which the scores of a line are compared. A wave has at most one limit for each line.
Comparisons have the shape [rows, waves, columns]: each row is compared with the limits of several
waves while it is in the fastest cache.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from mmbench.search.blocks import STEP, WAVES, Tile
from mmbench.search.checks import Ints
from mmbench.search.order import IdOrder
from mmbench.types import Array

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class _Wave:
    """Pairs that are counted together; a pair is a query and a positive.

    A wave holds arrays [lines, waves]: `positives` are the rows of the positives, `limits` their
    scores, and `ahead` counts the items that precede them. `cells` are the two indices (line, wave)
    of each pair in these arrays. `copied` is the line of the tile for each pair, or None to compare
    all lines.
    """

    pairs: Ints
    cells: tuple[Ints, Ints]
    positives: Ints
    limits: Array
    ahead: Ints
    copied: Ints | None


class SortedPairs:
    """The p pairs of n queries and their positives, sorted by query.

    `by_query` [p] sorts the pairs as they are given: pair i in this order is the given pair
    `by_query[i]`. `positives` [p] and `limits` [p] float32, the scores of the positives, are in
    this order.
    """

    def __init__(self, query_rows: Ints, positives: Ints, scores: Array, n: int) -> None:
        self.by_query = np.argsort(query_rows, kind="stable")
        self.positives = positives[self.by_query]
        # An infinite score comes from an invalid vector and must differ from padding.
        self.limits = np.where(np.isfinite(scores), scores, np.inf)[self.by_query]
        self._query_rows = query_rows[self.by_query]
        self._starts = np.searchsorted(self._query_rows, np.arange(n + 1))
        self._nth = np.arange(len(scores)) - self._starts[self._query_rows]

    def of_lines(self, first: int, size: int) -> tuple[Ints, Ints, Ints, int]:
        """Return the pairs of the `size` queries that start at `first`, as lines of a block.

        The arrays are the numbers of the pairs, their lines, and their numbers within their line,
        [k] each. The last value is the largest number of positives that at least a quarter of the
        lines have.
        """
        bounds = self._starts[first : first + size + 1]
        pairs = np.arange(bounds[0], bounds[-1])
        lines = self._query_rows[pairs] - first
        return pairs, lines, self._nth[pairs], _common_positives(np.diff(bounds), size // 4)


class Counter:
    """A counter of the items that precede the positive of each of p pairs in a ranking.

    An item precedes a positive if it has a greater score, or an equal score and a smaller key in
    `order`. A pair is a query, which is an item on `axis` of the tiles (0: rows, 1: columns), and a
    positive, which is an item on the other axis. Pair i is `query_rows[i]` and `positives[i]`, both
    [p] int64. `scores` [p] float32 are the scores of the pairs, which are compared bitwise with the
    tiles. There are `n` queries; `order` orders the items of the other axis. The tiles have the
    items `items` of that axis, which are a part of all items if a corpus is searched in parts;
    positives may be outside the part.
    """

    def __init__(
        self,
        axis: int,
        query_rows: Ints,
        positives: Ints,
        scores: Array,
        n: int,
        order: IdOrder,
        items: range,
    ) -> None:
        self._axis, self._order, self._items = axis, order, items
        self._pairs = SortedPairs(query_rows, positives, scores, n)
        self._seen = np.zeros(len(scores), np.float32)
        self._waves: dict[int, list[_Wave]] = {}
        self._lock = Lock()

    @property
    def ahead(self) -> Ints:
        """The number of items that precede the positive of each pair, [p] int64.

        It is valid only after all tiles have been visited.
        """
        ahead = np.zeros(len(self._seen), np.int64)
        for waves in self._waves.values():
            for wave in waves:
                ahead[self._pairs.by_query[wave.pairs]] = wave.ahead[wave.cells]
        return ahead

    @property
    def seen(self) -> Array:
        """The score of each pair in the tile that contains it, [p] float32.

        It is valid only after all tiles have been visited, and 0 for a pair outside the tiles.
        """
        return self._seen[np.argsort(self._pairs.by_query)]

    def visit(self, tile: Tile) -> None:
        """Count the items in a tile that precede the positives of the tile's queries."""
        first = tile.starts[self._axis]
        with self._lock:
            if first not in self._waves:
                self._waves[first] = self._plan(first, tile.scores.shape[self._axis])
        for wave in self._waves[first]:
            whole = tile.scores
            lines = wave.copied
            self._count(wave, whole if lines is None else whole.take(lines, self._axis), tile)

    def _plan(self, first: int, size: int) -> list[_Wave]:
        """Return the waves for the `size` lines that start at `first`.

        A wave is a set of positives that are compared in one pass over a tile. If at least a
        quarter of the lines have a k-th positive, the k-th positives of all lines are compared with
        the unmodified tile, for up to WAVES values of k in one pass. Every remaining pair of a line
        and a positive is compared with a copy of its line.
        """
        pairs, line, nth, common = self._pairs.of_lines(first, size)
        waves = []
        for k in range(0, common, WAVES):
            selected = (nth >= k) & (nth < min(common, k + WAVES))
            waves.append(self._wave(pairs[selected], (line[selected], nth[selected] - k), size))
        rest = nth >= common
        pairs, line = pairs[rest], line[rest]
        for i in range(0, len(pairs), STEP):
            batch, copied = pairs[i : i + STEP], line[i : i + STEP]
            cells = np.arange(len(batch)), np.zeros_like(batch)
            waves.append(self._wave(batch, cells, len(batch), copied))
        return waves

    def _wave(
        self, pairs: Ints, cells: tuple[Ints, Ints], lines: int, copied: Ints | None = None
    ) -> _Wave:
        shape = lines, int(cells[1].max()) + 1
        # Where there is no pair, only infinite scores of invalid vectors reach the limit. Then the
        # positive can be any item with a known key.
        positives, limits = np.full(shape, self._items.start), np.full(shape, np.inf, np.float32)
        positives[cells], limits[cells] = self._pairs.positives[pairs], self._pairs.limits[pairs]
        return _Wave(pairs, cells, positives, limits, np.zeros(shape, np.int64), copied)

    def _count(self, wave: _Wave, scores: Array, tile: Tile) -> None:
        limits = wave.limits[:, :, None] if self._axis == 0 else wave.limits.T[None]
        scores = scores[:, None]
        shape = len(scores), wave.limits.shape[1], scores.shape[2]
        mask = tile.buffer[: math.prod(shape)].reshape(shape)
        np.greater(scores, limits, out=mask)
        ahead = _per_line(mask, self._axis)
        np.equal(scores, limits, out=mask)
        mask[self._itself(wave, scores, tile)] = False
        if mask.any():
            ahead += self._ties(mask, wave, tile)
        with self._lock:
            np.add(wave.ahead, ahead, out=wave.ahead)

    def _itself(self, wave: _Wave, scores: Array, tile: Tile) -> tuple[Ints, ...]:
        """Store in `seen` the scores of the positives that the tile contains.

        Return the rows, waves and columns of these positives in the comparison.
        """
        positives, first = wave.positives[wave.cells], tile.starts[1 - self._axis]
        position = positives - self._items.start - first
        size = min(tile.scores.shape[1 - self._axis], len(self._items) - first)  # without padding
        inside = np.flatnonzero((position >= 0) & (position < size))
        line, nth = wave.cells[0][inside], wave.cells[1][inside]
        row, column = (line, position[inside]) if self._axis == 0 else (position[inside], line)
        self._seen[wave.pairs[inside]] = scores[row, 0, column]
        return row, nth, column

    def _ties(self, equal: Mask, wave: _Wave, tile: Tile) -> Ints:
        """Count the items that precede the positive by their id among equal scores, [lines, waves].

        `equal` [rows, waves, columns] marks the scores that are equal to the score of the positive.
        """
        before = _per_line(equal, self._axis)
        line, nth = np.nonzero(before)
        equal = equal[line, nth] if self._axis == 0 else equal[:, nth, line].T
        others = np.flatnonzero(equal.any(0))
        keys = self._order.keys(others + tile.starts[1 - self._axis] + self._items.start)
        own = self._order.keys(wave.positives[line, nth])
        before[line, nth] = np.count_nonzero(equal[:, others] & (keys < own[:, None]), axis=1)
        return before


def _common_positives(counts: Ints, lines: int) -> int:
    """Return the largest k for which at least `lines` lines have k or more positives.

    `counts` is the number of positives of each line.
    """
    return int(np.partition(counts, -lines)[-lines]) if 0 < lines <= len(counts) else 0


def _per_line(mask: Mask, axis: int) -> Ints:
    """Return the number of true values of each line of a mask, [lines, waves] int64.

    `mask` is [rows, waves, columns], with at most 255 rows. Sums are computed in bytes, without
    overflow: for columns, over the rows; for rows, in the eight bytes of 64-bit words, in parts of
    at most 255 words.
    """
    if axis == 1:
        counts: Ints = np.add.reduce(mask.view(np.uint8), axis=0, dtype=np.uint8).T.astype(np.int64)
        return counts
    words = mask.view(np.uint64)
    parts = next(n for n in (1, 2, 3, 6) if words.shape[2] <= 255 * n and not words.shape[2] % n)
    lanes = np.add.reduce(words.reshape(*mask.shape[:2], parts, -1), axis=3)
    counted: Ints = np.add.reduce(lanes.view(np.uint8), axis=2, dtype=np.int64)
    return counted
