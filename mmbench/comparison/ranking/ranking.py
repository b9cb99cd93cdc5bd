"""Rank several runs of one task by a score, on the samples that they have in common."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import isfinite
from pathlib import Path

import numpy as np
from msgspec.structs import replace

from mmbench.comparison.comparability import part_notes, rows_differ, task_name
from mmbench.comparison.compare import ALPHA, compared_scores, runs_by_task
from mmbench.comparison.join import CommonRows, common_rows
from mmbench.comparison.ranking.costs import CostUnit, cost_note, run_cost
from mmbench.comparison.ranking.pareto import pareto_places
from mmbench.comparison.ranking.result import RankedRun, Ranking
from mmbench.comparison.rows import RunRows
from mmbench.stats.folds import fold
from mmbench.stats.ranking.joint_test import JointDraws, joint_draws, significantly_better
from mmbench.stats.ranking.ranks import best_set, rank_intervals
from mmbench.stats.ranking.top_value import top_value
from mmbench.storage.run_lookup import RunReference, find_run, reference
from mmbench.types import RunRecord


def rankings(
    runs: Sequence[RunReference],
    *,
    metrics: Sequence[str] = (),
    alpha: float = ALPHA,
    cost: CostUnit | None = None,
    out: str | Path = "leaderboards",
    task: str | None = None,
    seed: int = 0,
) -> list[Ranking]:
    """Rank the runs of each task by `metrics` (default: the headline of its first run).

    Each task needs at least two runs. Raises UserError if runs of a task cannot be compared or have
    no metric in common, and DataError if the rows of a run are missing.
    """
    ranked = []
    for own in runs_by_task([find_run(run, out, task) for run in runs]):
        records = [run.record for run in own]
        names = compared_scores(records, metrics)
        if not metrics and records[0].headline in names:
            names = [records[0].headline]
        rows = [RunRows(run, names) for run in own]
        ranked += [rank_runs(rows, name, alpha=alpha, seed=seed, cost=cost) for name in names]
    return ranked


def rank_runs(
    runs: Sequence[RunRows],
    metric: str,
    *,
    alpha: float,
    seed: int = 0,
    cost: CostUnit | None = None,
) -> Ranking:
    """Rank comparable runs by the score `metric`; `cost` also gives the front of value and cost.

    Runs without a value come last, without a rank. Raises DataError if rows cannot be read.
    """
    records = [run.record for run in runs]
    score = records[0].scores[metric]
    scored = [run for run in runs if run.record.scores[metric].value is not None]
    apart = _rows_differ(scored, metric)
    rows = common_rows(scored, [metric]).get(metric) if len(scored) > 1 and not apart else None
    values = [fold(score.fold, table) for table in rows.tables] if rows and rows.groups else []
    ranking = Ranking(
        task_name(records[0]), metric, score.better, alpha, seed, [], notes=part_notes(records)
    )
    if cost is not None:
        ranking = replace(ranking, cost_unit=cost, cost_note=cost_note(records, cost))
    joint = None
    if rows is not None and values and all(map(isfinite, values)):
        joint = joint_draws(score.fold, rows.tables, rows.groups, better=score.better, seed=seed)
    if rows is None or joint is None:
        reason = apart or _untested(len(scored), rows, values)
        return replace(ranking, runs=_by_value(records, ranking), reason=reason)
    top = top_value(joint, 1 - alpha)
    ranked = [run.record for run in scored]
    without = [record for record in records if record.scores[metric].value is None]
    return replace(
        ranking,
        runs=[*_ranked(ranked, values, joint, ranking), *_by_value(without, ranking)],
        n=len(rows.groups),
        groups=len(set(rows.groups)),
        excluded=rows.excluded,
        first_too_high=top.bias,
        corrected=values[top.run] - (top.bias if score.better == "higher" else -top.bias),
        expected_loss=top.expected_loss,
        largest_loss=top.largest_loss,
        method=joint.method,
    )


def _rows_differ(runs: Sequence[RunRows], metric: str) -> str:
    """Return why the rows of a score cannot be joined although the runs are comparable, or ""."""
    pairs = combinations([run.record for run in runs], 2)
    return next(filter(None, (rows_differ(a, b, metric) for a, b in pairs)), "")


def _untested(scored: int, rows: CommonRows | None, values: Sequence[float]) -> str:
    if scored < 2:
        return "fewer than two runs have a value"
    if rows is None:
        return "no rows per sample"
    if not values:
        return "no sample has outputs in all runs"
    if len(set(rows.groups)) < 2:
        return "all samples belong to one group"
    return "no value on the common samples, or on many resamples"


def _by_value(records: Sequence[RunRecord], ranking: Ranking) -> list[RankedRun]:
    """Return runs without a test, by their values; runs without a value come last."""
    sign = -1 if ranking.better == "higher" else 1
    values = [record.scores[ranking.metric].value for record in records]
    order = sorted(
        range(len(records)), key=lambda at: (values[at] is None, sign * (values[at] or 0.0))
    )
    unit = ranking.cost_unit
    return [
        RankedRun(
            records[at].run,
            reference(records[at]),
            values[at],
            cost=run_cost(records[at], unit) if unit else None,
        )
        for at in order
    ]


def _ranked(
    records: Sequence[RunRecord], values: Sequence[float], joint: JointDraws, ranking: Ranking
) -> list[RankedRun]:
    """Return the runs with their ranks, the best first; runs of equal value keep their order."""
    level = 1 - ranking.alpha
    better = significantly_better(joint, level)
    low, high = rank_intervals(better)
    among = best_set(joint, level)
    unit = ranking.cost_unit
    costs = [run_cost(record, unit) if unit else None for record in records]
    places = pareto_places(joint.values, costs, better, np.isinf(joint.scales))
    order = np.argsort(-joint.values, kind="stable")
    return [
        RankedRun(
            records[at].run,
            reference(records[at]),
            values[at],
            values[at] - values[order[0]],
            1 + int((joint.values > joint.values[at]).sum()),
            int(low[at]),
            int(high[at]),
            bool(among[at]),
            costs[at],
            place.front if (place := places[at]) else None,
            records[place.by].run if place and place.by is not None else "",
        )
        for at in order.tolist()
    ]
