"""POPE: the official numbers of one answer to all, and scikit-learn on what answers say."""

from __future__ import annotations

import json
import random
from functools import cache
from pathlib import Path

from mmbench.conformance.answers_known import POPE, POPE_YES
from mmbench.conformance.case import Compared, apart, value
from mmbench.conformance.official import library
from mmbench.types import Prediction


def all_yes(folder: Path) -> Compared:
    """To all questions yes: half of them right, and all that are yes found."""
    lines = [line for file in sorted(folder.glob("*.json")) for line in file.open()]
    predictions = [
        Prediction(str(i), "yes", json.loads(line)["label"]) for i, line in enumerate(lines)
    ]
    ours = [value(name, predictions) for name in POPE_YES]
    return Compared(apart(ours, list(POPE_YES.values())), f"pope: {len(lines):,} questions")


_N = 400


@cache
def _pope() -> tuple[list[Prediction], list[bool], list[bool]]:
    """Predictions, what they say, and what is true."""
    draws = random.Random(2)
    texts = draws.choices(list(POPE), k=_N)
    true = [draws.random() < 0.4 for _ in range(_N)]
    predictions = [
        Prediction(str(i), text, "yes" if right else "no")
        for i, (text, right) in enumerate(zip(texts, true, strict=True))
    ]
    return predictions, [POPE[text] for text in texts], true


def by_sklearn(name: str, function: str, _: Path) -> Compared:
    """A metric as a function of scikit-learn, of what answers say by the official rule."""
    predictions, said, true = _pope()
    theirs = getattr(library("sklearn.metrics"), function)(true, said)
    return Compared(apart(value(name, predictions), theirs), f"generated: {_N} answers")


def yes_ratio(_: Path) -> Compared:
    """The share of answers that say yes by the official rule."""
    predictions, said, _true = _pope()
    return Compared(
        apart(value("pope_yes_ratio", predictions), sum(said) / _N), f"generated: {_N} answers"
    )


SKLEARN = {
    "pope_accuracy": "accuracy_score",
    "pope_precision": "precision_score",
    "pope_recall": "recall_score",
    "pope_f1": "f1_score",
}
