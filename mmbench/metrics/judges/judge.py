"""Scores by a judge: the mean of the scores that a model gives by a rubric."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mmbench import stats
from mmbench.metrics.judges.grades import Grade, grades, remarks, worst_best
from mmbench.metrics.judges.requests import JUDGE, check_rubric, check_rubric_name, rubric_of
from mmbench.protocols import declare
from mmbench.types import Features, Prediction, Score


@declare(
    unit="score",
    kinds={"writing"},
    wants=JUDGE,
    check_argument=check_rubric_name,
    check_options=check_rubric,
)
def judge(
    predictions: Sequence[Prediction],
    rubric: str,
    *,
    features: Sequence[Features],
    options: Mapping[str, object],
) -> Score:
    """Mean score that a judge, a model that writes, gives by a rubric.

    Range and direction are those of the rubric's scale. The mean over the samples of the judge's
    scores; for a pairwise rubric, the share of answers that the judge prefers to the first
    reference, where a tie is ½, and both orders are asked. The feature `verdict` has the judge's
    outputs. Rows are scores [n]. An empty answer has the worst score. A verdict that cannot be
    parsed leaves its sample unscored. `judge[RUBRIC]@MODEL`, or `--judge MODEL`, names the judge;
    the option `rubric` is a file with the user's own rubric. Judges as in Zheng et al. 2023, arXiv
    2306.05685, sections 3.1 and 3.4 (swapped positions).
    """
    known = rubric_of(rubric, options)
    graded = grades(known, predictions, features)
    worst, best = worst_best(known)
    return stats.score(
        [grade.value for grade in graded],
        better=known.scale.better,
        signature=f"{known.signature},empty=worst",
        reason=remarks(known, graded),
        worst=worst,
        best=best,
        details=details(graded),
    )


def details(graded: Sequence[Grade]) -> dict[str, list[Any]]:
    """Return what people read about each grade: verdict, reason, instructions to the judge."""
    columns: dict[str, list[Any]] = {
        "verdict": [grade.verdict for grade in graded],
        "reason": [grade.reason for grade in graded],
    }
    if any(grade.found for grade in graded):
        columns["instructions"] = [", ".join(grade.found) or None for grade in graded]
    return columns
