"""The plan of a comparison: samples for a difference, and what the whole set can see."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from pathlib import Path

from msgspec.structs import replace

from mmbench.comparison.compare import ALPHA
from mmbench.comparison.gate import parse_difference
from mmbench.comparison.power.cost import first_rate
from mmbench.comparison.power.earlier_runs import EarlierPair, EarlierRuns, earlier_runs
from mmbench.comparison.power.needs import Planner
from mmbench.comparison.power.other_scores import other_scores
from mmbench.comparison.power.result import PairEstimate, PowerPlan
from mmbench.comparison.power.variation import (
    Estimate,
    binary_variation,
    estimate_run,
    graded_variation,
    samples_per_group,
)
from mmbench.errors import UserError
from mmbench.stats.power import POWER, Variation
from mmbench.storage.run_lookup import RunReference

_INDEPENDENT = (
    "one run only: the runs were taken as independent, which is an upper limit; a second run, such"
    " as another checkpoint, gives the real number"
)


def plan(
    task: str | None = None,
    *,
    metric: str | None = None,
    baseline: RunReference | None = None,
    candidate: RunReference | None = None,
    difference: str | float | None = None,
    accuracy: float | None = None,
    agreement: float | None = None,
    sd: float | None = None,
    samples: int | None = None,
    power: float = POWER,
    alpha: float = ALPHA,
    price: Sequence[float] | None = None,
    out: str | Path = "leaderboards",
    seed: int = 0,
) -> PowerPlan:
    """Return how many samples a comparison of two runs needs.

    The variation comes from the earlier runs of `task` in the board `out` (see `earlier_runs`), or
    from stated numbers: `accuracy` and `agreement` for rows of 0 and 1, or the standard deviation
    `sd` of the difference per sample. `samples` is the size of a whole set that is not in the
    board. `difference` is a number in the unit of the metric, or text such as `1%`, which is
    relative to the baseline. `price` has the prices of a million prompt and completion tokens.

    Raises UserError for invalid or contradicting arguments, and if no run has rows for the metric.
    """
    stated = [name for name, value in (("accuracy", accuracy), ("agreement", agreement), ("sd", sd))
              if value is not None]  # fmt: skip
    if stated:
        if task is not None or baseline is not None:
            raise UserError(
                f"--{stated[0]} replaces earlier runs; leave it out, or leave out --task and"
                " --baseline"
            )
        variation = _stated(accuracy, agreement, sd)
        planner = Planner(variation, samples, samples, alpha, power)
        return _plan(planner, difference, accuracy, metric or "")
    if candidate is not None and baseline is None:
        raise UserError("--candidate needs --baseline, the run to compare it with")
    if task is None and baseline is None:
        raise UserError(
            "nothing to plan from: give a task with earlier runs (-t TASK), or the expected"
            " --accuracy and --agreement, or --sd"
        )
    if samples is not None:
        raise UserError("--samples is only for --accuracy and --sd; a run has its own number")
    runs = earlier_runs(task, metric, baseline, candidate, out, seed)
    return _from_runs(runs, difference, alpha, power, price, seed)


def _stated(accuracy: float | None, agreement: float | None, sd: float | None) -> Variation:
    if sd is not None:
        if accuracy is not None or agreement is not None:
            raise UserError("--sd is for graded scores, --accuracy for right and wrong: give one")
        return graded_variation(sd)
    if agreement is None and accuracy is not None:
        return binary_variation(accuracy, None)
    return binary_variation(accuracy or 0.0, agreement)


def _from_runs(
    runs: EarlierRuns,
    difference: str | float | None,
    alpha: float,
    target: float,
    price: Sequence[float] | None,
    seed: int,
) -> PowerPlan:
    """Return the plan from earlier runs: by the median pair, or by one run alone."""
    records = [one.record for one in runs.rows]
    pair = _representative(runs.pairs) if runs.pairs else None
    estimate = pair.estimate if pair else _single(runs, seed)
    rate = first_rate([pair.candidate, pair.baseline, *records] if pair else records, price)
    planner = Planner(estimate.variation, estimate.n, estimate.groups, alpha, target, rate)
    made = _plan(planner, difference, estimate.value, runs.metric)
    short = made.needed is None or (made.needed.samples or inf) > estimate.n
    return replace(
        made,
        task=records[0].task.name,
        basis="pair" if pair else "one run",
        per_group=_samples_per_group(runs, pair, seed) if pair else 1.0,
        pair=_pair_estimate(pair, planner) if pair else None,
        pairs=[_pair_estimate(one, planner) for one in runs.pairs],
        cost_run=rate.run if rate else "",
        other_scores=other_scores(runs, pair, planner, seed) if pair and short else [],
        notes=runs.notes if pair else [*runs.notes, _INDEPENDENT],
    )


def _representative(pairs: Sequence[EarlierPair]) -> EarlierPair:
    """Return the pair with the median variation, among pairs of one model if there are any."""
    near = [pair for pair in pairs if pair.relation == "one model"] or pairs
    return sorted(near, key=lambda pair: pair.estimate.variation.spread)[len(near) // 2]


def _samples_per_group(runs: EarlierRuns, pair: EarlierPair, seed: int) -> float:
    rows = {one.record.run: one for one in runs.rows}
    a, b = (rows[one.run] for one in (pair.baseline, pair.candidate))
    return samples_per_group(a, b, runs.metric, seed)


def _single(runs: EarlierRuns, seed: int) -> Estimate:
    run = runs.rows[0]
    estimate = estimate_run(run, runs.metric, seed)
    if estimate is None:
        score = run.record.scores[runs.metric]
        none = "it has no rows per sample" if score.fold == "whole" else "its rows do not vary"
        reason = score.reason or none
        raise UserError(f"no plan for {runs.metric} from run {run.record.run}: {reason}")
    return estimate


def _pair_estimate(pair: EarlierPair, planner: Planner) -> PairEstimate:
    estimate = pair.estimate
    own = planner._replace(variation=estimate.variation, samples=estimate.n, groups=estimate.groups)
    return PairEstimate(
        baseline=pair.baseline.run,
        candidate=pair.candidate.run,
        relation=pair.relation,
        difference=estimate.difference,
        agreement=estimate.agreement,
        correlation=estimate.correlation,
        detectable=own.detectable(),
    )


def _plan(
    planner: Planner, difference: str | float | None, value: float | None, metric: str
) -> PowerPlan:
    """Return the plan for a known variation, without what only earlier runs can tell."""
    asked = None if difference is None else _absolute(difference, value, metric)
    if asked and not planner.possible(asked):
        raise UserError(
            f"--difference {difference}: scores of right and wrong samples differ by at most 1"
        )
    detectable = planner.detectable()
    groups = planner.groups
    return PowerPlan(
        task="",
        metric=metric,
        test=planner.variation.test,
        alpha=planner.alpha,
        power=planner.target,
        basis="stated",
        samples=planner.samples,
        groups=groups,
        value=value,
        detectable=detectable,
        needed=planner.need(asked) if asked else None,
        achieved=planner.power(asked, groups) if asked and groups else None,
        table=planner.table(asked, detectable),
        gate=planner.gate(asked) if asked else None,
    )


def _absolute(difference: str | float, value: float | None, metric: str) -> float:
    """Return a difference in the unit of the metric. Raises UserError unless it is positive."""
    amount = parse_difference(str(difference), metric)
    if amount.relative and value is None:
        raise UserError(
            f"--difference {difference}: a percentage needs the baseline's value; give --accuracy,"
            " or a number in the unit of the metric"
        )
    if not (margin := amount.margin(value or 0.0)):
        raise UserError(f"--difference {difference}: give a difference above 0")
    return margin
