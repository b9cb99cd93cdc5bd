"""Accuracy on MMStar, whose options are part of the question.

The value of a prediction is the generated text; its target is the letter of the correct option.
"""

from __future__ import annotations

from collections.abc import Sequence

from mmbench.columns import column
from mmbench.protocols import declare
from mmbench.stats import score
from mmbench.types import Prediction, Score

_LEADS = ("", "(", "option ", "the answer is ")


@declare(unit="fraction", better="higher", worst=0, best=1, kinds={"writing", "choice"})
def mmstar_accuracy(predictions: Sequence[Prediction]) -> Score:
    """Share of answers that begin with the correct letter, by MMStar's official rule.

    Range [0, 1], higher is better. The text without spaces around it, ignoring case, must begin
    with the letter, or with the letter after "(", "option " or "the answer is ". The text after
    the letter is ignored: "A man" is the answer A, and "The answer: B" is wrong. The rule suits
    models that reply with the letter; `choice_accuracy` reads longer texts, if the data give
    the options.

    Source: Chen et al. 2024, arXiv 2403.20330; MMStar-Benchmark/MMStar 79e6d1c,
    eval/vlmeval/evaluate/mmstar.py.
    """
    values, targets = column(predictions, "value"), column(predictions, "target")
    rows = [begins_with(str(v), _letter(t)) for v, t in zip(values, targets, strict=True)]
    return score(rows, signature="parse=mmstar")


def _letter(target: object) -> str:
    answer = target["answer"] if isinstance(target, dict) else target
    return str(answer[0] if isinstance(answer, list) else answer)


def begins_with(text: str, letter: str) -> bool:
    """Return whether a text begins with a letter by the official rule."""
    output = text.lower().strip().replace("\n", " ")
    expected = letter.lower().strip().replace("\n", " ")
    if len(expected) != 1:
        return False
    return any(
        output.startswith(lead) and output[len(lead) : len(lead) + 1] == expected for lead in _LEADS
    )
