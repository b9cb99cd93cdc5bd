"""Conversion of JSON values and table cells to output values."""

from __future__ import annotations

from reprlib import repr
from sys import float_info
from typing import TypeGuard

from mmbench.data.readers.records import format_cell, plain_name, refuse_duplicates
from mmbench.errors import DataError
from mmbench.text.segments import holds_segments

_WRAPPED = ("filtered_resps", "resps", "response", "output", "model_output")
_WANTED = "give a string, a number, {label: score}, a list of document ids or a list of scores"
_ABSENT = "omit the output and score with --partial, or give an empty string for an empty answer"


def as_value(value: object, what: str, ident: str = "") -> object:
    """Return a JSON value as the value of the output with the id `ident`.

    A list of integers becomes a list of strings: the task decides whether they are document ids or
    scores. A list of decimal numbers holds scores. A list of document ids must not repeat an id.
    Segments with speakers are not checked, because the kind does this. Raises DataError; `what` is
    the name of the value in the message.
    """
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return value
    if holds_segments(value):
        return value
    if isinstance(value, dict) and value and any(is_number(score) for score in value.values()):
        return _scores(value, what)
    if isinstance(value, list):
        if all(isinstance(item, str | int) and not isinstance(item, bool) for item in value):
            return _documents(value, what, ident)
        if all(is_number(item) for item in value):
            return [float(score) for score in value]
    raise DataError(f"{what} is {format_cell(value)}; {_ABSENT if value is None else _WANTED}")


def _scores(scores: dict[str, object], what: str) -> dict[str, float]:
    numbers = {}
    for label, score in scores.items():
        if not is_number(score):
            raise DataError(f"{what}: the score of {label!r} is {repr(score)}; give a number")
        numbers[label] = float(score)
    return numbers


def _documents(listed: list[str | int], what: str, ident: str) -> list[str]:
    """Return document ids as strings. Raises DataError if an id occurs twice.

    A list that has only integers is not checked, because it may hold scores, which may be equal.
    """
    documents = [str(item) for item in listed]
    if any(isinstance(item, str) for item in listed):
        refuse_duplicates("document", documents, f"{what}, query {ident}" if ident else what)
    return documents


def is_number(value: object) -> TypeGuard[int | float]:
    """Return whether a value is a number within the range of a float; a boolean is not a number."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return abs(value) <= float_info.max


def unwrap(value: object, column: str) -> object:
    """Return the text inside a list or a server response that another evaluation program stored.

    lm-eval and lmms-eval write `filtered_resps: [text]` and `resps: [[text]]`; EvalScope writes the
    response of an OpenAI-compatible server as `model_output`. If the content of a response has
    several parts, as in inspect, its texts are concatenated and its reasoning is dropped. Any other
    value is returned unchanged.
    """
    if plain_name(column) not in _WRAPPED:
        return value
    while isinstance(value, list) and len(value) == 1 and isinstance(value[0], str | list):
        value = value[0]
    choices = value.get("choices") if isinstance(value, dict) else None
    if isinstance(choices, list) and len(choices) == 1 and isinstance(choices[0], dict):
        message = choices[0].get("message", choices[0])
        content = message.get("content", message.get("text")) if isinstance(message, dict) else None
        return value if content is None else _text_of_parts(content)
    return value


def _text_of_parts(content: object) -> object:
    """Return the concatenated texts of a content with several parts; other contents unchanged."""
    if not isinstance(content, list) or not all(isinstance(part, dict) for part in content):
        return content
    if not {part.get("type") for part in content} <= {"text", "reasoning"}:
        return content
    texts = [part.get("text") for part in content if part["type"] == "text"]
    return "".join(texts) if all(isinstance(text, str) for text in texts) else content
