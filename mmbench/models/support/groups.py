"""Grouping of equal-sized items into batches without padding."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import numpy as np
    from _typeshed import SupportsRichComparison
    from numpy.typing import NDArray

Item = TypeVar("Item")
Answer = TypeVar("Answer")


def group_by(
    items: Sequence[Item], key: Callable[[Item], SupportsRichComparison]
) -> list[list[int]]:
    """Return groups of indices of items with equal keys, ascending, the smallest key first."""
    keys = [key(item) for item in items]
    order = sorted(range(len(items)), key=keys.__getitem__)
    return [list(rows) for _, rows in groupby(order, key=keys.__getitem__)]


def map_groups(
    items: Sequence[Item],
    key: Callable[[Item], SupportsRichComparison],
    answer: Callable[[list[Item]], Iterable[Answer]],
) -> list[Answer]:
    """Call `answer` for each group of items with equal keys, and return the answers by item.

    `answer` returns one answer per item of the group, in order. Raises ValueError otherwise.
    """
    answers: dict[int, Answer] = {}
    for rows in group_by(items, key):
        answers.update(zip(rows, answer([items[row] for row in rows]), strict=True))
    return [answers[row] for row in range(len(items))]


def shape_key(
    arrays: Mapping[str, NDArray[np.generic]],
) -> list[tuple[str, tuple[int, ...]]]:
    """Return the names and shapes of the arrays of one item as a key for grouping."""
    return sorted((name, values.shape) for name, values in arrays.items())
