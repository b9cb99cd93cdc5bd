"""The gate: a verdict on whether a candidate is worse than the baseline by more than a margin.

For each metric, the loss (the difference in the worse direction) is compared with the margin. The
verdicts are:

- fail: the loss exceeds the margin and is significant (p-values are corrected over the metrics of
  the gate, because one failing metric is enough);
- pass: even the upper end of the loss's interval is within the margin;
- unclear: otherwise. There are too few samples; the message estimates how many would be enough.

A sample that failed only in the candidate has no row to test. The candidate therefore passes only
if the loss would be within the margin even if all of these samples were wrong.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import ceil, log10
from pathlib import Path
from typing import Literal, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from mmbench.comparison.comparability import common_scores
from mmbench.comparison.compare import ALPHA, Comparison, ScoreComparison, compare_runs
from mmbench.errors import UserError
from mmbench.storage.records import StoredRun
from mmbench.storage.run_lookup import RunReference, find_run
from mmbench.storage.unreadable import warn_of_unreadable
from mmbench.text import count
from mmbench.text.number_format import format_number
from mmbench.types import RunRecord

_AMOUNT = r"\s*[-+]?(?P<loss>\d+\.?\d*|\.\d+)\s*(?P<percent>%?)"
_RULE = re.compile(rf"^(?P<metric>.+):{_AMOUNT}$")

GateOutcome = Literal["pass", "fail", "unclear"]
WORST_FIRST: tuple[GateOutcome, ...] = ("fail", "unclear", "pass")


class GateRule(Struct, frozen=True):
    """A rule of a gate: it fails if the candidate is worse by `metric` by more than `loss`.

    If `relative` is true, `loss` is a fraction of the baseline's value.
    """

    metric: str
    loss: float
    relative: bool

    def margin(self, baseline: float) -> float:
        """Return the allowed loss in the unit of the metric."""
        return self.loss * abs(baseline) if self.relative else self.loss

    @property
    def as_text(self) -> str:
        """The allowed loss as text: `0.5%` or `0.005`."""
        return f"{100 * self.loss:g}%" if self.relative else f"{self.loss:g}"


class GateVerdict(Struct, frozen=True):
    """The verdict on one metric. `loss` is positive if the candidate is worse, else negative or 0.

    `low` and `high` are the interval of the loss. `needed` is the approximate number of samples
    that would decide an unclear verdict if the loss stays the same.
    """

    metric: str
    outcome: GateOutcome
    message: str
    margin: float | None
    allowed: str
    baseline: float | None
    candidate: float | None
    loss: float | None
    low: float | None
    high: float | None
    p_value: float | None
    needed: int | None = None


class GateResult(NamedTuple):
    """The verdicts of a gate, one for each metric, with the runs and their comparison."""

    baseline: StoredRun
    candidate: StoredRun
    comparison: Comparison
    verdicts: list[GateVerdict]

    @property
    def outcome(self) -> GateOutcome:
        """The outcome of the gate: the worst outcome of its verdicts."""
        outcomes = {verdict.outcome for verdict in self.verdicts}
        return next((one for one in WORST_FIRST if one in outcomes), "pass")


def parse_rule(text: str) -> GateRule:
    """Parse a rule, `METRIC: -0.5%` or `METRIC: 0.005`. The sign of the number is ignored.

    Raises UserError for any other text.
    """
    match = _RULE.match(text.strip())
    if match is None:
        raise UserError(
            f"--fail-if {text!r}: write METRIC: LOSS, such as 'wer[basic]: 0.005' or, relative to"
            " the baseline, 'recall@1[text-to-image]: -0.5%'"
        )
    return _rule(match["metric"].strip(), match)


def parse_difference(text: str, metric: str) -> GateRule:
    """Parse the value of `--difference`, `0.5%` or `0.005`; return it as a rule for this metric.

    Raises UserError for any other text.
    """
    match = re.fullmatch(_AMOUNT, text.rstrip())
    if match is None:
        raise UserError(
            f"--difference {text!r}: write a number in the unit of the metric, such as 0.005, or a"
            " percentage of the baseline, such as 0.5%"
        )
    return _rule(metric, match)


def _rule(metric: str, match: re.Match[str]) -> GateRule:
    relative = bool(match["percent"])
    return GateRule(metric, float(match["loss"]) / (100 if relative else 1), relative)


def gate(
    baseline: RunReference,
    candidate: RunReference,
    fail_if: Sequence[str],
    *,
    alpha: float = ALPHA,
    out: str | Path = "leaderboards",
    task: str | None = None,
    seed: int = 0,
) -> list[GateVerdict]:
    """Compare a candidate with a baseline by the rules `fail_if`; return a verdict for each metric.

    Errors and warnings are those of `gate_runs`.
    """
    first, second = (find_run(run, out, task) for run in (baseline, candidate))
    return gate_runs(first, second, fail_if, alpha=alpha, seed=seed).verdicts


def gate_runs(
    baseline: StoredRun,
    candidate: StoredRun,
    fail_if: Sequence[str],
    *,
    alpha: float = ALPHA,
    seed: int = 0,
) -> GateResult:
    """Compare a candidate with a baseline by the rules `fail_if`; return verdicts and comparison.

    Raises UserError for an invalid rule, for a metric that the runs do not have, and for runs that
    cannot be compared (see `compare`). Warns about files in the board that cannot be read.
    """
    runs = (baseline, candidate)
    warn_of_unreadable([line for run in runs for line in run.unreadable])
    records = [run.record for run in runs]
    rules = rules_by_score(records, fail_if)
    pair = compare_runs(runs, metrics=list(rules), alpha=alpha, seed=seed)[0]
    verdicts = [_judge(score, rules[score.metric], records[1], alpha) for score in pair.scores]
    verdicts = [replace(one, message="; ".join([one.message, *pair.notes])) for one in verdicts]
    return GateResult(baseline, candidate, pair, verdicts)


def rules_by_score(records: Sequence[RunRecord], fail_if: Sequence[str]) -> dict[str, GateRule]:
    """Return the rule of each score that all runs have.

    Raises UserError for an invalid rule, for two rules of one score, and for an unknown score.
    """
    rules: dict[str, GateRule] = {}
    for rule in map(parse_rule, fail_if):
        for name in common_scores(records, [rule.metric]):
            if name in rules:
                raise UserError(f"--fail-if: two rules for {name}; remove one of them")
            rules[name] = rule
    return rules


def _judge(
    score: ScoreComparison, rule: GateRule, candidate: RunRecord, alpha: float
) -> GateVerdict:
    if score.p_value is None or score.baseline is None or score.difference is None:
        message = f"there is no test: {score.reason}"
        return _make_verdict(score, rule, None, "unclear", message, None)
    margin = rule.margin(score.baseline)
    loss, _, high = loss_interval(score)
    significant = (score.p_holm or 0.0) <= alpha
    if loss > margin and significant:
        return _make_verdict(
            score, rule, margin, "fail", "significantly worse, by more than the margin", None
        )
    if high is None:
        # Every sample changed equally, so there is no spread.
        high = loss if significant else None
    if high is not None and high <= margin:
        hidden = _failures(score, candidate, margin)
        outcome: GateOutcome = "unclear" if hidden else "pass"
        return _make_verdict(
            score, rule, margin, outcome, hidden or _passed(loss, significant), None
        )
    needed = _needed(score, loss, high, margin)
    more = f"; about {count(needed, 'sample')} would be enough for the same loss" if needed else ""
    message = f"too few samples ({score.n:,}) to tell whether the loss is within the margin{more}"
    return _make_verdict(score, rule, margin, "unclear", message, needed)


def loss_interval(score: ScoreComparison) -> tuple[float, float | None, float | None]:
    """Return the loss and its interval: (loss, low, high).

    The loss is the difference with a sign such that a positive value is worse.
    """
    loss, low, high = score.difference or 0.0, score.low, score.high
    if score.better == "lower":
        return loss, low, high
    # 0 - x instead of -x, which would give -0.0 for 0.
    return 0 - loss, None if high is None else 0 - high, None if low is None else 0 - low


def _passed(loss: float, significant: bool) -> str:
    if not significant:
        return "no worse than the margin allows"
    return "significantly better" if loss < 0 else "significantly worse, but within the margin"


def _failures(score: ScoreComparison, candidate: RunRecord, margin: float) -> str:
    """Return why the samples that failed only in the candidate prevent a pass, or ""."""
    if not score.failed[1]:
        return ""
    failed = f"{count(score.failed[1], 'sample')} failed"
    bounds = candidate.scores[score.metric].bounds
    if bounds is None or score.baseline is None:
        return f"{failed} in the candidate alone; their effect is unbounded"
    higher = score.better == "higher"
    loss = score.baseline - bounds[0] if higher else bounds[1] - score.baseline
    if loss <= margin:
        return ""
    return (
        f"{failed} in the candidate alone; if all were wrong, the loss would be"
        f" {format_number(loss)}"
    )


def _needed(score: ScoreComparison, loss: float, high: float | None, margin: float) -> int | None:
    """Return how many samples would make the interval narrow enough for a verdict.

    The estimate assumes that the width of the interval falls as 1 / √n.
    """
    room = loss if loss > margin else margin - loss
    if high is None or room <= 0:
        return None
    samples = score.n * ((high - loss) / room) ** 2
    unit: int = 10 ** max(0, int(log10(samples)) - 1)  # two significant digits
    return max(score.n + 1, ceil(samples / unit) * unit)


def _make_verdict(
    score: ScoreComparison,
    rule: GateRule,
    margin: float | None,
    outcome: GateOutcome,
    message: str,
    needed: int | None,
) -> GateVerdict:
    loss, low, high = loss_interval(score)
    return GateVerdict(
        metric=score.metric,
        outcome=outcome,
        message=message,
        margin=margin,
        allowed=rule.as_text,
        baseline=score.baseline,
        candidate=score.candidate,
        loss=None if score.difference is None else loss,
        low=low,
        high=high,
        p_value=score.p_holm,
        needed=needed,
    )
