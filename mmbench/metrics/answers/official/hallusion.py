"""Accuracies on HallusionBench: of questions, of questions over all figures, and of figures.

The value of a prediction is the generated text; its target is yes or no. The tags `category`,
`subcategory`, `set_id`, `figure_id` and `question_id` are those of HallusionBench.json: the same
question (`question_id`) is asked about each figure (`figure_id`) of a set.

The text is yes if its words contain "yes" and not "no", and no if they contain "no" and not "yes";
any other text is wrong. Source of the words: open-compass/VLMEvalKit 0c7163c,
vlmeval/dataset/utils/yorn.py, YOrN_Extraction. The official evaluation asks GPT-4 whether the text
agrees with a reference sentence (Guan et al. 2023, arXiv 2310.14566; tianyi-lab/HallusionBench).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmbench.errors import DataError
from mmbench.metrics.answers.vqa_text import without_marks
from mmbench.protocols import declare
from mmbench.stats import score
from mmbench.types import Prediction, Score

_SET = ("category", "subcategory", "set_id")
_UNITS = {"question": "", "pair": "question_id", "figure": "figure_id"}
_PARSE = "parse=yes-no-words,neither-or-both=wrong"


@declare(unit="fraction", better="higher", worst=0, best=1, kinds={"writing"})
def hallusion_accuracy(predictions: Sequence[Prediction], unit: str) -> Score:
    """Share of HallusionBench's units that are answered correctly. Range [0, 1].

    Higher is better. The `unit` is `question`, each question about a figure (aAcc); `pair`, a
    question that must be answered correctly for all figures of its set (qAcc); or `figure`, a
    figure about which all questions must be answered correctly (fAcc). Rows of a pair or figure
    are [correct, 1] for its first question by id and [0, 0] for the others.

    Source: open-compass/VLMEvalKit 0c7163c, Hallusion_rating, with the units of
    tianyi-lab/HallusionBench 744007c, utils.py; there, questions without a figure do not count as
    figures, as here.
    """
    answers = [yes_or_no(str(p.value)) for p in predictions]
    right = [word == _reference(p) for word, p in zip(answers, predictions, strict=True)]
    details = {"answer": answers}
    if unit == "question":
        return score(right, signature=f"{_PARSE},unit=question", details=details)
    units = [_unit(p, _UNITS[unit]) for p in predictions]
    rows = np.array(_counted(predictions, units, right), np.float64).reshape(-1, 2)
    signature = f"{_PARSE},unit={unit},all-right"
    return score(rows, fold_name="ratio", signature=signature, details=details)


def yes_or_no(text: str) -> str | None:
    """Return the word that a text says, yes or no; None if it says neither or both."""
    words = {"yes", "no"} & set(without_marks(text.lower()).split())
    return words.pop() if len(words) == 1 else None


def _reference(prediction: Prediction) -> str:
    answer = str(prediction.target).strip().lower()
    return {"1": "yes", "0": "no"}.get(answer, answer)


def _unit(prediction: Prediction, tag: str) -> tuple[str, ...] | None:
    """Return the pair or figure of a question; None for the figure of a question without one."""
    tags = prediction.tags
    missing = [name for name in (*_SET, tag) if name not in tags]
    if missing:
        raise DataError(
            f"sample {prediction.id} has no tag {missing[0]}; use the data of task hallusionbench,"
            " or hallusion_accuracy[question], which needs no tags"
        )
    if tag == "figure_id" and tags["category"] == "VS" and tags["figure_id"] == "0":
        return None
    return tuple(tags[name] for name in (*_SET, tag))


def _counted(
    predictions: Sequence[Prediction],
    units: Sequence[tuple[str, ...] | None],
    right: Sequence[bool],
) -> list[tuple[bool, bool]]:
    first: dict[tuple[str, ...], str] = {}
    whole: dict[tuple[str, ...], bool] = {}
    for prediction, unit, correct in zip(predictions, units, right, strict=True):
        if unit is not None:
            first[unit] = min(first.get(unit, prediction.id), prediction.id)
            whole[unit] = whole.get(unit, True) and correct
    counts = [u is not None and first[u] == p.id for p, u in zip(predictions, units, strict=True)]
    return [
        (counts_unit and unit is not None and whole[unit], counts_unit)
        for unit, counts_unit in zip(units, counts, strict=True)
    ]
