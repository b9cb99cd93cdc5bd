"""Conversion of another program's answers and references to the values that a metric takes.

The value and the target of our own sample decide which form is needed: a text, one of several
references, an option, a class or a ranking. `ABSENT` stands for a value that is missing or cannot
be converted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from string import ascii_uppercase
from typing import Any

import numpy as np

from mmbench.columns import ABSENT
from mmbench.metrics.answers.choice.parser import named_option
from mmbench.predictions.harnesses.references import stored_references
from mmbench.predictions.values import is_number
from mmbench.search.listed import best_first, listed_ranking
from mmbench.text.reasoning import split_reasoning
from mmbench.types import Prediction, Ranking


def answer_value(
    answer: Any,
    ours: Prediction,
    *,
    relevant: Mapping[str, float] | None,
    labels: Sequence[str],
    strip: bool,
) -> Any:
    """Return an answer in the form of the value of our sample.

    `relevant` are the grades of the relevant documents of a query, by id; `labels` are the class
    names. With `strip`, reasoning is removed from a text. A number becomes its decimal text.
    """
    if answer is None:
        return ABSENT
    if isinstance(ours.value, Ranking) or isinstance(ours.target, Ranking):
        return _ranking(answer, relevant)
    if isinstance(ours.value, np.ndarray) or is_number(ours.target):
        return _class_value(answer, ours.value, labels)
    if is_number(ours.value):
        return _number(answer)
    text = _text(answer)
    return split_reasoning(text).answer if strip and isinstance(text, str) else text


def _number(answer: object) -> Any:
    """Return a finite number, also from a text such as "3.5"."""
    try:
        number = float(answer) if isinstance(answer, str | int | float) else math.nan
    except (ValueError, OverflowError):
        return ABSENT
    return number if math.isfinite(number) else ABSENT


def _text(answer: object) -> Any:
    if isinstance(answer, str):
        return answer
    return str(answer) if is_number(answer) else ABSENT


def _ranking(answer: object, relevant: Mapping[str, float] | None) -> Any:
    """Return the ranks of the relevant documents in a list of ids, or in scores by document."""
    if relevant is None:
        return ABSENT
    if isinstance(answer, dict) and all(map(is_number, answer.values())):
        return listed_ranking(best_first({str(d): float(s) for d, s in answer.items()}), relevant)
    if isinstance(answer, list):
        return listed_ranking(list(map(str, answer)), relevant)
    return ABSENT


def _class_value(answer: object, value: Any, labels: Sequence[str]) -> Any:
    """Return the index of a class, or scores of the classes if our value has as many."""
    if isinstance(answer, dict):
        answer = [answer.get(label) for label in labels]
    if not isinstance(answer, list):
        return _class_index(answer, labels)
    fits = all(map(is_number, answer)) and len(answer) == np.size(value)
    return np.array(answer, np.float64) if fits else ABSENT


def _class_index(answer: object, labels: Sequence[str]) -> Any:
    """Return the index of a class from its name or its number."""
    if isinstance(answer, str) and labels.count(answer) == 1:
        return labels.index(answer)
    if isinstance(answer, str) and answer.strip().isdecimal():
        return int(answer)
    return answer if isinstance(answer, int) and not isinstance(answer, bool) else ABSENT


def target_value(reference: Any, ours: Prediction, labels: Sequence[str] = ()) -> Any:
    """Return a reference in the form of the target of our sample.

    For multiple choice, the reference is a letter or the text of an option of our sample. A text
    that is a printed Python list of strings is read as that list, because lmms-eval and lm-eval
    write `str(target)`.
    """
    target = ours.target
    if reference is None or isinstance(ours.value, Ranking) or isinstance(target, Ranking):
        return ABSENT
    if isinstance(target, dict) and "options" in target:
        return _option_target(reference, target)
    if isinstance(target, int) and not isinstance(target, bool):
        return _class_index(reference, labels)
    if isinstance(target, list):
        texts = stored_references(reference) if all(isinstance(t, str) for t in target) else []
        return texts or ABSENT
    return _single_text(reference, target)


def _option_target(reference: object, target: Mapping[str, Any]) -> Any:
    options = [str(option) for option in target["options"]]
    if isinstance(reference, dict):
        same_form = {"answer", "options"} <= reference.keys()
        return reference if same_form else ABSENT
    text = _single_text(reference, "")
    if not isinstance(text, str):
        return ABSENT
    letter = text.strip().strip("().").upper()
    if len(letter) == 1 and letter in ascii_uppercase[: len(options)]:
        return {**target, "answer": letter}
    position = options.index(text) if text in options else named_option(text, options)
    return ABSENT if position is None else {**target, "answer": ascii_uppercase[position]}


def _single_text(reference: object, target: object) -> Any:
    if isinstance(target, str | None) or target is None:
        texts = stored_references(reference)
        return texts[0] if len(texts) == 1 else ABSENT
    return ABSENT


def same_reference(ours: Prediction, target: Any) -> bool:
    """Return whether a converted reference is our reference, apart from white space.

    If ours is a list of references, one of them is the same, because a file may hold only one.
    """
    own = ours.target
    if isinstance(own, dict) and isinstance(target, dict):
        return all(own.get(key) == target.get(key) for key in ("answer", "options"))
    if isinstance(own, list) and isinstance(target, list):
        known = sorted(map(_spaced, own))
        theirs = sorted(map(_spaced, target))
        return theirs == known or (len(theirs) == 1 and theirs[0] in known)
    return same_text(own, target)


def is_one_of_several(ours: Prediction, target: Any) -> bool:
    """Return whether a converted reference is one of several different references of our sample."""
    own = ours.target
    if not isinstance(own, list) or not isinstance(target, list) or len(target) != 1:
        return False
    return len(own) > 1 and _spaced(target[0]) in map(_spaced, own)


def same_text(one: Any, other: Any) -> bool:
    """Return whether two answers are equal apart from white space."""
    return bool(_spaced(one) == _spaced(other))


def _spaced(value: Any) -> Any:
    if isinstance(value, str):
        return " ".join(value.split())
    if isinstance(value, np.ndarray):
        return value.tolist()
    return value


def parsed_answer(prediction: Prediction) -> Any:
    """Return the answer that our metric takes from an output, for display.

    For multiple choice, this is the letter of the option, "" if the text names none. For any other
    output it is the output itself.
    """
    target = prediction.target
    if isinstance(target, dict) and "options" in target and isinstance(prediction.value, str):
        position = named_option(prediction.value, [str(option) for option in target["options"]])
        return "" if position is None else ascii_uppercase[position]
    return prediction.value
