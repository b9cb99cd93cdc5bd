"""Accuracy on MathVista, with the official extraction and normalisation of answers.

The value of a prediction is the generated text. Its target is {"answer": "B", "options": [text, …]}
for a question with options, else the answer as text; the tag `answer_type` of such a sample is
integer, float or list, and the tag `precision` the number of decimals of a float.

An answer is first extracted and then normalised: to the text of an option, to an integer, or to a
float with the given precision. Source: Lu et al. 2023, arXiv 2310.02255; lupantech/MathVista
53d5258, evaluation/extract_answer.py and calculate_score.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_uppercase

from mmbench.metrics.answers.official.mathvista_extractor import (
    EXTRACTED,
    EXTRACTOR,
    SIGNATURE,
    copied_answer,
)
from mmbench.metrics.answers.official.mathvista_rules import (
    VERSION,
    by_own_rules,
    by_rules,
    normalised,
    options_of,
)
from mmbench.protocols import declare
from mmbench.stats import score
from mmbench.text import count
from mmbench.types import Features, Prediction, Score

_KINDS = {"writing"}
_NORMALISED = "options=nearest,floats=rounded,empty=wrong"


@declare(unit="fraction", better="higher", worst=0, best=1, kinds=_KINDS)
def mathvista_accuracy(predictions: Sequence[Prediction], extraction: str) -> Score:
    """Share of correct answers on MathVista, extracted by rules. Range [0, 1], higher is better.

    With `quick`, the rules are those of the official code that need no model: the whole text is
    the answer if it is the text of an option, an integer or a float, as the question asks;
    otherwise the answer is what stands between `The answer is "` and `".`. With `rules`, mmbench's
    own rules read the other texts: the option that a text commits to, as in `choice_accuracy`; the
    number that it states, as in `number_accuracy`; the last list in brackets. A text without an
    answer is wrong, as with the official option --ignore_empty_extractions, and a note counts
    these texts. `quick` suits models that reply with the bare answer. `mathvista_accuracy[llm]`
    is the way of published scores.

    Source: lupantech/MathVista 53d5258, extract_answer.py --quick_extract with an extractor that
    extracts nothing, and calculate_score.py; `rules`: this project.
    """
    quick = [by_rules(p, stated=True) for p in predictions]
    if extraction == "quick":
        return _accuracy(predictions, [one or "" for one in quick], "extraction=quick")
    extracted = [
        by_own_rules(p) if one is None else one for p, one in zip(predictions, quick, strict=True)
    ]
    return _accuracy(predictions, extracted, f"extraction=rules,parser={VERSION}")


@declare(unit="fraction", better="higher", worst=0, best=1, kinds=_KINDS, wants=EXTRACTOR)
def mathvista_llm_accuracy(
    predictions: Sequence[Prediction], extraction: str, *, features: Sequence[Features]
) -> Score:
    """Share of correct answers on MathVista, extracted by a model. Range [0, 1], higher is better.

    `extraction` is `llm`. A text that is the text of an option, an integer or a float, as the
    question asks, is the answer. From any other text, the extractor copies the answer: any model
    that writes, named by `mathvista_accuracy[llm]@MODEL` or `--judge MODEL`. The feature
    `extracted` has its outputs. A text from which it extracts nothing is wrong, and a note counts
    these texts. The official extractor is GPT-4 with five examples; the instructions here are
    mmbench's own, so that values differ from the official board as far as the extractors do.

    Source: lupantech/MathVista 53d5258, extract_answer.py, calculate_score.py.
    """
    assert extraction == "llm"
    extracted = [
        ruled if (ruled := by_rules(p, stated=False)) is not None else copied_answer(one[EXTRACTED])
        for p, one in zip(predictions, features, strict=True)
    ]
    return _accuracy(predictions, extracted, f"extraction=llm,{SIGNATURE}")


def _accuracy(predictions: Sequence[Prediction], extracted: Sequence[str], how: str) -> Score:
    answers = [normalised(p, text) for p, text in zip(predictions, extracted, strict=True)]
    rows = [one == _reference(p) for one, p in zip(answers, predictions, strict=True)]
    empty = sum(not text for text in extracted)
    reason = f"no answer was extracted from {count(empty, 'text')}; wrong" if empty else ""
    details = {"answer": answers}
    return score(rows, signature=f"{how},{_NORMALISED}", reason=reason, details=details)


def _reference(prediction: Prediction) -> str:
    options = options_of(prediction)
    if not options:
        return str(prediction.target)
    return options[ascii_uppercase.index(str(prediction.target["answer"]))]
