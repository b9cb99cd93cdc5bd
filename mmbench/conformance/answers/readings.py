"""Conformance cases of answer metrics: official evaluators, and answers with known scores."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

from mmbench.conformance.answers.known_answers import (
    MMAU,
    OCRBENCH,
    OURS,
    PATTERNS,
    POPE,
    POPE_YES,
    READ,
    SOURCES,
    VQA,
)
from mmbench.conformance.case import DEFINITION, Case, LargestDifference, max_difference, value
from mmbench.conformance.packages import library
from mmbench.metric_names import metric
from mmbench.types import Prediction

_N = 400
_WORDS = "red blue dog cats 3 12 no yes under table café Straße"


def all_yes(folder: Path) -> LargestDifference:
    """Compare the POPE metrics with published values, for outputs that are all "yes".

    `folder` has the POPE questions.
    """
    lines = [line for file in sorted(folder.glob("*.json")) for line in file.open()]
    predictions = [
        Prediction(str(i), "yes", json.loads(line)["label"]) for i, line in enumerate(lines)
    ]
    ours = [value(name, predictions) for name in POPE_YES]
    return LargestDifference(
        max_difference(ours, list(POPE_YES.values())), f"pope: {len(lines):,} questions"
    )


@cache
def _pope() -> tuple[list[Prediction], list[bool], list[bool]]:
    """Return generated predictions, their decisions by the official rule, and the correct answers.

    In both lists, True means yes.
    """
    draws = random.Random(2)
    texts = draws.choices(list(POPE), k=_N)
    actual = [draws.random() < 0.4 for _ in range(_N)]
    predictions = [
        Prediction(str(i), text, "yes" if right else "no")
        for i, (text, right) in enumerate(zip(texts, actual, strict=True))
    ]
    return predictions, [POPE[text] for text in texts], actual


def by_sklearn(name: str, function: str, _: Path) -> LargestDifference:
    """Compare the POPE metric called `name` with a scikit-learn function, on generated answers.

    The function gets the yes/no decisions of the official rule.
    """
    predictions, predicted, actual = _pope()
    theirs = getattr(library("sklearn.metrics"), function)(actual, predicted)
    return LargestDifference(
        max_difference(value(name, predictions), theirs), f"generated: {_N} answers"
    )


def yes_ratio(_: Path) -> LargestDifference:
    """Compare `pope_yes_ratio` with the share of answers that the official rule reads as yes."""
    predictions, predicted, _actual = _pope()
    return LargestDifference(
        max_difference(value("pope_yes_ratio", predictions), sum(predicted) / _N),
        f"generated: {_N} answers",
    )


SKLEARN = {
    "pope_accuracy": "accuracy_score",
    "pope_precision": "precision_score",
    "pope_recall": "recall_score",
    "pope_f1": "f1_score",
}


def _vqa2(file: str, expected: float, folder: Path) -> LargestDifference:
    rows = json.loads((folder / "annotations.json").read_text())["annotations"]
    outputs = {r["question_id"]: r["answer"] for r in json.loads((folder / file).read_text())}
    predictions = [
        Prediction(
            str(row["question_id"]),
            outputs[row["question_id"]],
            [answer["answer"] for answer in row["answers"]],
        )
        for row in rows
    ]
    ours = value("vqa_accuracy[official]", predictions)
    return LargestDifference(
        max_difference(ours, expected), f"vqa2: {len(rows):,} questions, {file}"
    )


def _vqa_literal(variant: int, _: Path) -> LargestDifference:
    name = ("vqa_accuracy[official]", "vqa_accuracy[normalized]")[variant]
    ours = [value(name, [Prediction("q", output, references)]) for output, references, _ in VQA]
    expected = [values[variant] for *_, values in VQA]
    return LargestDifference(
        max_difference(ours, expected), f"{len(VQA)} questions with known values"
    )


def _vqa_defined(_: Path) -> LargestDifference:
    """Compare VQA accuracy with its definition, the mean over all ten subsets of nine people.

    The answers are words that the normalisation does not change.
    """
    draws, words = random.Random(1), _WORDS.split()[:6]
    pairs = [
        (draws.choice(words), draws.choices(words[: draws.randint(2, 6)], k=10)) for _ in range(_N)
    ]
    theirs = [
        sum(min(1, (references[:i] + references[i + 1 :]).count(answer) / 3) for i in range(10))
        / 10
        for answer, references in pairs
    ]
    ours = value("vqa_accuracy[official]", [Prediction(str(i), *p) for i, p in enumerate(pairs)])
    return LargestDifference(
        max_difference(ours, sum(theirs) / _N), f"generated: {_N} questions, ten answers each"
    )


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


def _mmau(variant: int, _: Path) -> LargestDifference:
    """Compare MMAU's accuracy with the results of the official rule, for each answer separately."""
    name = f"mmau_accuracy[{('official', 'letters')[variant]}]"
    ours = []
    for output, (letter, options), _results in MMAU:
        target = {"answer": letter, "options": options}
        ours.append(value(name, [Prediction("q", output, target)]))
    expected = [float(results[variant]) for *_, results in MMAU]
    return LargestDifference(
        max_difference(ours, expected), f"{len(MMAU)} answers with a known score"
    )


def _ocrbench(_: Path) -> LargestDifference:
    """Compare the accuracy of OCRBench with the official results, for each answer separately."""
    predictions = [
        Prediction("q", output, answers, tags={"dataset": dataset})
        for output, answers, dataset, _result in OCRBENCH
    ]
    ours = [value("ocrbench_accuracy", [prediction]) for prediction in predictions]
    expected = [float(result) for *_, result in OCRBENCH]
    return LargestDifference(
        max_difference(ours, expected), f"{len(OCRBENCH)} answers with a known score"
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


_VQA2 = {"pred_test_all_yes.json": 0.223666, "pred_test_human_1.json": 0.876975}
CASES = [
    *(
        Case(
            "vqa_accuracy[official]",
            f"golden: official VQA evaluator, {expected}",
            partial(_vqa2, file, expected),
            5e-7,
            data="vqa/vqa2",
        )
        for file, expected in _VQA2.items()
    ),
    *(
        Case(
            f"vqa_accuracy[{variant}]",
            "golden: cases of the rules of GT-Vision-Lab/VQA a013f00",
            partial(_vqa_literal, i),
        )
        for i, variant in enumerate(("official", "normalized"))
    ),
    Case("vqa_accuracy[official]", DEFINITION, _vqa_defined),
    Case("pope_*", "golden: POPE evaluate.py, all answers yes", all_yes, data="vqa/pope"),
    *(
        Case(name, function, partial(by_sklearn, name, function), package="scikit-learn")
        for name, function in SKLEARN.items()
    ),
    Case("pope_yes_ratio", DEFINITION, yes_ratio),
    Case("anls", DEFINITION, partial(_anls, _distance)),
    Case("anls", "edit_distance", partial(_anls, _torch_distance), package="torchmetrics"),
    *(Case(name, SOURCES.get(name, OURS), partial(_known_readings, name)) for name in READ),
    Case("regex_match", OURS, _known_patterns),
    Case("circular_accuracy", DEFINITION, _circular),
    *(
        Case(
            f"mmau_accuracy[{variant}]",
            "golden: results of Sakshi113/MMAU 110127f, evaluation.py"
            + (", letters replaced" if i else ""),
            partial(_mmau, i),
        )
        for i, variant in enumerate(("official", "letters"))
    ),
    Case(
        "ocrbench_accuracy",
        "golden: results of Yuliang-Liu/MultimodalOCR 794c36d, example.py",
        _ocrbench,
    ),
]
