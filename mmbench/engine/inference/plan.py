"""The plan of batches over the whole list of requests, made before the journal is read.

The plan depends only on the contents and the batch size. So a run that is killed and repeated makes
the same plan, and its outputs are identical bit for bit.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mmbench.columns import Places
from mmbench.storage.content_keys import Keys

WINDOW = 8192  # requests sorted together: enough for little padding, few enough to stream


def plan(lengths: Places, keys: Keys, size: int) -> Iterator[Places]:
    """Yield the rows of each batch: at most `size` rows of similar length, longest first.

    Rows are sorted within windows of 8192 requests. The longest rows come first, so that a batch
    that is too large for the memory fails at once. Rows of equal length are sorted by key, so that
    the batches of a window do not depend on the order of its requests.
    """
    halves = keys.view(">u8")  # [n, 2]; sorts like the bytes of the keys
    for start in range(0, len(lengths), WINDOW):
        window = slice(start, start + WINDOW)
        high, low = halves[window].T
        rows = start + np.lexsort((low, high, -lengths[window]))
        yield from (rows[i : i + size] for i in range(0, len(rows), size))
