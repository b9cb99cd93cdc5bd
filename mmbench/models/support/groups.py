"""Grouping of items of equal size into batches without padding."""

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
    """Group the indices of items by key; sort groups by key and indices within a group."""
    keys = [key(item) for item in items]
    order = sorted(range(len(items)), key=keys.__getitem__)
    return [list(rows) for _, rows in groupby(order, key=keys.__getitem__)]


def map_groups(
    items: Sequence[Item],
    key: Callable[[Item], SupportsRichComparison],
    answer: Callable[[list[Item]], Iterable[Answer]],
) -> list[Answer]:
    """Call `answer` on each group of items with equal keys; return results in item order.

    `answer` must return one result per item of the group, in order; otherwise ValueError is raised.
    """
    answers: dict[int, Answer] = {}
    for rows in group_by(items, key):
        answers.update(zip(rows, answer([items[row] for row in rows]), strict=True))
    return [answers[row] for row in range(len(items))]


def shape_key(
    arrays: Mapping[str, NDArray[np.generic]],
) -> list[tuple[str, tuple[int, ...]]]:
    """Return the sorted names and shapes of an item's arrays as a key for grouping."""
    return sorted((name, values.shape) for name, values in arrays.items())
