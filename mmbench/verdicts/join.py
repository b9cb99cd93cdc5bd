"""The samples that two runs both answered, with the rows of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mmbench.verdicts.rows import RunRows

if TYPE_CHECKING:
    from mmbench.stats.folds import Floats
    from mmbench.stats.sums import Ints


class Joined(NamedTuple):
    """Rows [n, c] of one score in two runs, and where the samples stand in the table of each.

    `failed` counts samples without a row in the first run alone, in the second alone, in both.
    """

    name: str
    fold: str
    rows_a: Floats
    rows_b: Floats
    places_a: Ints
    places_b: Ints
    failed: tuple[int, int, int]


def join(a: RunRows, b: RunRows, name: str) -> Joined | None:
    """Join two runs on direction, split and id; None for a score without rows by sample."""
    import numpy as np

    first, second = a.of(name), b.of(name)
    if first is None or second is None:
        return None
    row_b = {b.keys[place]: row for row, place in enumerate(second.places)}
    found = np.array([row_b.get(a.keys[place], -1) for place in first.places], np.intp)
    both = found >= 0
    rows = found[both]
    n, asked = len(rows), max(len(first.asked), len(second.asked))
    only_b, only_a = len(second.places) - n, len(first.places) - n
    return Joined(
        name,
        a.record.scores[name].fold,
        first.rows[both],
        second.rows[rows],
        first.places[both],
        second.places[rows],
        (only_b, only_a, asked - n - only_a - only_b),
    )
