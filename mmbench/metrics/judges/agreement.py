"""Agreement of a judge with human labels of the same answers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
from msgspec.structs import replace

from mmbench import stats
from mmbench.errors import SampleError, UserError
from mmbench.metrics.judges.grades import NOTHING_PARSED, grades
from mmbench.metrics.judges.requests import JUDGE, check_rubric, check_rubric_name, rubric_of
from mmbench.metrics.judges.rubric import Rubric
from mmbench.protocols import declare
from mmbench.text import count, plain
from mmbench.types import Features, Prediction, Score

HUMAN = "human"  # the tag with the human label, by default


def _check_categories(name: str, options: Mapping[str, object]) -> None:
    """Raise UserError for a rubric without categories: kappa compares categories."""
    check_rubric(name, options)
    rubric = rubric_of(name, options)
    if rubric.kind == "pairwise" or not rubric.scale.points:
        raise UserError(
            f"kappa compares categories, and rubric {name} has none; use a rubric of kind score"
            " with labels or a step"
        )


def _check_score(name: str, options: Mapping[str, object]) -> None:
    check_rubric(name, options)
    if rubric_of(name, options).kind == "pairwise":
        raise UserError(f"judge_ktau[{name}] compares scores; use a rubric of kind score")


_declared = partial(
    declare,
    better="higher",
    worst=-1,
    best=1,
    kinds={"writing"},
    wants=JUDGE,
    check_argument=check_rubric_name,
)


@_declared(unit="agreement", check_options=_check_categories)
def judge_kappa(
    predictions: Sequence[Prediction],
    rubric: str,
    *,
    features: Sequence[Features],
    options: Mapping[str, object],
) -> Score:
    """Cohen's kappa of the judge's scores and human labels: agreement beyond chance.

    Range [-1, 1], higher is better; 0 is chance. All disagreements count the same. The human label
    is the tag `human` (another tag with the option `human`): a score or a label of the rubric's
    scale. Samples without the tag do not count. Rows are numbers of categories [judge, human].
    Source: Cohen 1960; equal to `cohen_kappa_score` of scikit-learn.
    """
    return _agreement("kappa", predictions, rubric_of(rubric, options), features, options)


@_declared(unit="agreement", check_options=_check_categories)
def judge_weighted_kappa(
    predictions: Sequence[Prediction],
    rubric: str,
    *,
    features: Sequence[Features],
    options: Mapping[str, object],
) -> Score:
    """Cohen's kappa with quadratic weights of the judge's scores and human labels.

    Range [-1, 1], higher is better. As `judge_kappa`, but a disagreement counts by the squared
    distance of the two scores on the scale, in steps. Source: Cohen 1968; equal to
    `cohen_kappa_score` of scikit-learn with weights="quadratic" and all scores of the scale as
    labels.
    """
    return _agreement("quadratic", predictions, rubric_of(rubric, options), features, options)


@_declared(unit="correlation", check_options=_check_score)
def judge_ktau(
    predictions: Sequence[Prediction],
    rubric: str,
    *,
    features: Sequence[Features],
    options: Mapping[str, object],
) -> Score:
    """Kendall's tau-b of the judge's scores and human scores: do they order answers alike?

    Range [-1, 1], higher is better. The human score, the tag `human`, may be any number, such as a
    mean over raters. Samples without the tag do not count. Rows are [judge, human].
    """
    return _agreement("kendall", predictions, rubric_of(rubric, options), features, options)


def _agreement(
    which: str,
    predictions: Sequence[Prediction],
    rubric: Rubric,
    features: Sequence[Features],
    options: Mapping[str, object],
) -> Score:
    tag = str(options.get("human", HUMAN))
    graded = grades(rubric, predictions, features)
    texts = [prediction.tags.get(tag, "").strip() for prediction in predictions]
    rows = [
        [_place(which, rubric, grade.value), _place(which, rubric, _human(text, rubric, tag))]
        for grade, text in zip(graded, texts, strict=True)
    ]
    score = stats.score(
        np.reshape(rows, (-1, 2)),
        fold_name=f"agreement@{which}",
        signature=f"{rubric.signature},empty=worst,human={tag}",
    )
    return _with_reason(score, texts, tag)


def _human(text: str, rubric: Rubric, tag: str) -> float:
    """Return the human score in a tag, NaN for "". Raises SampleError for any other text."""
    if not text:
        return math.nan
    label = rubric.scale.label(text)
    if label is not None:
        return label
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise SampleError(f"the tag {tag} is {plain(text, 40)!r}, not {rubric.scale.describe()}")
    return number


def _place(which: str, rubric: Rubric, score: float) -> float:
    """Return the number of a score's category for kappa, else the score; NaN stays NaN."""
    if which == "kendall" or math.isnan(score):
        return score
    point = rubric.scale.point(score)
    if point is None:
        raise SampleError(f"the human score {score:g} is not {rubric.scale.describe()}")
    return float(rubric.scale.points.index(point))


def _with_reason(score: Score, texts: Sequence[str], tag: str) -> Score:
    if not texts:
        return replace(score, reason=NOTHING_PARSED)
    missing = texts.count("")
    if missing == len(texts):
        return replace(score, reason=f"no sample has the tag {tag} with a human label")
    if math.isnan(score.value):
        return replace(score, reason="all labels are equal, which leaves nothing to agree on")
    without = f"{count(missing, 'sample')} without the tag {tag} left out"
    return replace(score, reason=without) if missing else score
