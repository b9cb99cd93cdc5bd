"""The answers to the distinct items of a list of requests, filled batch by batch."""

from __future__ import annotations

from collections.abc import Sequence
from tempfile import TemporaryFile
from typing import NamedTuple

from mmbench.contents import ContentKeys
from mmbench.engine import calls
from mmbench.errors import SampleError
from mmbench.journal import Batch
from mmbench.types import Answers, Array, Item, Media, Requests, Said, Written

_IN_MEMORY = 1 << 30  # bytes of vectors beyond which they live in a temporary memory map
_BLOCK = 1 << 16  # rows normalised or copied at a time


class Distinct(NamedTuple):
    """The distinct items of a list of requests."""

    keys: list[bytes]
    items: list[Item]
    rows: list[int]  # per request: its number in `keys`, -1 where it has no key
    failures: dict[int, str]  # per request without a key: why


def distinct(items: Sequence[Item], keys: ContentKeys) -> Distinct:
    """Each item once, and which request asks for which."""
    found = Distinct([], [], [], {})
    seen: dict[bytes, int] = {}
    for row, item in enumerate(items):
        try:
            key = keys.key(item)
        except SampleError as error:
            found.failures[row] = str(error)
            found.rows.append(-1)
            continue
        if key not in seen:
            seen[key] = len(found.keys)
            found.keys.append(key)
            found.items.append(item)
        found.rows.append(seen[key])
    return found


class Table:
    """Answers of the distinct items, and the failures by row: vectors [n, d], or a list of rows."""

    def __init__(self, n: int, requests: Requests, name: str = "the model") -> None:
        self._n = n
        self._name = name
        self._requests = requests
        self._vectors: Array | None = None
        generated = 0 if requests.method in calls.VECTORS else n
        self._said: list[Written | Media | None] = [None] * generated
        self._failures: dict[int, str] = {}

    @property
    def whole(self) -> bool:
        """Whether a batch is answered whole or not at all, as one of vectors is."""
        return self._requests.method in calls.VECTORS

    def put(self, rows: Sequence[int], keys: Sequence[bytes], batch: Batch) -> None:
        """Put a batch's answers into their rows."""
        row_of = {keys[row]: row for row in rows}
        self._failures.update({row_of[key]: why for key, why in batch.failures.items()})
        places = [row_of[key] for key in batch.keys]
        if not places:
            return
        if self._requests.method in calls.VECTORS:
            self._put_vectors(places, batch)
            return
        for place, row in zip(places, batch.rows, strict=True):
            self._said[place] = calls.read(row, self._requests.method)

    def _put_vectors(self, places: list[int], batch: Batch) -> None:
        import numpy as np

        vectors = calls.vectors_of(batch.rows)
        if self._vectors is None:
            self._vectors = matrix(self._n, vectors.shape[1], vectors.itemsize)
        elif vectors.itemsize > self._vectors.itemsize:
            self._vectors = self._vectors.astype(np.float64)
        self._vectors[places] = vectors

    def answers(self, distinct: Distinct, labels: list[str]) -> Answers | Said:
        """From distinct items to requests.

        Raises ModelError for scores with another number of columns than there are labels.
        """
        failures = distinct.failures | {
            request: self._failures[row]
            for request, row in enumerate(distinct.rows)
            if row in self._failures
        }
        if self._requests.method not in calls.VECTORS:
            return Said([None if r < 0 else self._said[r] for r in distinct.rows], failures)
        if self._requests.method == "classify" and self._vectors is not None:
            calls.refuse_columns(self._vectors.shape[1], labels, self._name)
        width = max(1, len(labels))  # of rows of which none was answered
        unique = matrix(self._n, width) if self._vectors is None else self._vectors
        normalise = self._requests.method == "embed" and self._requests.normalise
        return Answers(_expand(unique, distinct.rows, normalise=normalise), failures, labels)


def matrix(n: int, d: int, itemsize: int = 4) -> Array:
    """Zeros [n, d] in float32 or, of 8 bytes, in float64.

    They are in memory, or beyond 1 GiB in a temporary file that is mapped.
    """
    import numpy as np

    dtype = np.float64 if itemsize == 8 else np.float32
    if itemsize * n * d <= _IN_MEMORY:
        return np.zeros((n, d), dtype)
    with TemporaryFile(prefix="mmbench-") as file:
        return np.memmap(file, dtype, "w+", shape=(n, d))


def _expand(unique: Array, rows_of: Sequence[int], *, normalise: bool) -> Array:
    """A row for each request, zero where it failed, L2-normalised if asked."""
    import numpy as np

    rows = np.array(rows_of, dtype=np.int64)
    out = matrix(len(rows), unique.shape[1], unique.itemsize)
    if not len(unique):  # not one item has a key
        return out
    for start in range(0, len(rows), _BLOCK):
        part = rows[start : start + _BLOCK]
        block = np.where((part >= 0)[:, None], unique[part], 0)
        if not normalise:
            out[start : start + _BLOCK] = block
            continue
        norms = np.sqrt(np.einsum("ij,ij->i", block, block, dtype=np.float64))
        out[start : start + _BLOCK] = block / np.where(norms > 0, norms, 1)[:, None]
    return out
