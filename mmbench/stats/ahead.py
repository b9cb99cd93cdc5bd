"""The next blocks of an iterator, made while the one before them is worked on."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

_DEPTH = 4  # blocks that wait, so that the thread goes on while several are worked on at once


def ahead(blocks: Iterator[T]) -> Iterator[T]:
    """Yield what an iterator yields; a thread makes a few blocks more than were asked for."""
    with ThreadPoolExecutor(1) as thread:
        following = deque(thread.submit(next, blocks, None) for _ in range(_DEPTH))
        while (block := following.popleft().result()) is not None:
            following.append(thread.submit(next, blocks, None))
            yield block
