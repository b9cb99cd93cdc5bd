"""The grade of each prediction from a judge's verdicts, and remarks on all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from mmbench.metrics.judges.injection import instructions
from mmbench.metrics.judges.requests import VERDICT, answer_text
from mmbench.metrics.judges.rubric import Rubric
from mmbench.metrics.judges.verdict import (
    UnparsableVerdict,
    both_orders,
    parse_preference,
    parse_score,
)
from mmbench.text import count, part_of, plain
from mmbench.text.number_format import format_percent
from mmbench.types import Features, Prediction

EMPTY = "the answer is empty"
NOTHING_PARSED = "the judge gave no verdict that could be parsed"
_VALUES = {"A": 1.0, "tie": 0.5, "B": 0.0}  # A is the answer, B the reference
_WORDS = {"A": "answer", "tie": "tie", "B": "reference"}


class Grade(NamedTuple):
    """The value of a prediction for a rubric, with the verdict in words and the judge's reason.

    `disagree` is true if the two orders of a pairwise rubric have different verdicts. `found` are
    the kinds of instructions to the judge that the answer contains.
    """

    value: float
    verdict: str
    reason: str
    disagree: bool
    found: tuple[str, ...]


def grades(
    rubric: Rubric, predictions: Sequence[Prediction], features: Sequence[Features]
) -> list[Grade]:
    """Return the grade of each prediction. Raises UnparsableVerdict for an unparsable verdict."""
    return [grade(rubric, p, one[VERDICT]) for p, one in zip(predictions, features, strict=True)]


def grade(rubric: Rubric, prediction: Prediction, verdicts: Sequence[str]) -> Grade:
    """Return the grade of a prediction from a judge's outputs, which are none for an empty answer.

    An empty answer has the worst value. Raises UnparsableVerdict.
    """
    if not verdicts:
        return Grade(worst_best(rubric)[0], "not asked", EMPTY, False, ())
    found = tuple(instructions(answer_text(prediction)))
    try:
        if rubric.kind == "score":
            score, reason = parse_score(rubric, verdicts[0])
            return Grade(score, _in_words(rubric, score), reason, False, found)
        both = both_orders(*(parse_preference(rubric, text) for text in verdicts))
    except UnparsableVerdict as error:
        also = f"; the answer contains instructions to the judge: {', '.join(found)}"
        raise UnparsableVerdict(
            f"unparsable verdict of the judge: {error}{also if found else ''}"
        ) from error
    reason = " | ".join(filter(None, both.reasons))
    words = "the orders disagree" if both.disagree else _WORDS[both.preferred]
    return Grade(_VALUES[both.preferred], words, reason, both.disagree, found)


def worst_best(rubric: Rubric) -> tuple[float, float]:
    """Return the worst and the best value of a rubric; 0 and 1 if it compares answers."""
    return (0.0, 1.0) if rubric.kind == "pairwise" else (rubric.scale.worst, rubric.scale.best)


def _in_words(rubric: Rubric, score: float) -> str:
    names = [name for name, value in rubric.scale.labels.items() if value == score]
    return " or ".join(names) or f"{score:g}"


def remarks(rubric: Rubric, graded: Sequence[Grade]) -> str:
    """Return remarks on grades: empty answers, orders that disagree, instructions to the judge."""
    if not graded:
        return NOTHING_PARSED
    empty = sum(one.reason == EMPTY for one in graded)
    differ = sum(one.disagree for one in graded)
    found = [one.found for one in graded if one.found]
    kinds = sorted({kind for kinds in found for kind in kinds})
    parts = []
    if empty:
        parts.append(f"{count(empty, 'empty answer')} got the worst score; the judge was not asked")
    if rubric.kind == "pairwise" and len(graded) > empty:
        share = format_percent(differ / (len(graded) - empty))
        parts.append(f"the two orders disagree on {count(differ, 'sample')} ({share}): ties")
    if found:
        part = part_of(len(found), len(graded), "answer", "contains", "contain")
        parts.append(f"{part} instructions to the judge ({plain(', '.join(kinds))})")
    return "; ".join(parts)
