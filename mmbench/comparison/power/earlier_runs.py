"""Pairs of earlier runs of a task, from which a plan takes the variation of a difference."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

from mmbench.comparison.comparability import SCORES_HINT, refuse_incomparable, with_variants
from mmbench.comparison.power.result import Relation
from mmbench.comparison.power.variation import Estimate, estimate_pair
from mmbench.comparison.rows import RunRows, open_rows
from mmbench.errors import DataError, UnknownName, UserError
from mmbench.storage.folders import Folder
from mmbench.storage.records import StoredRun, stored_runs, task_of
from mmbench.storage.run_lookup import RunReference, check_has_runs, find_run, on_all_samples
from mmbench.storage.unreadable import warn_of_unreadable
from mmbench.text import count, listed
from mmbench.types import RunRecord, format_part

MOST_MODELS = 8  # the newest models whose pairs are estimated


class EarlierPair(NamedTuple):
    """Two comparable runs, the older one first, with the variation of their difference."""

    baseline: RunRecord
    candidate: RunRecord
    relation: Relation
    estimate: Estimate


class EarlierRuns(NamedTuple):
    """Comparable runs with rows, newest first, the score `metric`, and the estimates of pairs.

    `notes` say which runs and pairs were left out.
    """

    metric: str
    rows: list[RunRows]
    pairs: list[EarlierPair]
    notes: list[str]


def earlier_runs(
    task: str | None,
    metric: str | None,
    baseline: RunReference | None,
    candidate: RunReference | None,
    out: str | Path,
    seed: int,
) -> EarlierRuns:
    """Read the runs of a task in a board and estimate the variation of each pair.

    With a baseline, each pair consists of the baseline and another run; with a candidate as well,
    they are the only pair. Runs of baselines that ignore the input are left out, and of several
    runs of one model the newest counts. Runs on some of the samples are left out if there are
    others, because the plan takes the samples of the runs as the whole set. Raises UserError if no
    run has rows for the metric, and for a named run on a part of the samples.
    """
    named = [find_run(one, out, task) for one in (baseline, candidate) if one is not None]
    warn_of_unreadable([line for run in named for line in run.unreadable])
    for run in named:
        _refuse_part(run.record)
    if candidate is not None:
        name = _metric(named[0].record, metric)
        refuse_incomparable(named[0].record, named[1].record, [name])
        return _estimated(name, named, named[0], seed)
    runs = _runs(named[0].record.task.name if named else task, out)
    reference = named[0] if named else _reference(runs)
    name = _metric(reference.record, metric)
    comparable = [run for run in runs if _is_comparable(run, reference, name)]
    models = _newest_of_models(reference, comparable)
    return _estimated(name, models, named[0] if named else None, seed)


def _runs(task: str | None, out: str | Path) -> list[StoredRun]:
    """Return the runs of a task on all samples, or else on some of them, newest first."""
    folder = Folder(out)
    names = folder.run_files()
    check_has_runs(task or "", {task_of(name) for name in names}, folder.where)
    runs, unreadable = stored_runs(folder, [name for name in names if task_of(name) == task])
    warn_of_unreadable(unreadable)
    if not runs:
        raise DataError(unreadable[0])
    whole = on_all_samples(runs)
    _refuse_part(whole[-1].record)
    return [*reversed(whole)]


def _refuse_part(record: RunRecord) -> None:
    """Raise UserError for a run on a part of the samples, whose number is not that of the set."""
    if record.task.part is not None:
        raise UserError(
            f"run {record.run} is on {format_part(record.task.part)}; give a run on all samples, or"
            " state the variation with --accuracy and --agreement, or --sd"
        )


def _reference(runs: Sequence[StoredRun]) -> StoredRun:
    """Return the newest run of a model, or of a baseline if there are no models."""
    return next((run for run in runs if not run.record.baseline), runs[0])


def _metric(record: RunRecord, requested: str | None) -> str:
    name = requested or record.headline
    names = with_variants(name, list(record.scores))
    if not names:
        known = {*record.scores, *(score.partition("[")[0] for score in record.scores)}
        raise UnknownName(f"metric of {record.task.name}", name, known, SCORES_HINT)
    if len(names) > 1 and name not in names:
        raise UserError(f"metric {name} stands for several scores; choose one: {listed(names)}")
    return name if name in names else names[0]


def _is_comparable(run: StoredRun, reference: StoredRun, name: str) -> bool:
    """Return whether the score of a run can be compared with that of the reference."""
    has_same = run.record.comparison_key(name) == reference.record.comparison_key(name)
    return name in run.record.scores and has_same


def _newest_of_models(reference: StoredRun, runs: Sequence[StoredRun]) -> list[StoredRun]:
    """Return the newest run of each model, without baselines, the reference first."""
    by_model = {reference.record.model.hash: reference}
    for run in runs:
        if not run.record.baseline:
            by_model.setdefault(run.record.model.hash, run)
    return list(by_model.values())


def _with_rows(runs: Sequence[StoredRun], name: str) -> tuple[list[RunRows], list[str]]:
    """Return the rows of the first runs that have rows, and a note on models left out."""
    unreadable: list[str] = []
    rows: list[RunRows] = []
    tried = 0
    for run in runs:
        if len(rows) == MOST_MODELS:
            break
        tried += 1
        rows += open_rows([run], [name], unreadable).values()
    warn_of_unreadable(unreadable)
    if not rows:
        raise UserError(
            f"no run of {runs[0].record.task.name} has its rows; `mmbench run` stores them, or"
            " state the variation with --accuracy and --agreement, or --sd"
        )
    older, without = len(runs) - tried, tried - len(rows)
    notes = [f"left out: {count(older, 'older model')}"] if older else []
    return rows, [
        *notes,
        *([f"left out: {count(without, 'model')} without rows"] if without else []),
    ]


def _estimated(
    name: str, runs: Sequence[StoredRun], baseline: StoredRun | None, seed: int
) -> EarlierRuns:
    """Estimate the pairs of these runs, newest first; with a baseline, only the pairs with it."""
    if baseline is None:
        rows, notes = _with_rows(runs, name)
        pairs = [(older, newer) for newer, older in combinations(rows, 2)]
    else:
        first, others = RunRows(baseline, [name]), [run for run in runs if run is not baseline]
        rows, notes = _with_rows(others, name) if others else ([], [])
        pairs = [(first, one) for one in rows]
        rows = [first, *rows]
    estimates = [(a, b, estimate_pair(a, b, name, seed, precise=True)) for a, b in pairs]
    found = [
        EarlierPair(a.record, b.record, _relation(a.record, b.record), estimate)
        for a, b, estimate in estimates
        if estimate is not None
    ]
    if equal := len(pairs) - len(found):
        notes = [*notes, f"left out: {count(equal, 'pair')} of runs with equal rows"]
    return EarlierRuns(name, rows, found, notes)


def _relation(a: RunRecord, b: RunRecord) -> Relation:
    return "one model" if a.model.name == b.model.name else "different models"
