"""The join of two runs, sample by sample: the samples that have rows in both runs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mmbench.columns import places
from mmbench.comparison.rows import SAMPLE_COLUMNS, KeyedRows, RunRows
from mmbench.stats.folds import Floats
from mmbench.stats.sums import Ints


class Joined(NamedTuple):
    """The rows [n, c] of one score in two runs, for the samples that have rows in both.

    `places_a` and `places_b` [n] are the positions of the samples in the tables of the runs.
    `failed` has three counts of samples: without a row only in the first run, only in the second
    run, and in both runs.
    """

    name: str
    fold: str
    rows_a: Floats
    rows_b: Floats
    places_a: Ints
    places_b: Ints
    failed: tuple[int, int, int]


def places_in(a: KeyedRows, b: KeyedRows) -> Ints:
    """Return the position in the table of run `b` of each sample of run `a`; -1 if missing."""
    if a.table.select(SAMPLE_COLUMNS).equals(b.table.select(SAMPLE_COLUMNS)):
        return np.arange(len(a.table))
    return places(a.keys, b.keys)


def join(a: RunRows, b: RunRows, name: str, place_in_b: Ints) -> Joined | None:
    """Join the rows of the score `name` in the runs `a` and `b`, sample by sample.

    `place_in_b` is the result of `places_in`: the position in the table of `b` of each sample of
    `a`. If a run is on a part of the samples, samples that only one run has are left out; they did
    not fail. Return None if a run has no rows for this score.
    """
    first, second = a.score_rows(name), b.score_rows(name)
    if first is None or second is None:
        return None
    if a.record.task.part or b.record.task.part:
        in_b = place_in_b >= 0
        in_a = np.isin(np.arange(len(b.table)), place_in_b)
        first, second = first.within(in_b), second.within(in_a)
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
