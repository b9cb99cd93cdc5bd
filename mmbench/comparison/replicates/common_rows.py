"""The rows of one score in many runs, for the samples that have rows in all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import NamedTuple

import numpy as np

from mmbench.columns import Texts
from mmbench.comparison.join import join, places_in
from mmbench.comparison.rows import RunRows, open_rows
from mmbench.stats.folds import Floats
from mmbench.stats.sums import Ints
from mmbench.storage.records import StoredRun


class CommonRows(NamedTuple):
    """The rows [n, c] of a score in each run, and the group [n] of each sample.

    `excluded` counts the samples without a row in at least one run.
    """

    fold: str
    rows: list[Floats]
    groups: Texts
    excluded: int


def rows_of_all(
    runs: Sequence[StoredRun], names: Sequence[str], unreadable: list[str]
) -> Mapping[str, CommonRows]:
    """Return the common rows of the scores called `names`, for those that all runs have.

    For each file of rows that cannot be read, a message is appended to `unreadable`.
    """
    opened = open_rows(runs, names, unreadable)
    tables = [opened[run.record.run] for run in runs if run.record.run in opened]
    if len(tables) < len(runs):
        return {}
    first, *others = tables
    matches = [(other, places_in(first, other)) for other in others]
    common = {name: _common_rows(name, first, matches) for name in names}
    return {name: rows for name, rows in common.items() if rows is not None}


def _common_rows(
    name: str, first: RunRows, others: Sequence[tuple[RunRows, Ints]]
) -> CommonRows | None:
    """Return the common rows of a score; None if a run has none.

    Each of the other runs comes with the positions of the samples of `first` in it.
    """
    pairs = [join(first, other, name, places) for other, places in others]
    joined = [pair for pair in pairs if pair is not None]
    if len(joined) < len(others):
        return None
    places = reduce(np.intersect1d, [pair.places_a for pair in joined])
    own = [np.searchsorted(pair.places_a, places) for pair in joined]
    rows = [joined[0].rows_a[own[0]]]
    rows += [pair.rows_b[at] for pair, at in zip(joined, own, strict=True)]
    every = max(len(pair.places_a) + sum(pair.failed) for pair in joined)
    return CommonRows(joined[0].fold, rows, first.groups.take(places), every - len(places))
