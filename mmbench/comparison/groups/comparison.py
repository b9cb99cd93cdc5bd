"""Comparison of two models over a group of tasks: paired differences, and their mean."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from mmbench.comparison.comparability import refuse_incomparable
from mmbench.comparison.compare import (
    ALPHA,
    Comparison,
    ScoreComparison,
    Verdict,
    compare_rows,
    direction,
    with_verdicts,
)
from mmbench.comparison.groups.result import GroupDifference
from mmbench.comparison.groups.scales import (
    GroupColumn,
    column_titles,
    group_column,
    mixed_scales,
    score_of,
)
from mmbench.comparison.rows import RunRows
from mmbench.engine.score_names import registered_name
from mmbench.errors import DataError, UserError
from mmbench.stats.combined import Estimate, weighted_mean
from mmbench.storage.records import StoredRun, read_records
from mmbench.storage.run_lookup import find_run
from mmbench.task_groups import GroupTask, TaskGroup


def compare_group(
    baseline: str,
    candidate: str,
    group: TaskGroup,
    *,
    alpha: float = ALPHA,
    out: str | Path = "leaderboards",
    seed: int = 0,
) -> GroupDifference:
    """Compare two models on the tasks of a group, task by task and by the mean difference.

    `baseline` and `candidate` refer to a run of each task (`find_run`): a model, `latest`, `best`.
    Of the runs of a model, the latest with the score of the group counts, so that a run rescored by
    other metrics does not hide it. P-values of the tasks are corrected (Holm) over the group.
    Raises UserError if a run of a task is missing or not comparable, or if the scores of the tasks
    have no common mean.
    """
    names = [score_of(one, read_records(out, one.recorded)) for one in group.tasks]
    runs = [
        [_run(reference, one, name, out, group.name) for reference in (baseline, candidate)]
        for one, name in zip(group.tasks, names, strict=True)
    ]
    columns = [
        group_column(one, name, [run.record for run in pair])
        for one, name, pair in zip(group.tasks, names, runs, strict=True)
    ]
    if mixed := mixed_scales(columns):
        raise UserError(f"group {group.name}: {mixed}")
    pairs = [
        _compared(pair, f"group {group.name}: {title}", name, alpha, seed, len(columns))
        for pair, title, name in zip(runs, column_titles(columns), names, strict=True)
    ]
    pairs = with_verdicts(pairs, alpha)
    mean, reason = _mean([pair.scores[0] for pair in pairs], columns)
    return GroupDifference(
        group.name,
        baseline,
        candidate,
        alpha,
        columns,
        pairs,
        _verdict(mean, columns[0].better),
        difference=mean.value if mean else None,
        low=mean.low if mean else None,
        high=mean.high if mean else None,
        reason=reason,
    )


def _run(reference: str, one: GroupTask, name: str, out: str | Path, group: str) -> StoredRun:
    """Return the run of a task with the score `name`. The errors name the group and the task."""
    where = f"group {group}: task {one.recorded}"
    try:
        run = find_run(reference, out, one.recorded, score=name)
    except DataError as error:
        raise DataError(f"{where}: {error}") from error
    record = run.record
    if record.task.name != one.recorded:
        raise UserError(f"{where}: {reference} is a run of {record.task.name}; give a model")
    if name not in record.scores:
        metric = shlex.quote(registered_name(name)[0].metric)
        raise UserError(
            f"{where}: run {record.run} has no score {name}; `mmbench rescore {record.run} --metric"
            f" {metric}` adds a run with it"
        )
    return run


def _compared(
    pair: Sequence[StoredRun], where: str, name: str, alpha: float, seed: int, tests: int
) -> Comparison:
    a, b = (run.record for run in pair)
    try:
        refuse_incomparable(a, b, [name])
    except UserError as error:
        raise UserError(f"{where}: {error}") from error
    return compare_rows(
        RunRows(pair[0], [name]), RunRows(pair[1], [name]), [name], alpha, seed, tests
    )


def _mean(
    scores: Sequence[ScoreComparison], columns: Sequence[GroupColumn]
) -> tuple[Estimate | None, str]:
    """Return the mean of differences, and why it or its interval is missing."""
    differences = [
        Estimate(s.difference, s.low, s.high) for s in scores if s.difference is not None
    ]
    titled = list(zip(column_titles(columns), scores, strict=True))
    lacking = [title for title, s in titled if s.difference is None]
    if lacking:
        return None, f"no difference of {', '.join(lacking)}"
    wide = [title for title, s in titled if s.low is None]
    mean = weighted_mean(differences, [column.weight for column in columns])
    return mean, f"no interval of {', '.join(wide)}" if wide else ""


def _verdict(mean: Estimate | None, better: str) -> Verdict:
    if mean is None or mean.low is None or mean.high is None:
        return "no test"
    apart = mean.low > 0 or mean.high < 0
    return (direction(mean.value, better) if apart else "") or "no difference"
