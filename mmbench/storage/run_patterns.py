"""Patterns of runs: `clip@runs/seed-*/step-400` stands for the latest run of each such model."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from pathlib import Path

from mmbench.errors import DataError
from mmbench.storage.records import StoredRun, read_records, stored_run
from mmbench.storage.run_lookup import RunReference, find_run, on_all_samples, reference
from mmbench.text import natural_key, plain

_WILD = re.compile(r"[*?\[]")


def find_matching_runs(
    run: RunReference, out: str | Path = "leaderboards", task: str | None = None
) -> list[StoredRun]:
    """Return the runs that a reference or a pattern stands for, in the natural order of the models.

    A pattern is MODEL[@CHECKPOINT] with `*`, `?` or `[…]`, as in `fnmatch`; it gives the latest run
    of each model that matches, by task, hash and seed; runs on some of the samples count only if
    the model has no others. Any other reference gives one run, as `find_run` does. Raises DataError
    if nothing matches.
    """
    text = run if isinstance(run, str) else ""
    if not _WILD.search(text) or text.endswith(".json"):
        return [find_run(run, out, task)]
    records = read_records(out, task)
    found: dict[tuple[str, ...], list[StoredRun]] = {}
    for record in records:
        if fnmatchcase(reference(record), text):
            model = record.model
            key = record.task.name, reference(record), model.hash, str(record.seed)
            found.setdefault(key, []).append(stored_run(record, out))
    if not found:
        raise DataError(
            f"run {plain(text, 200)!r}: no run in {out} has a model that matches;"
            f" `mmbench list runs --out {out}` shows all"
        )
    latest = [on_all_samples(runs)[-1] for runs in found.values()]
    first, *others = sorted(latest, key=lambda run: natural_key(reference(run.record)))
    return [first._replace(unreadable=tuple(records.unreadable)), *others]
