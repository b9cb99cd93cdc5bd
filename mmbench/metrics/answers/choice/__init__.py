"""Multiple-choice metrics. They parse the chosen option from free text.

The value of a prediction is the generated text. Its target is {"answer": "B", "options": ["cat",
"dog"]}; the options have the letters A, B, … in order. The parsing rules are in
`mmbench.metrics.answers.choice.parser`. An answer that names no option, or more than one, is wrong
and counts as unparsed; the parser never guesses.
"""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_uppercase

from mmbench.errors import DataError
from mmbench.metrics.answers.choice.parser import VERSION, named_option
from mmbench.protocols import declare
from mmbench.stats import score
from mmbench.types import Prediction, Score

_PARSE = f"parse=letter-or-text,parser={VERSION},unparsed=wrong"
_KINDS = {"choice"}


@declare(unit="fraction", better="higher", worst=0, best=1, kinds=_KINDS)
def choice_accuracy(predictions: Sequence[Prediction]) -> Score:
    """Share of answers that name the correct option, by letter or text.

    Range [0, 1], higher is better. An answer that names no option is wrong, and `choice_unparsed`
    counts it. Raises DataError for a target with an answer that is not the letter of an option.

    Source: the accuracy of MMMU (Yue et al. 2024, arXiv 2311.16502) and ScienceQA. Their official
    parsers draw an option at random if an answer names none; mmbench's parser does not.
    """
    choices = [_choice(p) for p in predictions]
    rows = [choice == _answer(p) for choice, p in zip(choices, predictions, strict=True)]
    letters = [None if choice is None else ascii_uppercase[choice] for choice in choices]
    return score(rows, signature=_PARSE, details={"answer": letters})


@declare(unit="fraction", better="lower", worst=1, best=0, kinds=_KINDS)
def choice_unparsed(predictions: Sequence[Prediction]) -> Score:
    """Share of answers that name no option, or more than one. Range [0, 1], lower is better.

    Source: this project; other tools guess an option instead.
    """
    rows = [_choice(p) is None for p in predictions]
    return score(rows, signature=_PARSE)


@declare(unit="fraction", better="higher", worst=0, best=1, kinds=_KINDS)
def circular_accuracy(predictions: Sequence[Prediction]) -> Score:
    """Share of questions that are answered correctly in all their rotations.

    Range [0, 1], higher is better. The rotations of a question share a `group`; a sample without a
    group is a separate question. The row of the first rotation (by id) is [1, 1] if all rotations
    are correct, else [0, 1]; the rows of the other rotations are [0, 0]. Raises DataError for a
    target with an answer that is not the letter of an option.

    Source: CircularEval of MMBench, Liu et al. 2024, arXiv 2307.06281, section 4.3.
    """
    first: dict[str, str] = {}
    all_correct: dict[str, bool] = {}
    for p in predictions:
        question = _question(p)
        first[question] = min(first.get(question, p.id), p.id)
        all_correct[question] = all_correct.get(question, True) and _choice(p) == _answer(p)
    counted = [first[_question(p)] == p.id for p in predictions]
    counted_predictions = zip(predictions, counted, strict=True)
    rows = [[count and all_correct[_question(p)], count] for p, count in counted_predictions]
    signature = f"{_PARSE},rotations=all-right"
    return score(rows, fold_name="ratio", signature=signature)


def _question(prediction: Prediction) -> str:
    return f"group {prediction.group}" if prediction.group else f"id {prediction.id}"


def _choice(prediction: Prediction) -> int | None:
    return named_option(prediction.value, _options(prediction))


def _options(prediction: Prediction) -> list[str]:
    target = prediction.target
    if not isinstance(target, dict) or "options" not in target:
        raise DataError(
            f"sample {prediction.id} has no options; give them in a column `options` or in columns"
            " A, B, …, or use -t answers, which needs no options"
        )
    return [str(option) for option in target["options"]]


def _answer(prediction: Prediction) -> int:
    answer = str(prediction.target["answer"]).strip().upper()
    letters = ascii_uppercase[: len(_options(prediction))]
    if len(answer) == 1 and answer in letters:
        return letters.index(answer)
    raise DataError(
        f"sample {prediction.id}: the right answer {answer!r} is not one of the"
        f" letters {letters or '(there are no options)'}; give the letter of an option"
    )
