"""Random draws that are identical on every machine.

A generator is seeded by SHA-256 of integers and strings, and only `random.Random(int).random()` is
used, whose results Python guarantees not to change.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


def chance(*parts: int | str) -> Random:
    """Return a generator seeded by the arguments. Use its `random()` only (see the module)."""
    digest = hashlib.sha256(repr(parts).encode()).digest()
    return Random(int.from_bytes(digest[:8], "big"))


def below(rng: Random, n: int) -> int:
    """Return a random integer from 0 to n - 1."""
    return int(rng.random() * n)


def pick(rng: Random, items: Sequence[T]) -> T:
    """Return a random item."""
    return items[below(rng, len(items))]


def shuffled(rng: Random, items: Sequence[T]) -> list[T]:
    """Return the items in random order."""
    left = list(items)
    return [left.pop(below(rng, len(left))) for _ in items]
