"""A selector of the candidates for the nearest items, on a torch device."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mmbench.search.nearest import CROWD, BestItems
from mmbench.search.on_device.products import ScoreBlock
from mmbench.search.order import IdOrder

if TYPE_CHECKING:
    import torch


class DeviceNearest:
    """The k best of the items `items` for each of n queries.

    Arguments and results are those of `nearest.Nearest`. Only the scores that are at least the
    current k-th best of their query leave the device.
    """

    def __init__(
        self,
        device: torch.device,
        axis: int,
        n: int,
        items: range,
        k: int,
        order: IdOrder,
    ) -> None:
        self._device, self._axis, self._k, self._order = device, axis, k, order
        self._first = items.start
        self.best = BestItems(n, k, order)

    def visit(self, block: ScoreBlock) -> None:
        """Add the items of a block whose score is at least the current k-th best of their query."""
        import torch

        scores = block.scores if self._axis == 0 else block.scores.T
        first, other = block.starts[self._axis], block.starts[1 - self._axis] + self._first
        lines = slice(first, first + len(scores))
        floor = torch.from_numpy(self.best.scores[lines, -1]).to(self._device)
        if scores.shape[1] >= self._k and bool(floor.isneginf().any()):
            floor = torch.maximum(floor, torch.topk(scores, self._k, dim=1).values[:, -1])
        candidates = scores >= floor[:, None]
        if int(candidates.sum()) > CROWD * self._k * len(scores):
            candidates = self._thinned(scores, floor[:, None], other)
        line, item = candidates.nonzero().T
        score = scores[line, item].cpu().numpy()
        self.best.merge(lines, line.cpu().numpy(), item.cpu().numpy() + other, score)

    def _thinned(self, scores: torch.Tensor, floor: torch.Tensor, other: int) -> torch.Tensor:
        """Return a mask of scores: all above the floor, and up to k per line that are equal to it.

        If more than k scores of a line are equal to its floor, they are chosen in the order of ids.
        """
        import torch

        keys = self._order.keys(np.arange(scores.shape[1]) + other)
        by_key = torch.from_numpy(np.argsort(keys, kind="stable")).to(self._device)
        equal = (scores == floor)[:, by_key]
        equal &= equal.cumsum(1, dtype=torch.int32) <= self._k
        thinned: torch.Tensor = (scores > floor) | equal[:, by_key.argsort()]
        return thinned
