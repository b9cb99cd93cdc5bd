"""Conformance cases of metrics of answers: definitions, and answers with known scores."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

from mmbench.conformance.answers.benchmarks import QUESTION_SET_CASES, VQA_CASES
from mmbench.conformance.answers.known_answers import OURS, PATTERNS, READ, SOURCES
from mmbench.conformance.case import DEFINITION, Case, LargestDifference, max_difference, value
from mmbench.conformance.packages import library
from mmbench.metric_names import metric
from mmbench.types import Prediction

_N = 400
_WORDS = "red blue dog cats 3 12 no yes under table café Straße"


@cache
def _texts() -> list[Prediction]:
    """Return predictions with edited copies of an acceptable answer as outputs.

    Each has one to three acceptable answers. Some outputs and answers are empty.
    """
    draws, words = random.Random(4), _WORDS.split()

    def text() -> str:
        return " ".join(draws.choices(words, k=draws.randint(0, 4)))

    predictions = []
    for i in range(_N):
        references = [text() for _ in range(draws.randint(1, 3))]
        copy = list(draws.choice(references))
        for _ in range(draws.randint(0, 4)):
            copy[draws.randint(0, len(copy)) : draws.randint(0, len(copy))] = draws.choice("aéX 1")
        predictions.append(Prediction(str(i), "".join(copy), references))
    return predictions


def _distance(one: str, other: str) -> int:
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        above, row = row, [i]
        for j, expected in enumerate(other, 1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (letter != expected)))
    return row[-1]


def _torch_distance(one: str, other: str) -> int:
    functional = library("torchmetrics.functional.text")
    return int(functional.edit_distance([one], [other], reduction="sum"))


def _anls(distance: Callable[[str, str], int], _: Path) -> LargestDifference:
    theirs = []
    for p in _texts():
        near = [0.0]
        for right in p.target:
            texts = [" ".join(text.lower().split()) for text in (p.value, right)]
            length = max(len(p.value.upper()), len(right.upper()))
            near.append(1 - distance(*texts) / length if length else 1.0)
        theirs.append(max(near) if max(near) >= 0.5 else 0.0)
    ours = value("anls", _texts())
    return LargestDifference(
        max_difference(ours, sum(theirs) / _N), f"generated: {_N} texts, some empty, Unicode"
    )


def _known_readings(name: str, _: Path) -> LargestDifference:
    """Compare the score of the metric `name` with the known score, for each answer separately."""
    rows = READ[name]
    ours = [value(name, [Prediction("q", output, target)]) for output, target, _ in rows]
    return LargestDifference(
        max_difference(ours, [float(good) for *_, good in rows]),
        f"{len(rows)} answers with a known score",
    )


def _known_patterns(_: Path) -> LargestDifference:
    """Compare the score of `regex_match` with the known score, for each answer separately."""
    function, _argument = metric("regex_match[x]")
    ours = [
        function([Prediction("q", output, target)], "x", options=options).value
        for options, output, target, _right in PATTERNS
    ]
    return LargestDifference(
        max_difference(ours, [float(right) for *_, right in PATTERNS]),
        f"{len(PATTERNS)} answers with a known score",
    )


def _circular(_: Path) -> LargestDifference:
    """Compare circular accuracy with its definition, for four rotations of each question.

    The answer to a rotation is correct with probability 4/5.
    """
    draws, options = random.Random(5), ["cat", "dog", "bird", "cow"]
    predictions, right = [], []
    for question in range(100):
        good = [draws.random() < 0.8 for _ in range(4)]
        right.append(all(good))
        for turn, hit in enumerate(good):
            target = {"answer": "ABCD"[turn], "options": options[-turn:] + options[:-turn]}
            letter = "ABCD"[turn if hit else turn - 1]
            predictions.append(
                Prediction(f"{question}-{turn}", letter, target, group=str(question))
            )
    draws.shuffle(predictions)
    ours = value("circular_accuracy", predictions)
    return LargestDifference(
        max_difference(ours, sum(right) / 100), "generated: 100 questions, four rotations"
    )


CASES = [
    *VQA_CASES,
    Case("anls", DEFINITION, partial(_anls, _distance)),
    Case("anls", "edit_distance", partial(_anls, _torch_distance), package="torchmetrics"),
    *(Case(name, SOURCES.get(name, OURS), partial(_known_readings, name)) for name in READ),
    Case("regex_match", OURS, _known_patterns),
    Case("circular_accuracy", DEFINITION, _circular),
    *QUESTION_SET_CASES,
]
