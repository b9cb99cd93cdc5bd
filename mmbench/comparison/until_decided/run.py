"""A run on groups of samples in random order that stops when the verdict of a gate is known.

After each step, the losses of the groups so far decide (`mmbench.stats.sequential`) or not. A rule
that fails ends the run, and so do rules that all pass. The order of the groups depends on the seed
alone, and outputs are in the journal: a run that was killed stops at the same sample with the same
bits. Without a decision, the run is an ordinary run on all samples.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from mmbench.comparison.comparability import refuse_incomparable
from mmbench.comparison.compare import ALPHA
from mmbench.comparison.gate import GateVerdict, parse_rule
from mmbench.comparison.rows import RunRows
from mmbench.comparison.until_decided.evidence import Evidence, FinishedRows, numbers_in_draw
from mmbench.comparison.until_decided.rules import bounded_rules
from mmbench.engine.context import RunContext, RunStats, run_context
from mmbench.engine.execution.executor import Executor
from mmbench.engine.identity import fingerprint
from mmbench.engine.loading.models.live import LiveModel
from mmbench.engine.loading.parts import FEWEST, GroupOrder, order_groups, with_part
from mmbench.engine.loading.prepare import PreparedRun, prepare
from mmbench.engine.options import RunSettings
from mmbench.engine.progress import Progress
from mmbench.engine.run import FinishedRun, run_prepared
from mmbench.errors import UserError
from mmbench.stats.sequential import Decision
from mmbench.storage.records import StoredRun
from mmbench.storage.run_lookup import RunReference, find_run
from mmbench.types import RunRecord, TaskSpec

_LOOKS = 50  # at most, so that a run ends at most 2 % of the samples too late
_FEWEST = 16  # groups between two looks, in sets that are not small


class DecidedRun(NamedTuple):
    """A run, its verdicts if they were decided early, and the baseline.

    Without verdicts, the run is on all samples.
    """

    finished: FinishedRun
    verdicts: list[GateVerdict]
    baseline: StoredRun


class SequentialRules(NamedTuple):
    """When to stop: a baseline of the board `out`, the rules as in `gate`, and the level."""

    baseline: RunReference
    fail_if: Sequence[str]
    out: str | Path = "leaderboards"
    alpha: float = ALPHA


def run_until_decided(
    model: str | LiveModel,
    task: str,
    rules: SequentialRules,
    options: RunSettings | None = None,
    progress: Progress | None = None,
    executor: Executor | None = None,
) -> DecidedRun:
    """Run a model on a task until `rules` are decided; the other arguments are those of `run`.

    Raises UserError for a baseline on other data, and for scores that cannot be decided early.
    """
    settings = options or RunSettings()
    if settings.fresh or settings.budget is not None or settings.limit is not None:
        raise UserError("--until-decided cannot be combined with --fresh, --budget or --limit")
    for rule in rules.fail_if:
        parse_rule(rule)
    with run_context(options, progress, executor) as context:
        with context.costs.clock.stage("prepare"):
            prepared = prepare(model, task, context)
        baseline = find_run(rules.baseline, rules.out, prepared.spec.name)
        _check_task(prepared.spec, baseline.record)
        bounded = bounded_rules(baseline, rules.fail_if)
        if prepared.model is None:  # nothing is saved without forward passes
            return DecidedRun(run_prepared(prepared, context), [], baseline)
        if prepared.model.uncached:
            raise UserError(
                f"--until-decided: the outputs of {prepared.model.info.name} are not cached, so"
                f" that its samples would be computed twice: {prepared.model.uncached}"
            )
        order = order_groups(prepared.spec, prepared.kind, prepared.data, settings.seed)
        rows = RunRows(baseline, [rule.score for rule in bounded])
        numbers = numbers_in_draw(rows, prepared.data, order)
        evidence = [Evidence(rule, rows, numbers, len(order.rows)) for rule in bounded]
        return _Run(prepared, order, evidence, baseline, rules.alpha, context).run()


def _check_task(spec: TaskSpec, baseline: RunRecord) -> None:
    """Raise UserError if a baseline belongs to another task, before anything is computed."""
    if baseline.task.fingerprint != fingerprint(spec):
        raise UserError(
            f"--baseline {baseline.run}: a run of {baseline.task.name}, not of {spec.name} as it is"
            " defined now; give a run of the same task"
        )


def steps(groups: int) -> Iterator[tuple[int, int]]:
    """Yield the numbers of groups (before, after) of each step before the whole set.

    With fewer than `FEWEST` groups there are none: the test of the gate has few possible p-values
    then, and its verdict is not that of the standard error that an early verdict relies on.
    """
    if groups < FEWEST:
        return
    step = max(-(-groups // _LOOKS), min(_FEWEST, -(-groups // 10)))
    for start in range(0, groups - step, step):
        yield start, start + step


class _Run(NamedTuple):
    """A prepared run with its draw, and what is known about each rule."""

    prepared: PreparedRun
    order: GroupOrder
    evidence: list[Evidence]
    baseline: StoredRun
    alpha: float
    context: RunContext

    def run(self) -> DecidedRun:
        """Run step by step until the rules are decided."""
        decided: list[Decision] = [""] * len(self.evidence)
        for start, end in steps(len(self.order.rows)):
            self._add(start, end)
            decided = self._look(decided, end)
            if "fail" in decided or "" not in decided:
                return self._stop(decided, end)
        return DecidedRun(self._final(self.prepared), [], self.baseline)

    def _add(self, start: int, end: int) -> None:
        """Run the model on some groups, and add its rows to the evidence."""
        part = with_part(self.prepared, self.order, end, self.context, start=start)
        assert part.part is not None  # with_part sets it
        baseline = self.baseline.record
        if part.part.data_hash != baseline.task.data_hash:
            raise UserError(
                f"--baseline {baseline.run}: its data differ from the data of this run; run the"
                " baseline again"
            )
        finished = run_prepared(part, self.context)
        names = [own.rule.score for own in self.evidence]
        refuse_incomparable(baseline, finished.record, names, parts=True)
        rows = FinishedRows(finished)
        for own in self.evidence:
            own.add(rows)

    def _look(self, decided: Sequence[Decision], groups: int) -> list[Decision]:
        """Return the decision on each rule; a rule that is decided stays so."""
        alpha, rules = self.alpha, len(self.evidence)
        return [
            before or own.gate(groups, alpha, rules).decide(groups)
            for own, before in zip(self.evidence, decided, strict=True)
        ]

    def _stop(self, decided: Sequence[Decision], groups: int) -> DecidedRun:
        stopped = "; ".join(
            f"{outcome}: {own.rule.score}, allowed {own.rule.rule.as_text}"
            for own, outcome in zip(self.evidence, decided, strict=True)
            if outcome
        )
        stopped = f"{stopped}, against {self.baseline.record.run}"
        part = with_part(self.prepared, self.order, groups, self.context, stopped=stopped)
        finished = self._final(part)
        samples, of = len(self.order.first(groups)), self.order.samples
        message = f"decided after {samples:,} of {of:,} samples"
        alpha, rules = self.alpha, len(self.evidence)
        verdicts = [
            own.verdict(
                outcome or "unclear",
                groups,
                own.gate(groups, alpha, rules).bounds(groups),
                message if outcome else "not decided when another rule failed",
            )
            for own, outcome in zip(self.evidence, decided, strict=True)
        ]
        return DecidedRun(finished, verdicts, self.baseline)

    def _final(self, prepared: PreparedRun) -> FinishedRun:
        """Return the run on all groups so far, with the costs of all steps."""
        earlier = self.context.costs.counts["computed"]
        context = self.context._replace(costs=RunStats())
        finished = run_prepared(prepared, context)
        counts = finished.record.counts
        counts = counts | {
            "computed": earlier + counts["computed"],
            "cached": counts["cached"] - earlier,  # the outputs of the steps are in the journal
        }
        seconds = self.context.costs.clock.seconds
        total = {
            stage: round(finished.record.seconds.get(stage, 0.0) + seconds.get(stage, 0.0), 4)
            for stage in {**seconds, **finished.record.seconds}
        }
        return finished._replace(record=replace(finished.record, counts=counts, seconds=total))
