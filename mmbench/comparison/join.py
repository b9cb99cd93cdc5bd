"""The join of two runs: the samples that have rows in both."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mmbench.columns import places
from mmbench.comparison.rows import SAMPLE_COLUMNS, RunRows
from mmbench.stats.folds import Floats
from mmbench.stats.sums import Ints


class Joined(NamedTuple):
    """The rows [n, c] of one score in two runs, with the samples' positions in both tables.

    `failed` counts the samples without a row in the first run only, in the second only, in both.
    """

    name: str
    fold: str
    rows_a: Floats
    rows_b: Floats
    places_a: Ints
    places_b: Ints
    failed: tuple[int, int, int]


def places_in(a: RunRows, b: RunRows) -> Ints:
    """Return, for each sample of the first run, its position in the second table; -1 if missing."""
    if a.table.select(SAMPLE_COLUMNS).equals(b.table.select(SAMPLE_COLUMNS)):
        return np.arange(len(a.table))
    return places(a.keys, b.keys)


def join(a: RunRows, b: RunRows, name: str, place_in_b: Ints) -> Joined | None:
    """Join the rows of a score in two runs, given `places_in`; None if there are no such rows."""
    first, second = a.score_rows(name), b.score_rows(name)
    if first is None or second is None:
        return None
    row_b = np.full(len(b.table) + 1, -1)  # the last element is for position -1
    row_b[second.places] = np.arange(len(second.places))
    rows_in_b = row_b[place_in_b[first.places]]
    both = rows_in_b >= 0
    rows = rows_in_b[both]
    n, n_all = len(rows), max(len(first.all_places), len(second.all_places))
    only_b, only_a = len(second.places) - n, len(first.places) - n
    return Joined(
        name,
        a.record.scores[name].fold,
        first.rows[both],
        second.rows[rows],
        first.places[both],
        second.places[rows],
        (only_b, only_a, n_all - n - only_a - only_b),
    )
