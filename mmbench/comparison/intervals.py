"""Comparison of runs without rows: by the intervals of their scores.

It detects fewer differences than a paired test of the samples.
"""

from __future__ import annotations

from typing import Literal, Protocol

from mmbench.comparison.comparability import common_scores, refuse_incomparable
from mmbench.comparison.compare import ALPHA, Comparison, ScoreComparison, direction
from mmbench.types import RunRecord


class WithInterval(Protocol):
    """A value with its interval, such as a `ScoreInfo`; each number may be None."""

    @property
    def value(self) -> float | None: ...  # noqa: D102
    @property
    def low(self) -> float | None: ...  # noqa: D102
    @property
    def high(self) -> float | None: ...  # noqa: D102


def direction_by_intervals(
    first: WithInterval, second: WithInterval, better: str
) -> Literal["", "better", "worse"] | None:
    """Return whether `second` is "better" or "worse" than `first`, judged by their intervals alone.

    Return "" if the intervals overlap, and None if a value or an interval is missing. A paired test
    of the samples detects smaller differences.
    """
    if first.low is None or first.high is None or second.low is None or second.high is None:
        return None
    if first.value is None or second.value is None:
        return None
    apart = second.low > first.high or second.high < first.low
    return direction(second.value - first.value, better) if apart else ""


def comparison_without_rows(baseline: RunRecord, candidate: RunRecord, reason: str) -> Comparison:
    """Return the comparison of two comparable runs by their records alone.

    Scores whose intervals do not overlap differ; intervals that overlap show nothing. `reason` says
    why the samples cannot be compared. Raises UserError if the runs are not comparable.
    """
    names = common_scores([baseline, candidate], [])
    refuse_incomparable(baseline, candidate, names)
    return Comparison(
        baseline=baseline.run,
        candidate=candidate.run,
        task=candidate.task.name,
        alpha=ALPHA,
        seed=0,
        scores=[_by_intervals(name, baseline, candidate, reason) for name in names],
        changes=[],
        only_in_one=sorted(baseline.scores.keys() ^ candidate.scores.keys()),
    )


def _by_intervals(
    name: str, baseline: RunRecord, candidate: RunRecord, reason: str
) -> ScoreComparison:
    first, second = baseline.scores[name], candidate.scores[name]
    known = first.value is not None and second.value is not None
    change = direction_by_intervals(first, second, first.better)
    how = "the intervals do not overlap" if change else "the intervals overlap"
    return ScoreComparison(
        metric=name,
        better=first.better,
        baseline=first.value,
        candidate=second.value,
        verdict=change or "no test",
        difference=(second.value or 0.0) - (first.value or 0.0) if known else None,
        n=second.n,
        reason=f"{how}; {reason}" if change is not None else reason,
    )
