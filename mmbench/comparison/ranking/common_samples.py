"""The samples that have rows in all of several runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mmbench.columns import Texts
from mmbench.comparison.join import places_in
from mmbench.comparison.rows import RunRows
from mmbench.stats.folds import Floats


class CommonRows(NamedTuple):
    """The rows [n, c] of one score in each run, for the samples that have rows in all runs.

    `groups` [n] are their groups, and `excluded` is the number of samples that all runs have but
    that failed in one of them.
    """

    tables: list[Floats]
    groups: Texts
    excluded: int


def common_rows(runs: Sequence[RunRows], name: str) -> CommonRows | None:
    """Join the rows of the score `name` sample by sample; None if a run has no rows for it."""
    scores = [run.score_rows(name) for run in runs]
    first = runs[0]
    shared = np.ones(len(first.table), bool)
    rows_at = np.empty((len(runs), len(first.table)), np.intp)
    for at, (run, score) in enumerate(zip(runs, scores, strict=True)):
        if score is None:
            return None
        row_of = np.full(len(run.table) + 1, -1)  # the last element is for position -1
        row_of[score.places] = np.arange(len(score.places))
        place = places_in(first, run)
        rows_at[at] = row_of[place]
        scope = np.zeros(len(run.table) + 1, bool)
        scope[score.all_places] = True
        shared &= scope[place]
    common = np.flatnonzero((rows_at >= 0).all(axis=0))
    tables = [
        score.rows[rows[common]]
        for score, rows in zip(scores, rows_at, strict=True)
        if score is not None
    ]
    return CommonRows(tables, first.groups.take(common), int(shared.sum()) - len(common))
