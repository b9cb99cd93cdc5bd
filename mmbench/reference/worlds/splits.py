"""Splits of scenes by their meaning, and scenes of different meanings."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from itertools import count
from typing import Protocol, TypeVar

SPLITS = ("train", "validation", "test")


def split_of(key: str) -> str:
    """Return the split that may hold a meaning, by a hash of its key: 80, 10 and 10 %."""
    bucket = hashlib.sha256(key.encode()).digest()[0] % 10
    return {0: "test", 1: "validation"}.get(bucket, "train")


class KeyedItem(Protocol):
    """A scene, a film or a sound: `key` is its meaning as text."""

    @property
    def key(self) -> str:
        """Return a text that is equal for two objects with the same description."""
        ...


M = TypeVar("M", bound=KeyedItem)


class SplitItem(Protocol):
    """A scene, a film or a sound that a split may hold."""

    @property
    def split(self) -> str:
        """Return the split that may hold its meaning."""
        ...


H = TypeVar("H", bound=SplitItem)


def first_of_split(split: str, draw: Callable[[int], H]) -> H:
    """Return the first of `draw(0)`, `draw(1)`, … that the split may hold."""
    return next(one for one in map(draw, count()) if one.split == split)


def distinct(number: int, at: Callable[[int, int], M]) -> list[M]:
    """Return `at(index, attempt)` for each index, with another attempt for repeated meanings."""
    seen: dict[str, M] = {}
    for index in range(number):
        fresh = (at(index, attempt) for attempt in count())
        one = next(one for one in fresh if one.key not in seen)
        seen[one.key] = one
    return list(seen.values())
