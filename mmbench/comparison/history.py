"""The history of a metric over the checkpoints of training runs, and where it changed.

A line of a history consists of comparable runs: runs with the same model name and options, training
run, task definition (fingerprint), data set, and signature of the metric. It has one point for each
model, with the model's latest run. The points are ordered by step if all checkpoints have a step,
otherwise by evaluation time. Outputs that were scored under a name such as `clip@runs/a/step-500`
belong to the checkpoint in that name.

Each point is compared with the previous point. If both have rows, the difference is tested sample
by sample (p-values are corrected over the whole history). Otherwise, two intervals that do not
overlap count as a change; this method detects fewer changes. Runs on a part of the samples are left
out.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from mmbench.comparison.checkpoint_steps import checkpoint_step, name_and_checkpoint
from mmbench.comparison.comparability import SCORES_HINT, with_variants
from mmbench.comparison.compare import (
    ALPHA,
    ScoreComparison,
    compare_rows,
    direction,
)
from mmbench.comparison.intervals import direction_by_intervals
from mmbench.comparison.rows import open_rows
from mmbench.errors import DataError, UnknownName, UserError
from mmbench.stats.corrections import holm
from mmbench.storage import records as store
from mmbench.storage.run_lookup import check_has_runs
from mmbench.storage.unreadable import warn_of_unreadable
from mmbench.text import listed, plain
from mmbench.types import RunRecord, ScoreInfo

Change = Literal["", "better", "worse"]
Order = Literal["step", "created"]


class Point(Struct, frozen=True):
    """One model in a history, with the score of its latest run.

    `line` is the number of the line to which the point belongs, and `order` is the order of the
    line's points. `training` is the path of the line's checkpoints without the step, "" if they
    have no step. `change` is the change from the previous point in the line; `by` states whether
    rows or intervals were compared, "" if neither.
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
    metric: str = ""
    order: Order = "created"
    step: int | None = None
    training: str = ""
    options: dict[str, object] = {}


def line_name(point: Point) -> str:
    """Return the label of a line: model, training run, dtype and options."""
    place = f"@{point.training}" if point.training else ""
    dtype = f" {point.dtype}" if point.dtype not in ("float32", "none") else ""
    options = ", ".join(f"{key}={value}" for key, value in sorted(point.options.items()))
    return f"{point.model}{place}{dtype}{f' ({options})' if options else ''}"


def point_name(point: Point) -> str:
    """Return the name of a point within its line: its step or its checkpoint."""
    if point.order == "step":
        return str(point.step)
    checkpoint = point.checkpoint.rstrip("/")
    packaged = "none" if point.dtype == "none" else "packaged"
    return (checkpoint.removeprefix(f"{point.training}/") or packaged).strip("/")


def history(
    task: str,
    *,
    model: str | None = None,
    metric: str | None = None,
    by: Order | None = None,
    alpha: float = ALPHA,
    out: str | Path = "leaderboards",
    seed: int = 0,
) -> tuple[str, list[Point]]:
    """Return the name of the metric (default: the headline) and its points, line by line.

    `by` is the order of the points in a line; if it is None, a line is ordered by step if all of
    its checkpoints have a step. Baselines (oracle, random …) are included only if `model` is the
    name of a baseline. Records and rows that cannot be read are skipped, with a warning.

    Raises DataError for a task without runs, UnknownName for a model or a metric that no run has,
    and UserError if `by` is `step` and a checkpoint has no step.
    """
    unreadable: list[str] = []
    records = _records(task, model, out, unreadable)
    name = metric or records[-1].headline
    known = {score for record in records for score in record.scores}
    if name not in known:
        raise UnknownName(f"metric of {task}", name, known, SCORES_HINT)
    points = _points(records, name, by, alpha, out, seed, unreadable)
    warn_of_unreadable(unreadable)
    return name, points


def histories(
    task: str,
    metrics: Sequence[str],
    *,
    model: str | None = None,
    by: Order | None = None,
    alpha: float = ALPHA,
    out: str | Path = "leaderboards",
    seed: int = 0,
    unreadable: list[str],
) -> dict[str, list[Point]]:
    """Return {metric name: points} for several metrics (default: the headline); see `history`.

    A name without brackets stands for the metric in all its directions and variants. For each
    skipped file, a message is appended to `unreadable`.
    """
    records = _records(task, model, out, unreadable)
    known = list(dict.fromkeys(score for record in records for score in record.scores))
    names: list[str] = []
    for requested in metrics or [records[-1].headline]:
        own = with_variants(requested, known)
        if not own:
            raise UnknownName(f"metric of {task}", requested, known, SCORES_HINT)
        names += own
    return {
        name: _points(records, name, by, alpha, out, seed, unreadable)
        for name in dict.fromkeys(names)
    }


def _points(
    records: Sequence[RunRecord],
    name: str,
    by: Order | None,
    alpha: float,
    out: str | Path,
    seed: int,
    unreadable: list[str],
) -> list[Point]:
    lines = _lines([record for record in records if name in record.scores], name, by)
    points = {
        record.run: _point(record, name, at, order, training)
        for at, ((order, line), training) in enumerate(lines)
        for record in line
    }
    paired = [record for (_, line), _ in lines for record in line if len(line) > 1]
    opened = open_rows([store.stored_run(r, out) for r in paired], [name], unreadable)
    steps = [pair for (_, line), _ in lines for pair in pairwise(line)]
    tested = [
        compare_rows(opened[a.run], opened[b.run], [name], alpha, seed, len(steps)).scores[0]
        if a.run in opened and b.run in opened
        else None
        for a, b in steps
    ]
    p_values = holm([t.p_value if t else None for t in tested])
    for (a, b), test, p_holm in zip(steps, tested, p_values, strict=True):
        points[b.run] = _with_change(
            points[a.run], points[b.run], b.scores[name], test, p_holm, alpha
        )
    return list(points.values())


def _records(
    task: str, model: str | None, out: str | Path, unreadable: list[str]
) -> list[RunRecord]:
    tasks = store.tasks_in(out)
    if not tasks:
        raise DataError(f"no runs in {out}; `mmbench run -m MODEL -t TASK` makes one")
    check_has_runs(task, tasks, out)
    records = store.read_records(out, task)
    unreadable += records.unreadable
    if not records:
        more = f" (and {len(unreadable) - 1} more)" if len(unreadable) > 1 else ""
        raise DataError(f"no record of {task} can be read: {unreadable[0]}{more}")
    whole = [record for record in records if record.task.part is None]
    if not whole:
        raise DataError(
            f"all runs of {task} in {out} are on a part of the samples; run a model without"
            " --budget and --until-decided"
        )
    if model is None:
        return [record for record in whole if not record.baseline] or whole
    records_of_model = [
        record for record in whole if model in (record.model.name, name_and_checkpoint(record)[0])
    ]
    if not records_of_model:
        names = {plain(name_and_checkpoint(record)[0]) for record in whole}
        hint = f"`mmbench list runs --out {out}` shows the evaluated models"
        raise UnknownName(f"model of {task}", model, names, hint)
    return records_of_model


def _lines(
    records: Sequence[RunRecord], metric: str, by: Order | None
) -> list[tuple[tuple[Order, list[RunRecord]], str]]:
    """Return the lines of a history in the order of their first runs.

    Each line is ((order, records), training run).
    """
    trainings = {_training(record) for record in records if _step(record) is not None}
    lines: dict[tuple[str, ...], dict[str, RunRecord]] = {}
    for record in records:
        model = record.model
        training = _training(record) if _training(record) in trainings else ""
        options = repr(sorted(model.options.items()))
        comparable = record.comparison_key(metric)
        key = (training, name_and_checkpoint(record)[0], model.dtype, options, *comparable)
        line = lines.setdefault(key, {})
        line[model.hash or record.run] = record  # records are sorted, so the latest run wins
    return [(_ordered(list(line.values()), by), key[0]) for key, line in lines.items()]


def _ordered(line: list[RunRecord], by: Order | None) -> tuple[Order, list[RunRecord]]:
    without = [name_and_checkpoint(record)[1] for record in line if _step(record) is None]
    checkpoints = list(filter(None, without))
    if by == "step" and checkpoints:
        raise UserError(
            f"--by step: no step in the name of {listed(checkpoints)}; use --by created"
        )
    if by == "created" or without:
        return "created", sorted(line, key=lambda record: (record.created, record.run))
    return "step", sorted(line, key=lambda record: (_step(record) or 0, record.created))


def _training(record: RunRecord) -> str:
    return checkpoint_step(name_and_checkpoint(record)[1]).training


def _step(record: RunRecord) -> int | None:
    return checkpoint_step(name_and_checkpoint(record)[1]).step


def _point(record: RunRecord, metric: str, line: int, order: Order, training: str) -> Point:
    score = record.scores[metric]
    name, checkpoint = name_and_checkpoint(record)
    return Point(
        run=record.run,
        created=record.created,
        model=name,
        checkpoint=checkpoint,
        dtype=record.model.dtype,
        line=line,
        value=score.value,
        low=score.low,
        high=score.high,
        n=score.n,
        failed=score.failed,
        metric=metric,
        order=order,
        step=_step(record),
        training=training,
        options=record.model.options,
    )


def _with_change(
    before: Point,
    point: Point,
    score: ScoreInfo,
    tested: ScoreComparison | None,
    p_holm: float,
    alpha: float,
) -> Point:
    """Return `point` with its change from `before`, the previous point."""
    if tested is not None and tested.difference is not None and tested.p_value is not None:
        change = direction(tested.difference, score.better) if p_holm <= alpha else ""
        return msgspec.structs.replace(
            point, change=change, by="rows", difference=tested.difference, p_holm=p_holm
        )
    by_intervals = direction_by_intervals(before, point, score.better)
    if by_intervals is None or before.value is None or point.value is None:
        return point
    difference = point.value - before.value
    return msgspec.structs.replace(
        point, change=by_intervals, by="intervals", difference=difference
    )
