"""The order of items with equal scores: by a hash of the id, never by the position in the data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from mmbench.columns import take_rows


class IdOrder:
    """The sort keys of n items: the 8-byte blake2b hash of the id, as a big-endian number.

    Without ids, the id of an item is its row number in decimal. `ids` may be the ids of a part of
    the items, which begins with item `start`; the keys of other items must then be added. Keys are
    computed on first use, because ties are rare and a million hashes take a second.
    """

    def __init__(self, ids: Sequence[str] | None, n: int, start: int = 0) -> None:
        self._ids, self._start = ids, start
        self._keys = np.zeros(n, np.uint64)  # zeroed pages take memory only once they are used
        self._known = np.zeros(n, np.bool_)

    def add(self, rows: NDArray[np.int64], keys: NDArray[np.uint64]) -> None:
        """Set the keys [k] of the items at the indices `rows` [k]."""
        self._keys[rows], self._known[rows] = keys, True

    def keys(self, rows: NDArray[np.int64]) -> NDArray[np.uint64]:
        """Return the keys of the items at the indices `rows`, as uint64 of the same shape.

        Several threads may call this method at the same time.
        """
        missing = np.unique(rows[~self._known[rows]])
        if len(missing):
            if self._ids is None:
                names: Iterable[str] = map(str, missing.tolist())
            else:
                names = take_rows(self._ids, missing - self._start)
            self.add(missing, np.array([_hash(name) for name in names], np.uint64))
        return self._keys[rows]


def _hash(name: str) -> int:
    data = name.encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "big")
