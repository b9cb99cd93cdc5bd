"""Draws by lot, the same on every machine.

Everything is a function of integers and text through SHA-256 and `random.Random(int).random()`, the
two sources of chance that Python promises to keep.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


def chance(*parts: int | str) -> Random:
    """A generator seeded by what is given. Only its `random()` may be used (see the module)."""
    digest = hashlib.sha256(repr(parts).encode()).digest()
    return Random(int.from_bytes(digest[:8], "big"))


def below(rng: Random, n: int) -> int:
    """A whole number from 0 to n - 1."""
    return int(rng.random() * n)


def pick(rng: Random, items: Sequence[T]) -> T:
    """One of the items."""
    return items[below(rng, len(items))]


def shuffled(rng: Random, items: Sequence[T]) -> list[T]:
    """The items in an order drawn by lot."""
    left = list(items)
    return [left.pop(below(rng, len(left))) for _ in items]
