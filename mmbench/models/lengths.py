"""Items that are equally long share a forward, so that none is padded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Sized
from itertools import groupby


def of_one_length(items: Sequence[Sized]) -> Iterator[list[int]]:
    """The places of items that are equally long, together, in their order; the shortest first."""
    order = sorted(range(len(items)), key=lambda row: len(items[row]))
    for _, rows in groupby(order, key=lambda row: len(items[row])):
        yield list(rows)
