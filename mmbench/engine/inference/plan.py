"""Batches are planned over the whole list of requests, before the journal is read.

The plan depends on the contents and the batch size alone, so that a run that was killed makes the
same plan again and every batch has the bits it would have had.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from mmbench.columns import Places
from mmbench.storage.content_keys import Keys
from mmbench.types import Requests

WINDOW = 8192  # requests sorted at a time: long enough to pad little, short enough to stream
CPU_BATCH = 64  # beyond this a CPU gains nothing
CUDA_BATCH = 256
_ACTIVATIONS = 32  # bytes held during a forward per byte of prepared input, on the generous side
_SHARE = 4  # part of the free memory that a batch may take: one in this many

# What takes turns with itself, token by token or step by step, gains little from larger batches
# and takes the memory of every step.
_LARGEST_BATCHES = {"write": 16, "draw": 4, "speak": 8, "loglikelihood": 16}


def plan(lengths: Places, keys: Keys, size: int) -> Iterator[Places]:
    """Rows of each batch: at most `size` rows of like length, longest first in a window.

    Longest first, so that a batch too large for the memory is met at once. Rows of equal length are
    ordered by key, so that the plan of a window does not depend on the order of the data.
    """
    halves = keys.view(">u8")  # [n, 2], in the order of their bytes
    for start in range(0, len(lengths), WINDOW):
        window = slice(start, start + WINDOW)
        high, low = halves[window].T
        rows = start + np.lexsort((low, high, -lengths[window]))
        yield from (rows[i : i + size] for i in range(0, len(rows), size))


def first_size(item_bytes: int, device: str, largest: int | None = None) -> int:
    """The batch size to begin with: a power of two that a share of the free memory holds.

    `item_bytes` is the size of one prepared input, `largest` the largest size that is of use. On
    CUDA the largest; running out halves it.
    """
    if device != "cpu":
        return largest or CUDA_BATCH
    fits = _free_memory() // _SHARE // max(1, item_bytes * _ACTIVATIONS)
    size = 1
    while size * 2 <= min(fits, largest or CPU_BATCH):
        size *= 2
    return size


def largest_batch(model: object, requests: Requests) -> int | None:
    """The largest batch worth trying: the model's own word, else by what is asked."""
    own: int | None = getattr(model, "batch", None)
    return own or _LARGEST_BATCHES.get(requests.method)


def _free_memory() -> int:
    """Bytes that this machine could give (MemAvailable); 2 GiB where nothing says so."""
    try:
        with Path("/proc/meminfo").open(encoding="ascii") as lines:
            fields = dict(line.split(":", 1) for line in lines)
        return int(fields["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError):
        return 2 << 30
