"""The vectors that a worker searches: files that its node sees, and copies of other files.

A copy is read, in pieces, from an actor on the driver's node into a temporary file.
"""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from numpy.typing import NDArray

from mmbench.columns.vectors import Vectors
from mmbench.engine.workers.search.vector_files import (
    FileId,
    SharedVectors,
    VectorsNeeded,
    map_file,
    row_slices,
)
from mmbench.errors import UserError
from mmbench.types import Array


class VectorServer:
    """A Ray actor on the driver's node, from which workers on other nodes read vectors."""

    def read(self, vectors: SharedVectors) -> Array:
        """Return all vectors [n, d] float32. Raises VectorsNeeded if the file has changed."""
        return vectors.open()[:]


class NodeVectors:
    """The vectors that a worker searches, and its copies of those that its node does not see.

    A copy is a temporary file without a name, which ends with the process.
    """

    def __init__(self) -> None:
        self._copies: dict[tuple[str, FileId, int, tuple[int, int]], Vectors] = {}

    def open(self, vectors: SharedVectors, search: str, server: Any) -> Vectors:
        """Return shared vectors as `Vectors`.

        `search` is the id of the search that uses them, and `server` the actor with a VectorServer,
        or None. Raises VectorsNeeded without a server if the node does not see the file, and
        UserError if it has no space for a copy.
        """
        if vectors.is_here():
            return vectors.open()
        if server is None:
            raise VectorsNeeded
        key = (search, vectors.file, vectors.offset, vectors.shape)
        if key not in self._copies:
            self._copies[key] = Vectors(_copied(vectors, server))
        return self._copies[key]

    def forget(self, search: str) -> None:
        """Delete the copies of vectors of a search."""
        self._copies = {key: one for key, one in self._copies.items() if key[0] != search}


def _copied(vectors: SharedVectors, server: Any) -> NDArray[Any]:
    """Read vectors from the server into a temporary file, one piece ahead, and map the file."""
    import ray

    def read(piece: slice) -> Array:
        array: Array = ray.get(server.read.remote(vectors.part(piece.start, piece.stop)))
        return array

    pieces = [*row_slices(vectors.shape)]
    with tempfile.TemporaryFile(prefix="mmbench-search-") as file, ThreadPoolExecutor(1) as reader:
        ahead = reader.submit(read, pieces[0])
        for following in [*pieces[1:], None]:
            piece = ahead.result()
            if following is not None:
                ahead = reader.submit(read, following)
            try:
                file.write(piece.tobytes())
            except OSError as error:
                size = 4 * vectors.shape[0] * vectors.shape[1]
                raise UserError(
                    f"{tempfile.gettempdir()} has no space for {size:,} bytes of vectors"
                    f" ({error.strerror}); set TMPDIR on the node to a folder with space"
                ) from error
        file.flush()
        return map_file(file, "<f4", 0, vectors.shape)
