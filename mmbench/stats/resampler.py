"""The draws of a bootstrap, as counts of each group, in blocks of resamples.

The draws of a million groups would take a gigabyte. So they are not stored, and each pass repeats
them with the same seed. The next block is drawn while the current block is counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from mmbench.stats.ahead import ahead
from mmbench.stats.folds import Floats, WeightedFold, folded
from mmbench.stats.sums import CHUNK, Groups, GroupSums, Ints, codes, group_sums

RESAMPLES = 1000
_CACHED = 1 << 16  # numbers drawn at a time, to fit the cache of a core


class Resampler:
    """The draws of one bootstrap; `groups` has the group of each row."""

    def __init__(self, groups: Groups, *, seed: int = 0, resamples: int = RESAMPLES) -> None:
        self.code, self.groups = codes(groups)
        self.seed, self.resamples = seed, resamples

    def values(self, tables: Sequence[tuple[str, Floats]]) -> list[Floats]:
        """Return, for each (fold, rows [n, c]), the value of the fold in each resample [b]."""
        sums = [group_sums(fold, rows, self.code, self.groups) for fold, rows in tables]
        by_rows = [folded(*table) for table, s in zip(tables, sums, strict=True) if s is None]
        stacked = np.column_stack([np.empty((self.groups, 0)), *(s.table for s in sums if s)])
        blocks = [
            (weights @ stacked, self._by_rows(by_rows, weights))
            for weights in self.weights(max(1, CHUNK // max(1, self.groups)))
        ]
        totals, values = zip(*blocks, strict=True)
        return self._fold_values(sums, np.concatenate(totals), np.concatenate(values, axis=1))

    @staticmethod
    def _fold_values(
        sums: Sequence[GroupSums | None], totals: Floats, by_rows: Floats
    ) -> list[Floats]:
        """Return the values of all folds in each resample.

        `sums` has an entry for each fold, in order. For a fold that needs only sums, its value
        comes from `totals` [b, k]; for any other fold (None), it is the next row of `by_rows` [f,
        b].
        """
        ends = np.cumsum([s.table.shape[1] for s in sums if s])
        own_totals, other_values = iter(np.split(totals, ends[:-1], axis=1)), iter(by_rows)
        with np.errstate(invalid="ignore", divide="ignore"):
            return [next(other_values) if s is None else s.fold(next(own_totals)) for s in sums]

    def _by_rows(self, folds: Sequence[WeightedFold], weights: Floats) -> Floats:
        """Return the values [f, b] of f folds that need all rows.

        `weights` [b, g] are the weights of the groups.
        """
        step = max(1, CHUNK // max(1, len(self.code)))
        values = np.empty((len(folds), len(weights)))
        for start in range(0, len(weights), step) if folds else ():
            part = slice(start, start + step)
            row_weights = weights[part].take(self.code, axis=1)
            values[:, part] = [fold(row_weights) for fold in folds]
        return values

    def weights(self, step: int) -> Iterator[Floats]:
        """Yield the count of each group in each resample, in blocks [step, g] float64.

        All blocks share the same memory; the last block may have fewer resamples.
        """
        rows = chain.from_iterable(self._draw_counts())
        block = np.empty((min(step, self.resamples), self.groups))
        for start in range(0, self.resamples, step):
            part = block[: self.resamples - start]
            for row, counts in zip(part, rows, strict=False):
                row[:] = counts
            yield part

    def _draws(self) -> Iterator[Ints]:
        """Yield the drawn group numbers of some resamples, [r, g], drawn with replacement."""
        rng = np.random.default_rng(self.seed)
        step = max(1, _CACHED // max(1, self.groups))
        for start in range(0, self.resamples, step):
            size = min(step, self.resamples - start), self.groups
            yield rng.integers(self.groups, size=size) if self.groups else np.empty(size, np.intp)

    def _draw_counts(self) -> Iterator[NDArray[np.uint8]]:
        """Yield the count of each group in some resamples, [r, g].

        All blocks share the same memory.
        """
        buffer = np.empty((0, 0), np.uint8)
        for drawn in ahead(self._draws()):
            buffer = buffer if buffer.size >= drawn.size else np.empty(drawn.shape, np.uint8)
            counts = buffer[: len(drawn)]
            counts.fill(0)
            if len(drawn) > 1:
                drawn += np.arange(len(drawn))[:, None] * self.groups
            np.add.at(counts.reshape(-1), drawn.reshape(-1), np.uint8(1))
            yield counts
