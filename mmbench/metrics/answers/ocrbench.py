"""The metric of OCRBench, which looks for a reference answer in the generated text.

Source: Liu et al. 2023, arXiv 2305.07895; Yuliang-Liu/MultimodalOCR 794c36d, OCRBench/example.py.
"""

from __future__ import annotations

from collections.abc import Sequence

from mmbench.protocols import declare
from mmbench.stats import score
from mmbench.types import Prediction, Score

_FORMULAS = "HME100k"  # the data set of handwritten formulas, whose answers are LaTeX


@declare(unit="fraction", better="higher", worst=0, best=1, kinds={"writing"}, lenient=True)
def ocrbench_accuracy(predictions: Sequence[Prediction]) -> Score:
    """Share of texts that contain a reference answer as a substring. Range [0, 1].

    Higher is better. The final score of OCRBench is the number of such texts, out of 1,000. Case is
    ignored, and line breaks become spaces. For samples with the tag `dataset` HME100k, spaces and
    line breaks are removed instead, and case counts. A long text scores more easily, because
    nothing else in it is wrong.

    Source: Yuliang-Liu/MultimodalOCR OCRBench/example.py, Final_score.
    """
    rows = [_contains_answer(prediction) for prediction in predictions]
    return score(rows, signature="match=substring,case=ignored,HME100k=no-spaces+case")


def _contains_answer(prediction: Prediction) -> bool:
    form = _formula if prediction.tags.get("dataset") == _FORMULAS else _text
    target = prediction.target
    answers = [target] if isinstance(target, str) else target
    return any(form(answer) in form(prediction.value) for answer in answers)


def _formula(text: str) -> str:
    return text.strip().replace("\n", " ").replace(" ", "")


def _text(text: str) -> str:
    return text.lower().strip().replace("\n", " ")
