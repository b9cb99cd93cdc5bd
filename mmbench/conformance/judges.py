"""Conformance cases of judges: the mean of their verdicts, and agreement with people."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from statistics import fmean

from mmbench.conformance.case import (
    DEFINITION,
    Case,
    LargestDifference,
    max_difference,
    measured,
)
from mmbench.conformance.packages import library
from mmbench.types import Features, Prediction

_N, _POINTS = 300, range(1, 6)
_INPUTS = f"generated: {_N} verdicts from 1 to 5 in prose, and human scores"
_PAIRS_INPUTS = "generated: 9 pairs of verdicts, one for each order"
Scores = list[int]


@cache
def _judged() -> tuple[list[Prediction], list[Features], Scores, Scores]:
    """Return predictions, the judge's outputs, and the scores of the judge and of people.

    People agree with the judge in about half of the cases, and otherwise differ by a step or two.
    """
    draws = random.Random(25)
    judge = [draws.choice(_POINTS) for _ in range(_N)]
    human = [min(5, max(1, score + draws.choice((-2, -1, 0, 0, 0, 1)))) for score in judge]
    predictions = [
        Prediction(f"{i}", f"answer {i}", ["x"], tags={"human": f"{score}"})
        for i, score in enumerate(human)
    ]
    features: list[Features] = [{"verdict": [_in_prose(score, draws)]} for score in judge]
    return predictions, features, judge, human


def _in_prose(score: int, draws: random.Random) -> str:
    """Return a verdict as judges write it: alone, in a code fence, or after an earlier one."""
    verdict = json.dumps({"reason": 'a "}" in it', "score": draws.choice((score, str(score)))})
    forms = ["{}", "```json\n{}\n```", 'Perhaps {{"score": 1}}. No: {}', "My verdict: {} ."]
    return draws.choice(forms).format(verdict)


def _value(metric: str) -> float:
    predictions, features, _, _ = _judged()
    return measured(f"{metric}[helpfulness]", predictions, features).value


def _mean(_: Path) -> LargestDifference:
    return LargestDifference(max_difference(_value("judge"), fmean(_judged()[2])), _INPUTS)


def _preference(_: Path) -> LargestDifference:
    """Compare with the rule: the same answer in both orders, shown as A and then as B, or a tie."""
    worth = {("A", "B"): 1.0, ("B", "A"): 0.0}
    orders = [(one, other) for one in ("A", "B", "tie") for other in ("A", "B", "tie")]
    features: list[Features] = [
        {"verdict": [json.dumps({"preferred": one}) for one in pair]} for pair in orders
    ]
    predictions = [Prediction(f"{i}", "answer", ["x"]) for i in range(len(orders))]
    rows = measured("judge[preference]", predictions, features).rows[:, 0]
    expected = [worth.get(pair, 0.5) for pair in orders]
    return LargestDifference(max_difference(rows, expected), _PAIRS_INPUTS)


def _kappa(weights: str | None) -> float:
    _, _, judge, human = _judged()
    official = library("sklearn.metrics").cohen_kappa_score
    return float(official(judge, human, labels=[*_POINTS], weights=weights))


def _tau() -> float:
    _, _, judge, human = _judged()
    return float(library("scipy.stats").kendalltau(judge, human).statistic)


def _agreement(metric: str, theirs: Callable[[], float], _: Path) -> LargestDifference:
    return LargestDifference(max_difference(_value(metric), theirs()), _INPUTS)


_SKLEARN = "cohen_kappa_score"
CASES = [
    Case("judge", DEFINITION, _mean),
    Case("judge", "definition: both orders, and a tie where they differ", _preference),
    Case("judge_kappa", _SKLEARN, partial(_agreement, "judge_kappa", partial(_kappa, None)),
         package="scikit-learn"),
    Case("judge_weighted_kappa", f"{_SKLEARN}, weights=quadratic",
         partial(_agreement, "judge_weighted_kappa", partial(_kappa, "quadratic")),
         package="scikit-learn"),
    Case("judge_ktau", "kendalltau", partial(_agreement, "judge_ktau", _tau), package="scipy"),
]  # fmt: skip
