"""Patterns of runs: `clip@runs/seed-*/step-400` stands for the latest run of each such model."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from pathlib import Path

from mmbench.errors import DataError
from mmbench.storage.records import StoredRun, read_records, stored_run
from mmbench.storage.run_lookup import RunReference, find_run, reference
from mmbench.text import natural_key, plain
from mmbench.types import RunRecord

_WILD = re.compile(r"[*?\[]")


def find_matching_runs(
    run: RunReference, out: str | Path = "leaderboards", task: str | None = None
) -> list[StoredRun]:
    """Return the runs that a reference or a pattern stands for, in the natural order of the models.

    A pattern is MODEL[@CHECKPOINT] with `*`, `?` or `[…]`, as in `fnmatch`; it gives the latest run
    of each model that matches, by task, hash and options. Any other reference gives one run, as
    `find_run` does. Raises DataError if nothing matches.
    """
    text = run if isinstance(run, str) else ""
    if not _WILD.search(text) or text.endswith(".json"):
        return [find_run(run, out, task)]
    records = read_records(out, task)
    latest: dict[tuple[str, ...], RunRecord] = {}
    for record in records:
        if fnmatchcase(reference(record), text):
            model = record.model
            latest[record.task.name, reference(record), model.hash, str(record.seed)] = record
    if not latest:
        raise DataError(
            f"run {plain(text, 200)!r}: no run in {out} has a model that matches;"
            f" `mmbench list runs --out {out}` shows all"
        )
    ordered = sorted(latest.values(), key=lambda record: natural_key(reference(record)))
    first, *others = [stored_run(record, out) for record in ordered]
    return [first._replace(unreadable=tuple(records.unreadable)), *others]
