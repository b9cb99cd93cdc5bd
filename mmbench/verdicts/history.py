"""A metric over checkpoints and time, and where it changed.

A run is held against the one before it of the same model name, if both were asked the same, of the
same data, and measured the same way. Where the rows of both are there the difference is tested
sample by sample (p corrected over all steps of the history); where not, a change is two intervals
that do not overlap, which finds less.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from mmbench import store
from mmbench.errors import DataError, UnknownName
from mmbench.folders import Folder
from mmbench.stats.holm import holm
from mmbench.text import plain
from mmbench.types import RunRecord, ScoreInfo
from mmbench.verdicts.compare import ALPHA, Compared, compare_rows
from mmbench.verdicts.rows import RunRows, open_run

Change = Literal["", "better", "worse"]


class Point(Struct, frozen=True):
    """One run. `line` numbers what may be compared: same model name, question, data and signature.

    `change` from the run before it in its line, `by` what it was found: rows or intervals; empty
    where there is nothing to hold it against.
    """

    run: str
    created: str
    model: str
    checkpoint: str
    dtype: str
    line: int
    value: float | None
    low: float | None
    high: float | None
    n: int
    failed: int
    change: Change = ""
    by: Literal["", "rows", "intervals"] = ""
    difference: float | None = None
    p_holm: float | None = None


def history(
    task: str,
    *,
    model: str | None = None,
    metric: str | None = None,
    alpha: float = ALPHA,
    out: str | Path = "leaderboards",
    seed: int = 0,
    unreadable: list[str] | None = None,
) -> tuple[str, list[Point]]:
    """The metric's name (the headline by default) and the runs that have it, oldest first.

    Baselines (oracle, random …) are shown when `model` names one. Records and rows that cannot be
    read are skipped, with a line for each in `unreadable`. Raises UnknownName for a task
    without runs, a model or a metric that none of them has.
    """
    unreadable = [] if unreadable is None else unreadable
    records = _records(task, model, out, unreadable)
    name = metric or records[-1].headline
    known = {score for record in records for score in record.scores}
    if name not in known:
        raise UnknownName(f"metric of {task}", name, known)
    records = [record for record in records if name in record.scores]
    lines = _lines(records, name)
    points = {record.run: _point(record, name, at) for at, ln in enumerate(lines) for record in ln}
    opened = _opened(
        [record for line in lines if len(line) > 1 for record in line], out, unreadable
    )
    steps = [pair for line in lines for pair in pairwise(line)]
    tested = [
        compare_rows(opened[a.run], opened[b.run], [name], alpha, seed, len(steps)).scores[0]
        if a.run in opened and b.run in opened
        else None
        for a, b in steps
    ]
    flat = [float("nan") if t is None or t.p_value is None else t.p_value for t in tested]
    for (a, b), found, p_holm in zip(steps, tested, holm(flat), strict=True):
        points[b.run] = _changed(points[a.run], points[b.run], b.scores[name], found, p_holm, alpha)
    return name, [points[record.run] for record in records]


def _opened(
    records: Sequence[RunRecord], out: str | Path, unreadable: list[str]
) -> dict[str, RunRows]:
    """The rows of the runs that have them; a line about each file that cannot be read."""
    stored = set(Folder(out).run_files(".parquet"))
    found = {}
    for record in records:
        run = store.stored_run(record, out)
        try:
            if run.rows_name in stored:
                found[record.run] = open_run(run)
        except DataError as error:
            unreadable.append(str(error))
    return found


def _records(
    task: str, model: str | None, out: str | Path, unreadable: list[str]
) -> list[RunRecord]:
    tasks = store.tasks_in(out)
    if task not in tasks:
        raise UnknownName(f"task with runs in {out}", task, tasks)
    records = store.read_records(out, task)
    unreadable += records.unreadable
    if not records:
        more = f" (and {len(unreadable) - 1} more)" if len(unreadable) > 1 else ""
        raise DataError(f"no record of {task} can be read: {unreadable[0]}{more}")
    if model is None:
        return [record for record in records if not record.baseline] or records
    found = [record for record in records if record.model.name == model]
    if not found:
        names = {plain(record.model.name) for record in records}
        raise UnknownName(f"model with runs of {task}", model, names)
    return found


def _lines(records: Sequence[RunRecord], metric: str) -> list[list[RunRecord]]:
    lines: dict[tuple[str, ...], list[RunRecord]] = {}
    for record in records:
        task, score = record.task, record.scores[metric]
        key = (record.model.name, task.fingerprint, task.data_hash, score.signature)
        lines.setdefault(key, []).append(record)
    return list(lines.values())


def _point(record: RunRecord, metric: str, line: int) -> Point:
    score = record.scores[metric]
    return Point(
        run=record.run,
        created=record.created,
        model=record.model.name,
        checkpoint=record.model.checkpoint or "",
        dtype=record.model.dtype,
        line=line,
        value=score.value,
        low=score.low,
        high=score.high,
        n=score.n,
        failed=score.failed,
    )


def _changed(
    before: Point,
    point: Point,
    score: ScoreInfo,
    tested: Compared | None,
    p_holm: float,
    alpha: float,
) -> Point:
    """The point with its change from the one before."""
    if tested is not None and tested.difference is not None and tested.p_value is not None:
        change = _direction(tested.difference, score.better) if p_holm <= alpha else ""
        return msgspec.structs.replace(
            point, change=change, by="rows", difference=tested.difference, p_holm=p_holm
        )
    ends = (before.low, before.high, point.low, point.high)
    if None in ends or before.value is None or point.value is None:
        return point
    difference = point.value - before.value
    apart = (point.low or 0) > (before.high or 0) or (point.high or 0) < (before.low or 0)
    change = _direction(difference, score.better) if apart else ""
    return msgspec.structs.replace(point, change=change, by="intervals", difference=difference)


def _direction(difference: float, better: str) -> Change:
    if not difference:
        return ""
    return "better" if (difference > 0) == (better == "higher") else "worse"
