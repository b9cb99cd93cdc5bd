"""Metrics of POPE, a benchmark that asks whether an object is in the image: yes or no.

The value of a prediction is the generated text; its target is "yes" or "no". The official rule
takes the text up to the first period, removes its commas and splits it at single spaces; the answer
is no if "No", "not" or "no" is among these words, otherwise yes. So "NO", "no!" and "I cannot tell"
mean yes, and `pope_unparsed` counts them. An output without an answer after its reasoning is always
wrong. Source of all metrics: Li et al. 2023, arXiv 2305.10355; AoiDragon/POPE evaluate.py.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mmbench.protocols import declare
from mmbench.stats import score
from mmbench.text.reasoning import NO_ANSWER
from mmbench.types import Prediction, Score

_NO = {"No", "not", "no"}
_YES = re.compile(r"\byes\b", re.IGNORECASE)
_PARSE = "parse=first-sentence,neither=yes"
_KINDS = {"writing"}
_NO_YES = "no answer counts as yes"


@declare(unit="fraction", better="higher", worst=0, best=1, kinds=_KINDS)
def pope_accuracy(predictions: Sequence[Prediction]) -> Score:
    """Share of correct answers. Range [0, 1], higher is better.

    Source: AoiDragon/POPE evaluate.py, Accuracy.
    """
    predicted, actual = _decisions(predictions)
    words = [
        None if NO_ANSWER in p.tags else "yes" if says_yes(p.value) else "no" for p in predictions
    ]
    return score(predicted == actual, signature=_PARSE, details={"answer": words})


@declare(unit="fraction", better="higher", worst=0, best=1, kinds=_KINDS)
def pope_precision(predictions: Sequence[Prediction]) -> Score:
    """Precision for "yes": the share of predicted yes answers that are correct. Range [0, 1].

    Higher is better. Rows are [true positive, predicted yes]. NaN if no answer counts as yes (the
    official code divides by zero). Source: AoiDragon/POPE evaluate.py, Precision.
    """
    predicted, actual = _decisions(predictions)
    return _ratio(
        predicted & actual, predicted, _NO_YES if len(predicted) and not predicted.any() else ""
    )


@declare(unit="fraction", better="higher", worst=0, best=1, kinds=_KINDS)
def pope_recall(predictions: Sequence[Prediction]) -> Score:
    """Recall for "yes": the share of correct yes answers that are predicted. Range [0, 1].

    Higher is better. Rows are [true positive, true yes]. Source: AoiDragon/POPE evaluate.py,
    Recall.
    """
    predicted, actual = _decisions(predictions)
    return _ratio(
        predicted & actual, actual, "no target is yes" if len(actual) and not actual.any() else ""
    )


@declare(unit="score", better="higher", worst=0, best=1, kinds=_KINDS)
def pope_f1(predictions: Sequence[Prediction]) -> Score:
    """F1 for "yes": 2 TP / (2 TP + FP + FN). Range [0, 1], higher is better.

    It is the harmonic mean of precision and recall, computed as a ratio of counts. Rows are [2 TP,
    2 TP + FP + FN]. Source: AoiDragon/POPE evaluate.py, F1 score.
    """
    predicted, actual = _decisions(predictions)
    hits = predicted & actual
    return _ratio(2.0 * hits, predicted.astype(float) + actual)


@declare(unit="fraction", better="lower", kinds=_KINDS)
def pope_yes_ratio(predictions: Sequence[Prediction]) -> Score:
    """Share of answers that count as yes. Range [0, 1]; best is the share of correct yes answers.

    In POPE, the best value is 1/2. Neither end of the range is good; lower is declared better
    because models say yes too often.
    Source: AoiDragon/POPE evaluate.py, Yes ratio.
    """
    predicted, _ = _decisions(predictions)
    return score(predicted, signature=_PARSE)


@declare(unit="fraction", better="lower", worst=1, best=0, kinds=_KINDS)
def pope_unparsed(predictions: Sequence[Prediction]) -> Score:
    """Share of answers that the official rule reads as yes although they do not contain "yes".

    Range [0, 1], lower is better. An answer counts as unparsed if its first sentence has none of
    "No", "not" and "no", and the whole answer has no "yes" in any letter case. Examples: "NO",
    "No!", "There isn't", "I see. No.", "nothing" and an empty answer. Source: this project.
    """
    rows = [says_yes(p.value) and _YES.search(p.value) is None for p in predictions]
    return score(rows, signature="counted=yes without the word")


def says_yes(text: str) -> bool:
    """Return whether the official rule reads an answer as yes."""
    sentence = text.split(".")[0].replace(",", "")
    return _NO.isdisjoint(sentence.split(" "))


def _decisions(
    predictions: Sequence[Prediction],
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    predicted = np.array([says_yes(p.value) for p in predictions], dtype=bool)
    actual = np.array([str(p.target).strip().lower() != "no" for p in predictions], dtype=bool)
    unanswered = np.array([NO_ANSWER in p.tags for p in predictions], dtype=bool)
    return np.where(unanswered, ~actual, predicted), actual


def _ratio(above: NDArray[np.generic], below: NDArray[np.generic], reason: str = "") -> Score:
    rows = np.column_stack([above, below]).astype(np.float64)
    return score(rows, fold_name="ratio", signature=_PARSE, reason=reason)
