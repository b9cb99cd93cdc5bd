"""The join of runs, sample by sample: the samples that have rows in two runs, or in all runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from mmbench.columns import Texts, places
from mmbench.comparison.rows import SAMPLE_COLUMNS, KeyedRows, RunRows, ScoreRows
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


class CommonRows(NamedTuple):
    """The rows [n, c] of one score in each run, for the n samples that have rows in all runs.

    `groups` [n] are the groups of the samples. `excluded` is the number of the other samples; if a
    run is on a part of the samples, it counts only those that all runs have.
    """

    fold: str
    tables: list[Floats]
    groups: Texts
    excluded: int


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
    rows_in_b = _row_numbers(second, b)[place_in_b[first.places]]
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


def common_rows(runs: Sequence[RunRows], names: Iterable[str]) -> dict[str, CommonRows]:
    """Join the rows of the scores called `names`, for the scores that have rows in all runs."""
    first, *others = runs
    matches = [np.arange(len(first.table)), *(places_in(first, other) for other in others)]
    found = {name: _common_rows(runs, matches, name) for name in names}
    return {name: rows for name, rows in found.items() if rows is not None}


def _common_rows(runs: Sequence[RunRows], matches: Sequence[Ints], name: str) -> CommonRows | None:
    """Join the rows of one score; None if a run has none.

    `matches` has the positions of the samples of the first run in each run; -1 if missing.
    """
    first, scores = runs[0], [run.score_rows(name) for run in runs]
    present = [score for score in scores if score is not None]
    if len(present) < len(runs):
        return None
    numbers = np.empty((len(runs), len(first.table)), np.intp)
    covered = np.zeros(len(first.table), bool)
    for at, (run, score, place) in enumerate(zip(runs, present, matches, strict=True)):
        numbers[at] = _row_numbers(score, run)[place]
        in_scope = np.zeros(len(run.table) + 1, bool)
        in_scope[score.all_places] = True
        covered |= in_scope[place]
    if any(run.record.task.part for run in runs):
        covered &= np.all([place >= 0 for place in matches], axis=0)
    common = np.flatnonzero((numbers >= 0).all(axis=0))
    tables = [score.rows[own[common]] for score, own in zip(present, numbers, strict=True)]
    excluded = int(covered.sum()) - len(common)
    return CommonRows(first.record.scores[name].fold, tables, first.groups.take(common), excluded)


def _row_numbers(score: ScoreRows, run: RunRows) -> Ints:
    """Return the number of the row of each position in a run's table, -1 without a row.

    The result has one more element, for the position -1.
    """
    numbers = np.full(len(run.table) + 1, -1)
    numbers[score.places] = np.arange(len(score.places))
    return numbers
