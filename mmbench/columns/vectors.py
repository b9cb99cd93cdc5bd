"""Vectors that stay in their matrix, in memory or in a file, and are converted on access.

A file of 10 million vectors is memory-mapped and never copied as a whole: a search reads it block
by block, converts each block to float32 and scales its vectors to length 1.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mmbench.columns import Places

Array = NDArray[np.float32]

_BLOCK = 1 << 12  # vectors whose norms are computed at a time
_THREADS = 2


class Vectors:
    """Vectors [n, d] float32 from a matrix [m, d] of any floating-point type.

    `rows` [n] int64 gives the matrix row of each vector; None means all rows in order. If `norms`
    [m] float64 is given, each vector is divided by the norm of its row; a vector with norm 0
    becomes zero.
    """

    ndim: Final = 2
    dtype: Final = np.dtype(np.float32)

    def __init__(
        self,
        matrix: NDArray[Any],
        rows: Places | None = None,
        norms: NDArray[np.float64] | None = None,
    ) -> None:
        self.matrix, self.rows, self.norms = np.asarray(matrix), rows, norms

    @classmethod
    def from_array(cls, vectors: Array | Vectors) -> Vectors:
        """Return an array [n, d] as `Vectors`; `Vectors` are returned unchanged."""
        return vectors if isinstance(vectors, Vectors) else cls(vectors)

    def __len__(self) -> int:
        return len(self.matrix if self.rows is None else self.rows)

    @property
    def shape(self) -> tuple[int, int]:
        """Return the number of vectors n and their dimension d."""
        return len(self), self.matrix.shape[1]

    def __getitem__(self, at: slice | Places) -> Array:
        """Return the vectors [k, d] float32 at `at`: a slice, or positions [k] int64."""
        rows = at if self.rows is None else self.rows[at]
        with np.errstate(over="ignore", invalid="ignore"):  # values beyond float32 become infinite
            vectors = np.asarray(self.matrix[rows], np.float32)
        if self.norms is None:
            return vectors
        norms, scaled = self.norms[rows], np.empty(vectors.shape, np.float32)
        with np.errstate(divide="ignore", invalid="ignore"):
            np.divide(vectors, norms[:, None], out=scaled, dtype=np.float64, casting="same_kind")
        scaled[norms == 0] = 0
        return scaled

    def take(self, places: Places) -> Vectors:
        """Return the vectors at positions `places` [k] int64, without reading any data."""
        rows = places if self.rows is None else self.rows[places]
        return Vectors(self.matrix, rows, self.norms)

    def of_length_1(self) -> tuple[Vectors, Places]:
        """Return the vectors scaled to length 1, and the positions [k] int64 of unusable vectors.

        A vector that is zero, or has NaN or infinite values, is unusable and becomes zero. The
        whole matrix is read once, in order.
        """
        norms = np.empty(len(self.matrix))

        def measure(start: int) -> None:
            block = Vectors(self.matrix)[start : start + _BLOCK]
            exact = np.ascontiguousarray(block, np.float64)
            norms[start : start + _BLOCK] = np.linalg.norm(exact, axis=1)

        with ThreadPoolExecutor(_THREADS) as pool:
            list(pool.map(measure, range(0, len(norms), _BLOCK)))
        norms[~np.isfinite(norms)] = 0
        unusable = (norms if self.rows is None else norms[self.rows]) == 0
        return Vectors(self.matrix, self.rows, norms), np.flatnonzero(unusable)
