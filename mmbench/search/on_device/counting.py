"""Ranks of positives on a torch device, by counting, block by block, the items that precede them.

A line is a row or a column of a block: the scores of one query. A limit is the score of a positive,
with which the scores of a line are compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mmbench.search.checks import Ints
from mmbench.search.counting import SortedPairs
from mmbench.search.on_device.products import ScoreBlock
from mmbench.search.order import IdOrder
from mmbench.types import Array

if TYPE_CHECKING:
    import torch

_SIGN = np.uint64(1 << 63)  # torch has no order of uint64: keys are shifted to int64


class _Wave(NamedTuple):
    """Pairs that are compared at once: indices of pairs, and the line of each pair.

    If `whole`, all lines of the block are compared, and lines without a pair count nothing.
    """

    pairs: Ints
    lines: Ints
    whole: bool


class DeviceCounter:
    """A counter of the items that precede the positive of each of p pairs in a ranking.

    Arguments and results are those of `counting.Counter`; the scores are on `device`.
    """

    def __init__(
        self,
        device: torch.device,
        axis: int,
        query_rows: Ints,
        positives: Ints,
        scores: Array,
        n: int,
        order: IdOrder,
        items: range,
    ) -> None:
        import torch

        self._device, self._axis, self._order, self._first = device, axis, order, items.start
        self._pairs = SortedPairs(query_rows, positives, scores, n)
        self._limits = torch.from_numpy(self._pairs.limits).to(device)
        self._ahead = torch.zeros(len(scores), dtype=torch.int64, device=device)
        self._seen = torch.zeros(len(scores), device=device)

    @property
    def ahead(self) -> Ints:
        """The number of items that precede the positive of each pair, [p] int64.

        It is valid only after all blocks have been visited.
        """
        ahead = np.empty(len(self._pairs.by_query), np.int64)
        ahead[self._pairs.by_query] = self._ahead.cpu().numpy()
        return ahead

    @property
    def seen(self) -> Array:
        """The score of each pair in the block that contains it, [p] float32.

        It is valid only after all blocks have been visited, and 0 for a pair outside the blocks.
        """
        seen = np.empty(len(self._pairs.by_query), np.float32)
        seen[self._pairs.by_query] = self._seen.cpu().numpy()
        return seen

    def visit(self, block: ScoreBlock) -> None:
        """Count the items in a block that precede the positives of the block's queries."""
        scores = block.scores if self._axis == 0 else block.scores.T
        first, other = block.starts[self._axis], block.starts[1 - self._axis] + self._first
        for wave in self._waves(first, len(scores)):
            self._count(wave, scores, other)

    def _waves(self, first: int, size: int) -> Iterator[_Wave]:
        """Yield the waves for the `size` lines that start at `first`.

        If at least a quarter of the lines have a k-th positive, the k-th positives are compared
        with the whole block. The other pairs are compared with copies of their lines.
        """
        pairs, lines, nth, common = self._pairs.of_lines(first, size)
        for k in range(common):
            yield _Wave(pairs[nth == k], lines[nth == k], whole=True)
        pairs, lines = pairs[nth >= common], lines[nth >= common]
        for i in range(0, len(pairs), size):
            yield _Wave(pairs[i : i + size], lines[i : i + size], whole=False)

    def _count(self, wave: _Wave, scores: torch.Tensor, other: int) -> None:
        pairs, lines = self._tensor(wave.pairs), self._tensor(wave.lines)
        limits = self._limits[pairs]
        inside = self._note_seen(wave, scores, other)
        if wave.whole:
            compared, limits_of_lines = scores, limits.new_full((len(scores),), np.inf)
            limits_of_lines[lines] = limits
        else:
            compared, limits_of_lines = scores[lines], limits
        greater = (compared > limits_of_lines[:, None]).sum(1)
        at_least = (compared >= limits_of_lines[:, None]).sum(1)
        if wave.whole:
            greater, at_least = greater[lines], at_least[lines]
        self._ahead[pairs] += greater
        tied = (at_least - greater > inside).nonzero()[:, 0].cpu().numpy()
        if len(tied):
            self._count_ties(wave.pairs[tied], wave.lines[tied], scores, other)

    def _note_seen(self, wave: _Wave, scores: torch.Tensor, other: int) -> torch.Tensor:
        """Store in `seen` the scores of the positives that the block contains.

        Return 1 for each pair whose positive is in the block, and 0 for the others, [pairs] int64.
        """
        position = self._pairs.positives[wave.pairs] - other
        is_inside = (position >= 0) & (position < scores.shape[1])
        line, column = self._tensor(wave.lines[is_inside]), self._tensor(position[is_inside])
        self._seen[self._tensor(wave.pairs[is_inside])] = scores[line, column]
        return self._tensor(is_inside.astype(np.int64))

    def _count_ties(self, pairs: Ints, lines: Ints, scores: torch.Tensor, other: int) -> None:
        """Add the items that precede a positive by their id among equal scores.

        As many pairs are compared at once as the block has lines.
        """
        for i in range(0, len(pairs), len(scores)):
            batch = self._tensor(pairs[i : i + len(scores)])
            equal = scores[self._tensor(lines[i : i + len(scores)])] == self._limits[batch, None]
            items = equal.any(0).nonzero()[:, 0]
            keys = self._keys(items.cpu().numpy() + other)
            own = self._keys(self._pairs.positives[pairs[i : i + len(scores)]])
            precedes = equal[:, items] & (keys < own[:, None])
            self._ahead[batch] += precedes.sum(1)

    def _keys(self, items: Ints) -> torch.Tensor:
        """Return the keys of items in an int64 tensor, whose order is the order of the keys."""
        return self._tensor((self._order.keys(items) ^ _SIGN).view(np.int64))

    def _tensor(self, numbers: Ints) -> torch.Tensor:
        import torch

        return torch.from_numpy(np.ascontiguousarray(numbers)).to(self._device)
