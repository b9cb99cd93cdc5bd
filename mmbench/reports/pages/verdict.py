"""The verdict of a comparison as a sentence, and the comparison of runs without rows."""

from __future__ import annotations

from mmbench.comparison.comparability import common_scores, refuse_incomparable
from mmbench.comparison.compare import (
    ALPHA,
    Comparison,
    ScoreComparison,
    direction_by_intervals,
)
from mmbench.reports.pages.board_tables import Statement
from mmbench.reports.pages.cells import VERDICT_CSS, VERDICT_TEXTS, badge
from mmbench.reports.pages.html import Content, Html, element
from mmbench.text import count
from mmbench.text.number_format import decimals, format_interval, format_number, p_equals
from mmbench.types import RunRecord


def comparison_without_rows(baseline: RunRecord, candidate: RunRecord, reason: str) -> Comparison:
    """Return the comparison of two comparable runs by their records alone, for their page.

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


def verdict(score: ScoreComparison, tests: int) -> list[Content]:
    """Return the verdict on a score as a sentence; `tests` is the number of corrected tests."""
    digits = decimals(score.baseline, score.candidate)
    values = [format_number(value, digits) for value in (score.candidate, score.baseline)]
    parts: list[Content] = [
        verdict_badge(score),
        f" {_CLAIMS[score.verdict]} {score.metric} {values[0]} against {values[1]}",
    ]
    if score.difference is not None:
        difference = element("b", format_number(score.difference, digits, "+"))
        interval = f" [{format_interval(score.low, score.high, '+')}]" if score.p_holm else ""
        parts += [", a difference of ", difference, interval]
    if score.p_holm is not None:
        parts.append(f", {_p_words(score.p_holm, tests)}")
    parts.append(f" ({score.reason})." if score.reason else ".")
    if score.detectable is not None:
        least = format_number(score.detectable)
        parts.append(f" The smallest difference that {score.n:,} samples can show is {least}.")
    return parts


def verdict_badge(score: ScoreComparison) -> Html:
    """Return the verdict on a score as a badge."""
    text = VERDICT_TEXTS.get(score.verdict, score.verdict)
    return badge(Statement(text, css=VERDICT_CSS[score.verdict]))


_CLAIMS = {
    "better": "The candidate is better:",
    "worse": "The candidate is worse:",
    "no difference": "The runs do not differ significantly:",
    "no test": "The runs could not be tested:",
}


def _p_words(p_value: float, tests: int) -> str:
    value = p_equals(p_value)
    return f"{value} after Holm's correction over {count(tests, 'test')}" if tests > 1 else value
