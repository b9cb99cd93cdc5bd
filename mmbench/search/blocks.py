"""Computation of all scores between two sets of vectors, in blocks, by all threads of torch.

A block is one matrix product. It is padded with zeros, so that all blocks have the same shape, and
its sides are multiples of the tile sizes of BLAS micro-kernels. Therefore, equal pairs of vectors
have bitwise equal scores, regardless of their positions.

Each thread computes and reads its own strip of a few blocks, so that one thread counts while
another multiplies. Threads share a chunk of columns, which is read only once.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from mmbench.columns.vectors import Vectors
from mmbench.search.checks import Ints, invalid_rows
from mmbench.types import Array

if TYPE_CHECKING:
    import torch

Tasks = Generator[Callable[["_Scratch"], object]]

STEP = 48  # divides the sides of blocks; a multiple of common micro-kernel sizes
ROWS = 480  # largest number of rows of a block
COLUMNS = (1392, 1776)  # smallest and largest number of columns of a block, if there are enough
WIDE = 3  # blocks per strip: numpy broadcasts twice as fast to rows of more than 4,096 numbers
RUN = 240  # largest number of rows of a tile, which must fit into a byte
WAVES = 8  # size of the buffer for comparisons, in tiles
PAIRS = 20 * STEP  # pairs whose scores are computed at once
WORKERS = 8  # largest number of counting threads; with more threads, each product uses several


@dataclass(frozen=True)
class Tile:
    """A part of a strip: scores [r, c] float32.

    `starts` are the indices of the first row and the first column. r is a multiple of STEP / 2, c a
    multiple of STEP; scores after the last row or column are padded with -inf. `buffer` has at
    least WAVES × r × c bytes for the results of comparisons.
    """

    scores: Array
    starts: tuple[int, int]
    buffer: NDArray[np.bool_]


class Visitor(Protocol):
    """An object that reads all tiles; several threads call it at the same time, in any order."""

    def visit(self, tile: Tile) -> None:
        """Read a tile. Its memory is overwritten after the call."""
        ...


class Sweep:
    """The dot products of all `rows` [n, d] with all `columns` [m, d], float32, tile by tile.

    n and m are at least 1. Use a Sweep as a context manager. Memory at d = 512: up to 30 MB for
    each of at most WORKERS threads, and up to three chunks of 11 MB. After `visit`, `invalid_rows`
    lists the rows and the columns that are NaN, infinite or zero: vectors whose squared norm is not
    a positive float32.

    If rows and columns are parts of larger sets, `sizes` are the sizes of these sets. Then all
    blocks have the shape that they have for the complete sets, so that the scores are the same.
    """

    def __init__(
        self,
        rows: Array | Vectors,
        columns: Array | Vectors,
        sizes: tuple[int, int] | None = None,
    ) -> None:
        import torch

        self._rows, self._columns = rows, columns
        self._height, self._width = block_shape(*sizes or (len(rows), len(columns)))
        self._chunk = min(WIDE, -(-len(columns) // self._width)) * self._width
        self._threads = torch.get_num_threads()
        self.invalid_rows: tuple[list[int], list[int]] = ([], [])

    def __enter__(self) -> Self:
        import torch

        strips = -(-len(self._rows) // self._height) * -(-len(self._columns) // self._chunk)
        workers = min(self._threads, WORKERS, strips)
        # The setting is per thread, but the last value is the default of new threads.
        each = self._threads // workers
        self._pool = ThreadPoolExecutor(workers, "sweep", torch.set_num_threads, (each,))
        self._scratch = [
            _Scratch(self._height, self._chunk, self._rows.shape[1]) for _ in range(workers)
        ]
        return self

    def __exit__(self, *_: object) -> None:
        import torch

        self._pool.shutdown()
        torch.set_num_threads(self._threads)

    def pair_scores(self, rows: Ints, columns: Ints) -> Array:
        """Return the score of each pair of a row and a column, [p] float32.

        `rows` and `columns` [p] are the indices of the pairs. The pairs are multiplied in blocks
        of minimal size, and the diagonal of each block holds their scores. With all BLAS libraries
        that were tested, the scores are bitwise equal to those computed in whole tiles; the caller
        must check this, because it is not guaranteed.
        """
        scores = np.empty(len(rows), np.float32)

        def diagonals(part: slice, scratch: _Scratch) -> None:
            import torch

            left = _padded(self._rows[rows[part]], scratch.pairs[0])
            right = _padded(self._columns[columns[part]], scratch.pairs[1])
            shape = (-1, STEP, left.shape[1])
            blocks = torch.bmm(left.view(shape), right.view(shape).transpose(1, 2))
            scores[part] = blocks.diagonal(dim1=1, dim2=2).flatten()[: len(scores[part])]

        self._run(partial(diagonals, slice(i, i + PAIRS)) for i in range(0, len(rows), PAIRS))
        return scores

    def visit(self, *visitors: Visitor) -> None:
        """Compute every tile and pass it to every visitor."""
        self._run(self._strips(visitors))

    def _strips(self, visitors: tuple[Visitor, ...]) -> Tasks:
        chunks = [_Chunk(i) for i in range(0, len(self._columns), self._chunk)][::-1]
        starts = range(0, len(self._rows), self._height)
        while chunks:
            chunk = chunks.pop()
            for i, start in enumerate(starts):
                if i == len(starts) // 2 and chunks:  # load the next chunk in advance
                    yield partial(self._right, chunks[-1])
                yield partial(self._strip, visitors, chunk, start)

    def _strip(
        self, visitors: tuple[Visitor, ...], chunk: _Chunk, start: int, scratch: _Scratch
    ) -> None:
        import torch

        right = self._right(chunk, scratch)
        left = _padded(self._rows[start : start + self._height], scratch.left)
        if chunk.start == 0:
            self._note_invalid(0, left, start)
        for i in range(0, len(right), self._width):
            block = slice(i, i + self._width)
            torch.mm(left, right[block].T, out=scratch.strip[:, block])
        scores = scratch.strip.numpy()[:, : len(right)]
        scores[len(self._rows) - start :] = -np.inf
        scores[:, len(self._columns) - chunk.start :] = -np.inf
        for run in range(0, min(self._height, len(self._rows) - start), RUN):
            tile = Tile(scores[run : run + RUN], (start + run, chunk.start), scratch.buffer)
            for visitor in visitors:
                visitor.visit(tile)

    def _right(self, chunk: _Chunk, _: _Scratch) -> torch.Tensor:
        with chunk.lock:
            if chunk.vectors is None:
                columns = self._columns[chunk.start : chunk.start + self._chunk]
                size = -(-len(columns) // self._width) * self._width
                chunk.vectors = _padded(columns, _buffer(size, columns.shape[1]))
                self._note_invalid(1, chunk.vectors, chunk.start)
            return chunk.vectors

    def _note_invalid(self, side: int, vectors: torch.Tensor, start: int) -> None:
        used = vectors.numpy()[: len((self._rows, self._columns)[side]) - start]
        self.invalid_rows[side].extend(start + row for row in invalid_rows(used))

    def _run(self, tasks: Tasks) -> None:
        lock = Lock()

        def work(scratch: _Scratch) -> None:
            while True:
                with lock:
                    task = next(tasks, None)
                if task is None:
                    return
                task(scratch)

        jobs = [self._pool.submit(work, scratch) for scratch in self._scratch]
        try:
            wait(jobs, return_when=FIRST_EXCEPTION)
        finally:  # after an error or Ctrl-C no thread starts another task
            with lock:
                tasks.close()
        for job in jobs:
            job.result()


class _Scratch:
    """The buffers of one thread."""

    def __init__(self, height: int, width: int, d: int) -> None:
        self.left = _buffer(height, d)
        self.pairs = _buffer(PAIRS, d), _buffer(PAIRS, d)
        self.strip = _buffer(height, width)
        self.buffer = np.empty(WAVES * min(height, RUN) * width, np.bool_)


@dataclass
class _Chunk:
    """The columns of one strip, copied into a buffer by the first thread that needs them."""

    start: int
    vectors: torch.Tensor | None = None
    lock: Lock = field(default_factory=Lock)


def block_shape(n: int, m: int) -> tuple[int, int]:
    """Return the height and the width of the blocks for `n` rows and `m` columns."""
    return _height(n), _width(m)


def _height(n: int) -> int:
    """Return the block height that needs the least work for `n` rows.

    Packing the columns of a block costs as much as 16 rows.
    """
    sizes = range(STEP, ROWS + 1, STEP // 2)
    return min(sizes, key=lambda rows: (-(-n // rows) * (rows + 16), -rows))


def _width(m: int) -> int:
    """Return the block width that needs the least padding for `m` columns."""
    narrow, wide = (min(columns, -(-m // STEP) * STEP) for columns in COLUMNS)
    return min(range(wide, narrow - 1, -STEP), key=lambda columns: -(-m // columns) * columns)


def _buffer(rows: int, columns: int) -> torch.Tensor:
    """Return a float32 buffer [rows, columns] aligned to a cache line.

    NumPy allocates it, because NumPy requests large pages.
    """
    import torch

    spare = np.empty(rows * columns + 16, np.float32)
    start = -(spare.ctypes.data // 4) % 16
    return torch.from_numpy(spare[start : start + rows * columns].reshape(rows, columns))


def _padded(vectors: Array, out: torch.Tensor) -> torch.Tensor:
    """Copy vectors [k, d] into the first k rows of a buffer, and fill the other rows with zeros."""
    view = out.numpy()
    view[: len(vectors)] = vectors
    view[len(vectors) :] = 0
    return out
