"""Conformance cases of metrics that follow the official evaluator of a benchmark.

`official.json` holds texts with the verdicts of the official functions, which are not part
of the project. Its rows are [text, target, right, …], described at each function below.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from mmbench.conformance.answers.known_answers import MATHVISTA
from mmbench.conformance.case import Case, LargestDifference, max_difference, measured, value
from mmbench.types import Features, Prediction

_FILE = Path(__file__).with_name("official.json")
_EXTRACTED = "extracted"


@cache
def official() -> Any:
    """Return the contents of the file of official verdicts."""
    return json.loads(_FILE.read_text(encoding="utf-8"))


def rows_right(benchmark: str, metric: str, _: Path) -> LargestDifference:
    """Compare the verdict on each text. Rows are [text, target, right, …]."""
    rows = official()[benchmark]
    ours = measured(metric, [Prediction(str(i), *row[:2]) for i, row in enumerate(rows)]).rows
    return _difference(ours[:, 0], [row[2] for row in rows])


def unparsed(_: Path) -> LargestDifference:
    """Compare the share of answers for which the official code of MMMU draws an option."""
    rows = [row for row in official()["mmmu"] if isinstance(row[1], dict)]
    ours = value("mmmu_unparsed", [Prediction(str(i), *row[:2]) for i, row in enumerate(rows)])
    theirs = sum(letter is None for *_, letter in rows) / len(rows)
    return LargestDifference(max_difference(ours, theirs), f"official verdicts: {len(rows)} texts")


def mathvista(how: str, _: Path) -> LargestDifference:
    """Compare the verdict on each text, extracted by rules (`quick`) or by a model (`llm`).

    Rows are [text, target, answer type, precision, output of the model, right by rules, right by
    the model].
    """
    rows = official()["mathvista"]
    predictions = [mathvista_prediction(i, row) for i, row in enumerate(rows)]
    features: list[Features] = [{_EXTRACTED: [row[4]]} for row in rows]
    name = f"mathvista_accuracy[{how}]"
    ours = measured(name, predictions, features if how == "llm" else None).rows[:, 0]
    return _difference(ours, [row[5 if how == "quick" else 6] for row in rows])


def mathvista_rules(_: Path) -> LargestDifference:
    """Compare the verdicts of mmbench's rules with those that are known for each text.

    Texts that the official rules find right are right by these rules, too.
    """
    quick = [row for row in official()["mathvista"] if row[5]]
    rows = [*MATHVISTA, *([*row[:4], True] for row in quick)]
    predictions = [mathvista_prediction(i, row) for i, row in enumerate(rows)]
    ours = measured("mathvista_accuracy[rules]", predictions).rows[:, 0]
    return LargestDifference(
        max_difference(ours, np.array([row[4] for row in rows], float)),
        f"known answers: {len(MATHVISTA)} texts; official verdicts: {len(quick)}",
    )


def mathvista_prediction(at: int, row: Sequence[Any]) -> Prediction:
    """Return the prediction of a MathVista row."""
    text, target, kind, precision, *_ = row
    tags = {"answer_type": kind, "precision": "" if precision is None else str(precision)}
    return Prediction(str(at), text, target, tags=tags)


def hallusion(unit: str, _: Path) -> LargestDifference:
    """Compare a total of HallusionBench. Rows are [text, target, tags, right]."""
    found = official()["hallusion"]
    predictions = [
        Prediction(f"{i:03}", text, target, tags=tags)
        for i, (text, target, tags, _right) in enumerate(found["rows"])
    ]
    ours = value(f"hallusion_accuracy[{unit}]", predictions)
    inputs = f"official verdicts: {len(predictions)} questions"
    return LargestDifference(max_difference(ours, found[unit]), inputs)


def blink(_: Path) -> LargestDifference:
    """Compare the total of BLINK, the mean over its tasks. Rows are [id, task, text, target]."""
    found = official()["blink"]
    ours = [
        value(
            "choice_accuracy", [Prediction(i, *rest) for i, of, *rest in found["rows"] if of == t]
        )
        for t in found["tasks"]
    ]
    inputs = f"official total: {len(found['rows'])} questions of {len(ours)} tasks"
    return LargestDifference(max_difference(float(np.mean(ours)), found["total"]), inputs)


def _difference(ours: Any, right: Sequence[bool]) -> LargestDifference:
    expected = np.array(right, np.float64)
    inputs = f"official verdicts: {len(expected)} texts, {int(expected.sum())} of them right"
    return LargestDifference(max_difference(ours, expected), inputs)


_MATHVISTA = "golden: extract_answer.py and calculate_score.py of lupantech/MathVista 53d5258"
_HALLUSION = "golden: words of VLMEvalKit e8e78f0, units of tianyi-lab/HallusionBench 744007c"
CASES = [
    Case(
        "mmmu_accuracy",
        "golden: eval_utils.py of MMMU-Benchmark/MMMU bb0b95a, without its random draws",
        partial(rows_right, "mmmu", "mmmu_accuracy"),
    ),
    Case(
        "mmmu_unparsed",
        "golden: the random draws of eval_utils.py of MMMU-Benchmark/MMMU bb0b95a",
        unparsed,
    ),
    *(
        Case(f"mathvista_accuracy[{how}]", _MATHVISTA, partial(mathvista, how))
        for how in ("quick", "llm")
    ),
    Case(
        "mathvista_accuracy[rules]",
        "golden: cases of this project's rule, and of those of lupantech/MathVista 53d5258",
        mathvista_rules,
    ),
    Case(
        "mmstar_accuracy",
        "golden: mmstar.py of MMStar-Benchmark/MMStar 79e6d1c",
        partial(rows_right, "mmstar", "mmstar_accuracy"),
    ),
    *(
        Case(f"hallusion_accuracy[{unit}]", _HALLUSION, partial(hallusion, unit))
        for unit in ("question", "pair", "figure")
    ),
    Case("choice_accuracy", "golden: evaluate.py of zeyofu/BLINK_Benchmark 2d6a779", blink),
]
