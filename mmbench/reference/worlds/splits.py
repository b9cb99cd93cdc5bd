"""Assignment of scenes to splits by their meaning, and selection of distinct scenes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from itertools import count
from typing import Protocol, TypeVar

SPLITS = ("train", "validation", "test")


def split_of(key: str) -> str:
    """Return a meaning's split by a hash of its key: train 80 %, validation 10 %, test 10 %."""
    bucket = hashlib.sha256(key.encode()).digest()[0] % 10
    return {0: "test", 1: "validation"}.get(bucket, "train")


class KeyedItem(Protocol):
    """A scene or film with a `key`, its meaning as a string."""

    @property
    def key(self) -> str:
        """A string that is equal for two items with the same description."""
        ...


M = TypeVar("M", bound=KeyedItem)


class SplitItem(Protocol):
    """A scene or film that belongs to a split."""

    @property
    def split(self) -> str:
        """The only split that may contain this item."""
        ...


H = TypeVar("H", bound=SplitItem)


def first_of_split(split: str, draw: Callable[[int], H]) -> H:
    """Return the first of `draw(0)`, `draw(1)`, … that belongs to the split."""
    return next(one for one in map(draw, count()) if one.split == split)


def distinct(number: int, at: Callable[[int, int], M]) -> list[M]:
    """Return `number` items with distinct meanings: `at(index, attempt)` for each index.

    `attempt` is 0, or higher if the meaning of an earlier attempt already occurred.
    """
    seen: dict[str, M] = {}
    for index in range(number):
        fresh = (at(index, attempt) for attempt in count())
        one = next(one for one in fresh if one.key not in seen)
        seen[one.key] = one
    return list(seen.values())
