"""Conformance cases of the metrics of VQA, POPE, MMAU and OCRBench."""

from __future__ import annotations

import json
import random
from functools import cache, partial
from pathlib import Path

from mmbench.conformance.answers.known_answers import MMAU, OCRBENCH, POPE, POPE_YES, VQA
from mmbench.conformance.case import DEFINITION, Case, LargestDifference, max_difference, value
from mmbench.conformance.packages import library
from mmbench.types import Prediction

_N = 400
_WORDS = ("red", "blue", "dog", "cats", "3", "12")


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
    draws, words = random.Random(1), _WORDS
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


_VQA2 = {"pred_test_all_yes.json": 0.223666, "pred_test_human_1.json": 0.876975}
VQA_CASES = [
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
]
QUESTION_SET_CASES = [
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
