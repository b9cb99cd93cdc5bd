"""Collectors of the k items with the greatest scores for each query, tile by tile."""

from __future__ import annotations

from threading import Lock

import numpy as np
from numpy.typing import NDArray

from mmbench.search.blocks import Tile
from mmbench.search.checks import Ints
from mmbench.search.order import IdOrder
from mmbench.types import Array

GROUPS = 24  # divides a tile's sides; the k-th largest group maximum bounds the k-th best score
CROWD = 8  # above CROWD × k candidates per line, surplus equal scores are removed before sorting


class BestItems:
    """The k best items of each of n lines, to which candidates are added.

    `items` [n, k] int64 are the best items in descending order of score, padded with -1, and
    `scores` [n, k] float32 their scores, padded with -inf. Equal scores are ordered by `order`. k
    is at least 1.
    """

    def __init__(self, n: int, k: int, order: IdOrder) -> None:
        self._k, self._order = k, order
        self.scores = np.full((n, k), -np.inf, np.float32)
        self.items = np.full((n, k), -1)

    def merge(self, lines: slice, line: Ints, item: Ints, score: Array) -> None:
        """Merge candidates into the best items of the lines in `lines`.

        A candidate has a line (relative to the first of `lines`), an item, and a score.
        """
        top, scores = self.items[lines], self.scores[lines]
        touched = np.zeros(len(top), np.bool_)
        touched[line] = True
        previous = np.nonzero(touched[:, None] & (top >= 0))
        line = np.concatenate([line, previous[0]])
        item = np.concatenate([item, top[previous]])
        score = np.concatenate([score, scores[previous]])
        best = self._sorted(line, item, score)
        line = line[best]
        nth = np.arange(len(line)) - np.searchsorted(line, np.arange(len(top)))[line]
        is_kept = nth < self._k
        best, slots = best[is_kept], (line[is_kept], nth[is_kept])
        top[slots], scores[slots] = item[best], score[best]

    def _sorted(self, line: Ints, item: Ints, score: Array) -> Ints:
        """Return the indices that sort candidates by line, descending score, and hash of the id.

        Hashes are computed only if scores are equal.
        """
        bits = (score + np.float32(0)).view(np.int32)  # -0 becomes 0
        falling = ~(bits ^ ((bits >> 31) & 0x7FFFFFFF))  # integers in descending order of floats
        keys = (line << 32) + falling
        order = np.argsort(keys)
        keys = keys[order]
        if np.any(keys[1:] == keys[:-1]):
            order = order[np.lexsort((self._order.keys(item[order]), keys))]
        return order


class Nearest:
    """The k best of the items `items` for each of n queries.

    The queries are the items on `axis` of the tiles (0: rows, 1: columns), and `items` are on the
    other axis; they are a part of all items if a corpus is searched in parts. `best` has the
    result, which is complete only after all tiles have been visited.
    """

    def __init__(self, axis: int, n: int, items: range, k: int, order: IdOrder) -> None:
        self._axis, self._items, self._k, self._order = axis, items, k, order
        self.best = BestItems(n, k, order)
        self._lock = Lock()

    def visit(self, tile: Tile) -> None:
        """Add the items of a tile whose score is at least the current k-th best of their query."""
        first, first_other = tile.starts[self._axis], tile.starts[1 - self._axis]
        worst = self.best.scores[first : first + tile.scores.shape[self._axis], -1]
        ends = (len(worst), len(self._items) - first_other)[:: 1 - 2 * self._axis]
        scores = tile.scores[: ends[0], : ends[1]]
        floor = worst.copy()
        if np.isneginf(floor).any():
            floor = np.maximum(floor, self._floor(tile.scores)[: len(worst)])
        floor = np.expand_dims(floor, 1 - self._axis)
        candidates = scores >= floor
        if np.count_nonzero(candidates) > CROWD * self._k * len(worst):
            candidates = self._thinned(scores, floor, first_other)
        cells = np.divmod(np.flatnonzero(candidates), scores.shape[1])
        with self._lock:
            self.best.merge(
                slice(first, first + len(worst)),
                cells[self._axis],
                cells[1 - self._axis] + first_other + self._items.start,
                scores[cells],
            )

    def _floor(self, scores: Array) -> Array:
        """Return, for each line of a tile, a bound that at least k of its scores reach.

        The bound is -inf if the line has fewer than k scores.
        """
        if self._k > scores.shape[1 - self._axis]:
            return np.full(scores.shape[self._axis], -np.inf, np.float32)
        if self._k <= GROUPS:
            rows, columns = scores.shape
            split = (rows, GROUPS, -1) if self._axis == 0 else (GROUPS, -1, columns)
            scores = scores.reshape(split).max(2 - self._axis)
        kth = np.partition(scores, -self._k, axis=1 - self._axis).take([-self._k], 1 - self._axis)
        return kth.reshape(-1)

    def _thinned(self, scores: Array, floor: Array, first_other: int) -> NDArray[np.bool_]:
        """Return a mask of scores: all above the floor, and up to k per line that are equal to it.

        If more than k scores of a line are equal to its floor, they are chosen in the order of ids.
        """
        along = 1 - self._axis
        others = np.arange(scores.shape[along]) + first_other + self._items.start
        keys = self._order.keys(others)
        by_key = np.argsort(keys, kind="stable")
        equal = (scores == floor).take(by_key, along)
        equal &= np.cumsum(equal, axis=along, dtype=np.int32) <= self._k
        thinned: NDArray[np.bool_] = (scores > floor) | equal.take(np.argsort(by_key), along)
        return thinned
