"""Computation of all scores between two sets of vectors on a torch device, in blocks.

All products have one shape, which depends on the sizes of the sets and on the type of the device,
but not on its free memory. A product of one shape is computed by one kernel, in which every score
is summed in the same order. Therefore, equal pairs of vectors have bitwise equal scores, regardless
of their positions.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, Protocol, Self

import numpy as np

from mmbench.columns.vectors import Vectors
from mmbench.search.blocks import block_shape
from mmbench.search.checks import Ints
from mmbench.types import Array

if TYPE_CHECKING:
    import torch

HEIGHT, WIDTH = 2048, 8192  # largest numbers of rows and columns of a product on a GPU
STEP = 64  # divides the sides of products on a GPU
SHARE = 0.5  # share of the free memory that is used
CPU_MEMORY = 1 << 28  # bytes used on the CPU
BYTES_PER_SCORE = 16  # a score, its copies, and the results of comparisons
WIDEST = 16  # largest number of products per block


class ScoreBlock(NamedTuple):
    """A block of scores [r, c] float32; `starts` are the indices of its first row and column."""

    scores: torch.Tensor
    starts: tuple[int, int]


class BlockVisitor(Protocol):
    """An object that reads all blocks, one at a time."""

    def visit(self, block: ScoreBlock) -> None:
        """Read a block. Its memory is overwritten after the call."""
        ...


class DeviceSweep:
    """The dot products of all `rows` [n, d] with all `columns` [m, d], float32, block by block.

    It has the methods of `blocks.Sweep`; `sizes` has the same meaning. A block has as many products
    side by side as fit into half of the device's free memory. The vectors of the next block are
    read and copied while the current block is computed. The rows stay on the device if they take
    less than a quarter of this memory.
    """

    def __init__(
        self,
        device: str,
        rows: Array | Vectors,
        columns: Array | Vectors,
        sizes: tuple[int, int] | None = None,
    ) -> None:
        import torch

        self.device = torch.device(device)
        self._sides = rows, columns
        on_cpu = self.device.type == "cpu"
        shape = block_shape if on_cpu else product_shape
        self._height, self._width = shape(*sizes or (len(rows), len(columns)))
        self._d = rows.shape[1]
        memory, row_bytes = _free_memory(self.device), 4 * self._d
        each = self._width * (BYTES_PER_SCORE * self._height + 3 * row_bytes)
        products = -(-len(columns) // self._width)
        self._chunk = self._width * max(1, min(WIDEST, products, memory // each))
        self._holds_rows = len(rows) * row_bytes < memory // 4
        self._scores = torch.empty(self._height, self._chunk, device=self.device)
        self._invalid: tuple[list[torch.Tensor], list[torch.Tensor]] = ([], [])

    def __enter__(self) -> Self:
        self._reader = ThreadPoolExecutor(1, "search-reader")
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.shutdown(cancel_futures=True)

    @property
    def invalid_rows(self) -> tuple[list[int], list[int]]:
        """The indices of the rows and of the columns that are NaN, infinite or zero, after `visit`.

        The squared norm of these vectors is not a positive float32.
        """
        rows, columns = ([row for part in side for row in part.tolist()] for side in self._invalid)
        return rows, columns

    def pair_scores(self, rows: Ints, columns: Ints) -> Array:
        """Return the score of each pair of a row and a column, [p] float32.

        `rows` and `columns` [p] are the indices of the pairs. A score is computed by a product of
        the same shape as all others: of some of the rows, and of the columns of their pairs.
        """
        scores = np.empty(len(rows), np.float32)
        by_row = np.argsort(rows, kind="stable")
        distinct, nth = np.unique(rows[by_row], return_inverse=True)
        start = 0
        while start < len(rows):
            fits = int(np.searchsorted(nth, nth[start] + self._height))
            batch = slice(start, min(start + self._width, fits))
            pairs, own = by_row[batch], nth[batch] - nth[start]
            used = distinct[nth[start] : nth[batch][-1] + 1]
            left, right = self._rows_at(0, used), self._rows_at(1, columns[pairs])
            product = self._multiply(left, right)
            at = self._on_device(own), self._on_device(np.arange(len(own)))
            scores[pairs] = product[at].cpu().numpy()
            start = batch.stop
        return scores

    def visit(self, *visitors: BlockVisitor) -> None:
        """Compute every block and pass it to every visitor."""
        self._invalid[0].clear()
        self._invalid[1].clear()
        held: dict[int, torch.Tensor] = {}
        for right, first in self._chunks():
            for start in range(0, len(self._sides[0]), self._height):
                left = held[start] if start in held else self._read(0, start, self._height)
                if self._holds_rows:
                    held[start] = left
                if first == 0:
                    self._note_invalid(0, left, start)
                height = min(self._height, len(self._sides[0]) - start)
                width = min(self._chunk, len(self._sides[1]) - first)
                scores = self._multiply(left, right)[:height, :width]
                for visitor in visitors:
                    visitor.visit(ScoreBlock(scores, (start, first)))

    def _chunks(self) -> Iterator[tuple[torch.Tensor, int]]:
        """Yield the columns of each block with the first index, read one block ahead."""
        starts = range(0, len(self._sides[1]), self._chunk)
        ahead = self._reader.submit(self._read, 1, starts[0], self._chunk)
        for start in starts:
            right = ahead.result()
            if start + self._chunk < len(self._sides[1]):
                ahead = self._reader.submit(self._read, 1, start + self._chunk, self._chunk)
            self._note_invalid(1, right, start)
            yield right, start

    def _multiply(self, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        """Return the scores of padded vectors: left [height, d], and right, a multiple of width."""
        import torch

        for i in range(0, len(right), self._width):
            part = slice(i, i + self._width)
            torch.mm(left, right[part].T, out=self._scores[:, part])
        return self._scores[:, : len(right)]

    def _read(self, side: int, start: int, size: int) -> torch.Tensor:
        size = min(size, len(self._sides[side]) - start)
        return self._padded(side, self._sides[side][start : start + size])

    def _rows_at(self, side: int, at: Ints) -> torch.Tensor:
        return self._padded(side, self._sides[side][at])

    def _padded(self, side: int, vectors: Array) -> torch.Tensor:
        """Copy vectors to the device, with rows of zeros up to a multiple of the product's side."""
        import torch

        step = (self._height, self._width)[side]
        padded = torch.zeros(-(-len(vectors) // step) * step, self._d, pin_memory=self._pins)
        padded.numpy()[: len(vectors)] = vectors
        return padded.to(self.device, non_blocking=self._pins)

    @property
    def _pins(self) -> bool:
        """Whether copies to the device start from page-locked memory, which makes them fast."""
        return self.device.type == "cuda"

    def _on_device(self, numbers: Ints) -> torch.Tensor:
        import torch

        return torch.from_numpy(np.ascontiguousarray(numbers)).to(self.device)

    def _note_invalid(self, side: int, vectors: torch.Tensor, start: int) -> None:
        used = vectors[: len(self._sides[side]) - start]
        squares = used.square().sum(1)
        valid = (squares > 0) & (squares < np.inf)
        self._invalid[side].append((~valid).nonzero()[:, 0] + start)


def product_shape(n: int, m: int) -> tuple[int, int]:
    """Return the height and the width of products on a GPU for `n` rows and `m` columns."""
    return _even(n, HEIGHT), _even(m, WIDTH)


def _even(n: int, most: int) -> int:
    """Return the side of equal blocks of `n` vectors with at most `most` vectors each."""
    blocks = -(-n // most)
    return -(-n // (blocks * STEP)) * STEP


def _free_memory(device: torch.device) -> int:
    """Return how many bytes a search may use on a device."""
    import torch

    if device.type != "cuda":
        return CPU_MEMORY
    free, _ = torch.cuda.mem_get_info(device)
    reserved = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return int(SHARE * (free + reserved))


@contextmanager
def full_precision() -> Iterator[None]:
    """Multiply float32 without TF32 in the `with` block, whatever a model has set."""
    import torch

    matmul = torch.backends.cuda.matmul
    # The first name is new in torch 2.9, which refuses to read the second if both were set.
    new, old = ("fp32_precision", "ieee"), ("allow_tf32", False)
    name, exact = new if hasattr(matmul, new[0]) else old
    earlier = getattr(matmul, name)
    setattr(matmul, name, exact)
    try:
        yield
    finally:
        setattr(matmul, name, earlier)
