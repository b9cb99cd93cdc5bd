"""The gate: is the candidate worse than the baseline, beyond noise and beyond a margin.

For each metric the loss (the difference in the worse direction) is compared with the margin:

- fail: the loss is beyond the margin and significant (p corrected over the gate's metrics, since
  one of them is enough to fail);
- pass: even the upper end of the loss's interval is within the margin;
- unclear: anything else. There are too few samples, and the message says about how many would do.

A sample that failed only in the candidate has no row to test: the candidate passes only if the loss
would be within the margin with all such samples wrong.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import ceil, log10
from pathlib import Path
from typing import Literal

from msgspec import Struct

from mmbench.comparison.comparability import common_scores
from mmbench.comparison.compare import ALPHA, ScoreComparison, compare_runs
from mmbench.errors import UserError
from mmbench.storage.run_lookup import RunReference, find_run
from mmbench.storage.unreadable import warn_of_unreadable
from mmbench.text import count
from mmbench.text.number_format import format_number
from mmbench.types import RunRecord

_RULE = re.compile(r"^(?P<metric>.+):\s*[-+]?(?P<loss>\d+\.?\d*|\.\d+)\s*(?P<percent>%?)$")

GateOutcome = Literal["pass", "fail", "unclear"]


class GateRule(Struct, frozen=True):
    """Fail when `metric` is worse by more than `loss`, a share of the baseline if `relative`."""

    metric: str
    loss: float
    relative: bool

    def margin(self, baseline: float) -> float:
        """Return the allowed loss in the metric's own unit."""
        return self.loss * abs(baseline) if self.relative else self.loss

    @property
    def as_text(self) -> str:
        """The loss as `0.5%` or `0.005`."""
        return f"{100 * self.loss:g}%" if self.relative else f"{self.loss:g}"


class GateVerdict(Struct, frozen=True):
    """The verdict on one metric. `loss` is how much worse, from `low` to `high`; below 0 better.

    `needed` is about how many samples would decide at the same loss.
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


def parse_rule(text: str) -> GateRule:
    """Parse `METRIC: -0.5%` or `METRIC: 0.005`; the sign is ignored. Raises UserError."""
    match = _RULE.match(text.strip())
    if match is None:
        raise UserError(
            f"--fail-if {text!r}: write METRIC: LOSS, as in 'recall@1[text-to-image]: -0.5%' (of"
            " the baseline) or 'wer[basic]: 0.005'"
        )
    relative = bool(match["percent"])
    loss = float(match["loss"]) / (100 if relative else 1)
    return GateRule(match["metric"].strip(), loss, relative)


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
    """Compare a candidate with a baseline; return a verdict for each metric that `fail_if` names.

    Raises UserError for an invalid rule or a metric that the runs do not have, and as `compare`
    does. Warns of files in the board that cannot be read.
    """
    runs = [find_run(run, out, task) for run in (baseline, candidate)]
    warn_of_unreadable([line for run in runs for line in run.unreadable])
    records = [run.record for run in runs]
    rules: dict[str, GateRule] = {}
    for rule in map(parse_rule, fail_if):
        for name in common_scores(records, [rule.metric]):
            if name in rules:
                raise UserError(f"--fail-if: {name} stands in two rules")
            rules[name] = rule
    pair = compare_runs(runs, metrics=list(rules), alpha=alpha, seed=seed)[0]
    return [_judge(score, rules[score.metric], records[1], alpha) for score in pair.scores]


def _judge(
    score: ScoreComparison, rule: GateRule, candidate: RunRecord, alpha: float
) -> GateVerdict:
    if score.p_value is None or score.baseline is None or score.difference is None:
        message = f"cannot be tested: {score.reason}"
        return _make_verdict(score, rule, None, "unclear", message, None)
    margin = rule.margin(score.baseline)
    loss, _, high = loss_interval(score)
    significant = (score.p_holm or 0.0) <= alpha
    if loss > margin and significant:
        return _make_verdict(
            score, rule, margin, "fail", "worse beyond noise and beyond the margin", None
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
    more = f"; about {count(needed, 'sample')} would tell if it stayed so" if needed else ""
    message = (
        f"{count(score.n, 'sample')} cannot tell a loss within the margin from one beyond it{more}"
    )
    return _make_verdict(score, rule, margin, "unclear", message, needed)


def loss_interval(score: ScoreComparison) -> tuple[float, float | None, float | None]:
    """Return the loss with its interval: the difference, with positive values for worse."""
    loss, low, high = score.difference or 0.0, score.low, score.high
    if score.better == "lower":
        return loss, low, high
    # 0 - x and not -x, so that no loss is 0 and never -0.
    return 0 - loss, None if high is None else 0 - high, None if low is None else 0 - low


def _passed(loss: float, significant: bool) -> str:
    if not significant:
        return "no worse than the margin allows"
    return "better beyond noise" if loss < 0 else "worse beyond noise, and within the margin"


def _failures(score: ScoreComparison, candidate: RunRecord, margin: float) -> str:
    """Return why samples that failed only in the candidate forbid a pass, else empty."""
    if not score.failed[1]:
        return ""
    failed = f"{count(score.failed[1], 'sample')} failed"
    bounds = candidate.scores[score.metric].bounds
    if bounds is None or score.baseline is None:
        return f"{failed} in the candidate alone, and could be anything"
    higher = score.better == "higher"
    loss = score.baseline - bounds[0] if higher else bounds[1] - score.baseline
    if loss <= margin:
        return ""
    return f"{failed} in the candidate alone: all wrong, the loss is {format_number(loss)}"


def _needed(score: ScoreComparison, loss: float, high: float | None, margin: float) -> int | None:
    """Return how many samples would narrow the interval enough: its width goes with 1 / √n."""
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
