"""Computation of the items of an iterator in advance, in a thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

_DEPTH = 4  # blocks in the queue, so that the thread continues while several are in use


def ahead(blocks: Iterator[T]) -> Iterator[T]:
    """Yield the items of an iterator; a thread computes a few items in advance."""
    with ThreadPoolExecutor(1) as thread:
        following = deque(thread.submit(next, blocks, None) for _ in range(_DEPTH))
        while (block := following.popleft().result()) is not None:
            following.append(thread.submit(next, blocks, None))
            yield block
