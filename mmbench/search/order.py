"""The order of items with equal scores: by a hash of the id, never by the position in the data."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from mmbench.columns import take_rows


class IdOrder:
    """The sort keys of n items: the 8-byte blake2b hash of the id, as a big-endian number.

    Without ids, the id of an item is its row number in decimal. Keys are computed on first use,
    because ties are rare and a million hashes take a second.
    """

    def __init__(self, ids: Sequence[str] | None, n: int) -> None:
        self._ids = ids
        self._keys = np.zeros(n, np.uint64)
        self._known = np.zeros(n, np.bool_)

    def keys(self, rows: NDArray[np.int64]) -> NDArray[np.uint64]:
        """Return the keys of the items at the indices `rows`, as uint64 of the same shape.

        Several threads may call this method at the same time.
        """
        missing = np.unique(rows[~self._known[rows]])
        if len(missing):
            names = (
                map(str, missing.tolist()) if self._ids is None else take_rows(self._ids, missing)
            )
            self._keys[missing] = [_hash(name) for name in names]
            self._known[missing] = True
        return self._keys[rows]


def _hash(name: str) -> int:
    data = name.encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "big")
