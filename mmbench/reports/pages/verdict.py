"""The verdict of a comparison as a sentence."""

from __future__ import annotations

from mmbench.comparison.compare import ALPHA, ScoreComparison
from mmbench.reports.pages.board_tables import Statement
from mmbench.reports.pages.cells import VERDICT_CSS, VERDICT_TEXTS, badge
from mmbench.reports.pages.html import Content, Html, element
from mmbench.text import count
from mmbench.text.number_format import decimals, format_interval, format_number, p_equals


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
        parts += [", a difference of ", difference]
    if score.low is not None:
        parts.append(f" [{format_interval(score.low, score.high, '+')}]")
    if score.p_holm is not None:
        parts.append(f", {_p_words(score, tests)}")
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


def _p_words(score: ScoreComparison, tests: int) -> str:
    """Return the p-value, and the uncorrected one if the correction decides the verdict."""
    words = p_equals(score.p_holm)
    if tests > 1:
        words = f"{words} after Holm's correction over {count(tests, 'test')}"
    if score.p_value is None or score.p_holm is None or not score.p_value <= ALPHA < score.p_holm:
        return words
    return f"{words}; without it {p_equals(score.p_value)}"
