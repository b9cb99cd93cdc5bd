"""The rules of MathVista that extract an answer from a text and bring it into a normal form.

Source: lupantech/MathVista 53d5258, evaluation/extract_answer.py, extract_answer, and
calculate_score.py, normalize_extracted_answer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from string import ascii_uppercase

from mmbench.errors import DataError
from mmbench.metrics.answers.choice.parser import VERSION as CHOICE_VERSION
from mmbench.metrics.answers.choice.parser import named_option
from mmbench.metrics.answers.quantities import stated_quantity
from mmbench.types import Prediction

VERSION = f"choice-{CHOICE_VERSION}+number-1"

_STATED, _STATED_END = 'The answer is "', '".'
_BRACKETED = re.compile(r"\(([a-zA-Z])\)")
_LIST = re.compile(r"\[[^\[\]]{1,1000}\]")
_TYPES = ("integer", "float", "list")


def options_of(prediction: Prediction) -> list[str]:
    """Return the options of a question, [] for a question without options."""
    target = prediction.target
    return list(map(str, target["options"])) if isinstance(target, Mapping) else []


def answer_type(prediction: Prediction) -> str:
    """Return the type of an answer: text (of an option), integer, float or list.

    Raises DataError for a question without options that has no valid tag `answer_type`.
    """
    if options_of(prediction):
        return "text"
    found = prediction.tags.get("answer_type", "")
    if found not in _TYPES:
        raise DataError(
            f"sample {prediction.id} has no options, and its tag answer_type is {found!r}; give"
            f" the data a tag answer_type that is integer, float or list"
        )
    return found


def precision(prediction: Prediction) -> int:
    """Return the number of decimals of a float. Raises DataError without a tag `precision`."""
    with suppress(ValueError, OverflowError):
        return int(float(prediction.tags.get("precision", "")))
    raise DataError(
        f"sample {prediction.id} is answered with a float but has no tag precision; give the data"
        " a tag precision, the number of decimals"
    )


def by_rules(prediction: Prediction, *, stated: bool) -> str | None:
    """Return the answer that the official rules extract from a text, or None if none applies.

    With `stated`, the text may also contain `The answer is "…".`.
    """
    text, kind = str(prediction.value), answer_type(prediction)
    if not text or text in options_of(prediction):
        return text
    with suppress(ValueError):
        if kind == "integer":
            return str(int(text))
        if kind == "float":
            return str(float(text))
    return _stated_answer(text) if stated else None


def _stated_answer(text: str) -> str | None:
    r"""Return the group of the first match of `The answer is "(.*)"\.`, in linear time."""
    for line in text.split("\n"):
        begin, end = line.find(_STATED), line.rfind(_STATED_END)
        if begin >= 0 and end >= begin + len(_STATED):
            return line[begin + len(_STATED) : end]
    return None


def by_own_rules(prediction: Prediction) -> str:
    """Return the answer that mmbench's rules read from a text, "" if they read none."""
    text, options, kind = str(prediction.value), options_of(prediction), answer_type(prediction)
    if options:
        position = named_option(text, options)
        return "" if position is None else f"({ascii_uppercase[position]})"
    if kind == "list":
        lists = [match[0] for match in _LIST.finditer(text)]
        return lists[-1] if lists else ""
    stated = stated_quantity(text)
    return "" if stated is None else repr(stated.number)


def normalised(prediction: Prediction, extracted: str) -> str | None:
    """Return an extracted answer in the form of the reference, None if it has another type.

    For a question with options this is the text of an option: that of the letter in the answer,
    "(B)" or "B", else the option with the smallest edit distance to the answer.
    """
    options, kind = options_of(prediction), answer_type(prediction)
    if options:
        return _option(extracted.strip(), options)
    with suppress(ValueError, OverflowError):
        if kind == "integer":
            return str(int(float(extracted)))
        if kind == "float":
            return str(round(float(extracted), precision(prediction)))
        return extracted
    return None


def _option(extracted: str, options: Sequence[str]) -> str | None:
    from rapidfuzz.distance import Levenshtein

    if not extracted:
        return None
    letter = _BRACKETED.search(extracted)
    named = letter[1].upper() if letter else extracted
    if len(named) == 1 and named in ascii_uppercase[: len(options)]:
        return options[ascii_uppercase.index(named)]
    return min(options, key=lambda option: Levenshtein.distance(named, option))
