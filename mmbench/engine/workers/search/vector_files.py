"""Vectors in files, which several processes map, and which are sent to nodes without the file.

The driver shares a matrix that is mapped from a file as it is, and writes other vectors to a
temporary file. A worker maps the file if its node sees the same one: the same inode number, size
and time of modification, which a copy on another file system does not have. Other workers copy the
vectors (`vector_copies`).
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any, Self

import numpy as np
from numpy.typing import NDArray

from mmbench.columns.vectors import Vectors
from mmbench.types import Array

_PIECE = 1 << 25  # bytes that are written or sent at a time
_SAMPLE = 64  # vectors that are compared to find out whether a file was replaced


class FileId(tuple[str, int, int, int]):
    """A file on a node: path, inode number, size in bytes, and time of modification in ns."""

    @classmethod
    def of(cls, path: str) -> Self | None:
        """Return the id of the file at a path; None without a file."""
        try:
            facts = Path(path).stat()
        except OSError:
            return None
        return cls((path, facts.st_ino, facts.st_size, facts.st_mtime_ns))


class VectorsNeeded(Exception):
    """The error for vectors that a node does not see, if there is no server that sends them."""


@dataclass(frozen=True)
class SharedVectors:
    """Vectors [n, d] in a file, from byte `offset` on, with numbers of type `dtype`.

    If `norms` [n] float64 is given, each vector is divided by its norm, as in `Vectors`.
    """

    file: FileId
    offset: int
    dtype: str
    shape: tuple[int, int]
    norms: NDArray[np.float64] | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return self.shape[0]

    def part(self, start: int, stop: int) -> SharedVectors:
        """Return the vectors `start` to `stop`."""
        offset = self.offset + start * self.shape[1] * np.dtype(self.dtype).itemsize
        norms = None if self.norms is None else self.norms[start:stop]
        return replace(self, offset=offset, shape=(stop - start, self.shape[1]), norms=norms)

    def is_here(self) -> bool:
        """Return whether this node sees the file."""
        return FileId.of(self.file[0]) == self.file

    def open(self) -> Vectors:
        """Map the file. Raises VectorsNeeded if this node does not see it."""
        if not self.is_here():
            raise VectorsNeeded
        return Vectors(
            map_file(self.file[0], self.dtype, self.offset, self.shape), None, self.norms
        )


@contextmanager
def share_vectors(*sides: Array | Vectors) -> Iterator[list[SharedVectors]]:
    """Yield the vectors as files; temporary files are deleted after the `with` block.

    Raises OSError if a temporary file cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix="mmbench-search-") as folder:
        yield [
            _mapped_rows(vectors) or _written(vectors, Path(folder) / str(nth))
            for nth, vectors in enumerate(map(Vectors.from_array, sides))
        ]


def _mapped_rows(vectors: Vectors) -> SharedVectors | None:
    """Return consecutive rows of a matrix that is mapped from a file; None for other vectors."""
    matrix, rows = vectors.matrix, vectors.rows
    mapped = _root(matrix)
    if mapped is None or not len(vectors) or not matrix.flags.c_contiguous:
        return None
    first = 0 if rows is None else int(rows[0])
    if rows is not None and not np.array_equal(rows, np.arange(first, first + len(rows))):
        return None
    path = str(mapped.filename)
    file = FileId.of(path)
    if file is None:
        return None
    offset = mapped.offset + matrix.ctypes.data - mapped.ctypes.data
    whole = SharedVectors(file, offset, matrix.dtype.str, matrix.shape, vectors.norms)
    consecutive = whole.part(first, first + len(vectors))
    return consecutive if _has_same_bits(consecutive, vectors) else None


def _root(matrix: NDArray[Any]) -> np.memmap[Any, Any] | None:
    """Return the memory map that an array is a view of; None without one of a named file."""
    base: object = matrix
    while isinstance(base, np.ndarray) and isinstance(base.base, np.ndarray):
        base = base.base
    return base if isinstance(base, np.memmap) and base.filename is not None else None


def _has_same_bits(file: SharedVectors, vectors: Vectors) -> bool:
    """Return whether some vectors of a file are the mapped ones: the file may be another by now."""
    at = np.linspace(0, len(vectors) - 1, min(len(vectors), _SAMPLE)).astype(np.int64)
    try:
        read = file.open()[at]
    except (VectorsNeeded, ValueError, OSError):
        return False
    return read.tobytes() == vectors[at].tobytes()


def _written(vectors: Vectors, path: Path) -> SharedVectors:
    """Write vectors to a file. Raises OSError."""
    with path.open("wb") as file:  # `write` reports a full disk; a memory map ends the process
        for start in row_slices(vectors.shape):
            file.write(vectors[start].tobytes())
    ident = FileId.of(str(path))
    assert ident is not None
    return SharedVectors(ident, 0, "<f4", vectors.shape)


def row_slices(shape: tuple[int, int]) -> Iterator[slice]:
    """Yield the slices of rows of float32 that are written or sent at a time."""
    step = max(1, _PIECE // (4 * max(1, shape[1])))
    return (slice(start, min(start + step, shape[0])) for start in range(0, shape[0], step))


def map_file(
    file: str | IO[bytes], dtype: str, offset: int, shape: tuple[int, int]
) -> NDArray[Any]:
    """Map a matrix in a file, which begins at byte `offset`."""
    return np.memmap(file, np.dtype(dtype), "r", offset, shape)
