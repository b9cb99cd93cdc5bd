"""Comparison of two models over a group of tasks: paired differences, and their mean."""

from __future__ import annotations

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
from mmbench.comparison.groups.scales import GroupColumn, group_column, mixed_scales
from mmbench.comparison.rows import RunRows
from mmbench.errors import DataError, UserError
from mmbench.stats.combined import Estimate, weighted_mean
from mmbench.storage.records import StoredRun
from mmbench.storage.run_lookup import find_run
from mmbench.task_groups import TaskGroup


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
    P-values of the tasks are corrected (Holm) over the group. Raises UserError if a run of a task
    is missing or not comparable, or if the scores of the tasks have no common mean.
    """
    references = (baseline, candidate)
    runs = [_runs(references, one.recorded, out, group.name) for one in group.tasks]
    columns = [
        group_column(one, [run.record for run in pair])
        for one, pair in zip(group.tasks, runs, strict=True)
    ]
    if mixed := mixed_scales(columns):
        raise UserError(f"group {group.name}: {mixed}")
    pairs = [
        _compared(pair, column, alpha, seed, len(columns))
        for pair, column in zip(runs, columns, strict=True)
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


def _runs(references: Sequence[str], task: str, out: str | Path, group: str) -> list[StoredRun]:
    """Return the runs of a task. Raises DataError, which names the task, if one is missing."""
    try:
        return [find_run(reference, out, task) for reference in references]
    except DataError as error:
        raise DataError(f"group {group}: task {task}: {error}") from error


def _compared(
    pair: Sequence[StoredRun], column: GroupColumn, alpha: float, seed: int, tests: int
) -> Comparison:
    a, b = (run.record for run in pair)
    names = [column.score]
    for record in (a, b):
        if column.score not in record.scores:
            raise UserError(f"run {record.run} of {column.task} has no score {column.score}")
    refuse_incomparable(a, b, names)
    return compare_rows(RunRows(pair[0], names), RunRows(pair[1], names), names, alpha, seed, tests)


def _mean(
    scores: Sequence[ScoreComparison], columns: Sequence[GroupColumn]
) -> tuple[Estimate | None, str]:
    """Return the mean of differences, and why it or its interval is missing."""
    differences = [
        Estimate(s.difference, s.low, s.high) for s in scores if s.difference is not None
    ]
    lacking = [c.task for c, s in zip(columns, scores, strict=True) if s.difference is None]
    if lacking:
        return None, f"no difference of {', '.join(lacking)}"
    wide = [c.task for c, s in zip(columns, scores, strict=True) if s.low is None]
    mean = weighted_mean(differences, [column.weight for column in columns])
    return mean, f"no interval of {', '.join(wide)}" if wide else ""


def _verdict(mean: Estimate | None, better: str) -> Verdict:
    if mean is None or mean.low is None or mean.high is None:
        return "no test"
    apart = mean.low > 0 or mean.high < 0
    return (direction(mean.value, better) if apart else "") or "no difference"
