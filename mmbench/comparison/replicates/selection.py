"""The runs of a board that are replicates of methods, if no runs are named."""

from __future__ import annotations

from pathlib import Path

from mmbench.comparison.replicates.grouping import Method, methods
from mmbench.errors import DataError, UserError
from mmbench.storage.records import StoredRun, read_records, stored_run, tasks_in
from mmbench.storage.run_lookup import check_has_runs, on_all_samples
from mmbench.text import listed


def replicated_runs(key: str, out: str | Path, task: str | None) -> list[StoredRun]:
    """Return the runs of a task on a board whose methods have at least two replicates.

    Only runs that are comparable with the latest of them are returned (same task definition, data
    and measurement of the headline). Baselines are ignored, and so are runs on some of the samples
    if there are others. Raises UserError if `task` is None and the board has several tasks, or if
    no method has two replicates.
    """
    tasks = tasks_in(out)
    if task is None and len(tasks) != 1:
        what = f"{out} has runs of {listed(sorted(tasks))}" if tasks else f"no runs in {out}"
        raise UserError(f"--replicates without RUN needs one task: {what}; choose one with -t")
    name = tasks[0] if task is None else task
    check_has_runs(name, tasks, str(out))
    records = read_records(out, name)
    runs = [stored_run(record, out) for record in records if not record.baseline]
    if not runs:
        raise DataError(f"task {name!r} has no runs of models in {out}")
    kept = _comparable(_replicated(methods(on_all_samples(runs), key)), key)
    if not kept:
        raise UserError(
            f"--replicates {key!r}: no method of {name} has two comparable runs in {out}; add runs"
            " with other values of the key"
        )
    return [kept[0]._replace(unreadable=tuple(records.unreadable)), *kept[1:]]


def _replicated(found: list[Method]) -> list[StoredRun]:
    return [run for method in found if len(method.runs) > 1 for run in method.runs.values()]


def _comparable(runs: list[StoredRun], key: str) -> list[StoredRun]:
    """Return the replicated runs among those that are comparable with the latest run."""
    if not runs:
        return []
    latest = max((run.record for run in runs), key=lambda record: record.created)
    own = latest.comparison_key(latest.headline)
    same = [run for run in runs if run.record.comparison_key(run.record.headline) == own]
    return _replicated(methods(same, key))
