"""Batch sizes that fit the memory."""

from __future__ import annotations

from pathlib import Path

from mmbench.types import Requests

CPU_BATCH = 64  # larger batches are no faster on a CPU
CUDA_BATCH = 256
_ACTIVATIONS = 32  # bytes during a forward pass per byte of prepared input, a generous estimate
_SHARE = 4  # a batch may take 1 / _SHARE of the free memory

# Autoregressive and diffusion models gain little from larger batches and need the memory of every
# step. A request for matches of tokens has several texts.
_LARGEST_BATCHES = {
    "write": 16,
    "draw": 4,
    "speak": 8,
    "detect": 8,
    "loglikelihood": 16,
    "relevance": 32,
    "match_tokens": 32,
}


def first_size(item_bytes: int, device: str, largest: int | None = None) -> int:
    """Return the first batch size: a power of two that fits into a quarter of the free memory.

    `item_bytes` is the size of one prepared input, `largest` the largest useful batch size. On
    CUDA, the largest useful size is returned; it is halved later when memory runs out.
    """
    if device != "cpu":
        return largest or CUDA_BATCH
    fits = _free_memory() // _SHARE // max(1, item_bytes * _ACTIVATIONS)
    size = 1
    while size * 2 <= min(fits, largest or CPU_BATCH):
        size *= 2
    return size


def largest_batch(model: object, requests: Requests) -> int | None:
    """Return the largest useful batch size: the model's `batch`, else a limit of the method.

    Return None if the model has no `batch` and the method has no limit.
    """
    own: int | None = getattr(model, "batch", None)
    return own or _LARGEST_BATCHES.get(requests.method)


def _free_memory() -> int:
    """Return the available memory in bytes (MemAvailable), or 2 GiB if it is unknown."""
    try:
        with Path("/proc/meminfo").open(encoding="ascii") as lines:
            fields = dict(line.split(":", 1) for line in lines)
        return int(fields["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError):
        return 2 << 30
