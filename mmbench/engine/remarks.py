"""Notes on answers: answers that are the references themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mmbench.engine.measure import Directions
from mmbench.types import Prediction


def reference_notes(directions: Directions) -> list[str]:
    """Return a note if every output is its reference: the wrong column may have been scored."""
    answered = list(_answered(directions))
    if not answered or not all(map(_is_reference, answered)):
        return []
    return [
        "all outputs equal the references: was the column of the references scored?"
        " --field prediction=NAME chooses another"
    ]


def _answered(directions: Directions) -> Iterator[Prediction]:
    splits = (split for splits in directions.values() for split in splits)
    return (prediction for split in splits for prediction in split if prediction.error is None)


def _is_reference(prediction: Prediction) -> bool:
    value, target = prediction.value, prediction.target
    if isinstance(target, dict):  # options
        return str(value).strip() in _named(target)
    if not isinstance(value, str | int):
        return False
    several = target if isinstance(target, list) else [target]
    return str(value).strip() in {str(one).strip() for one in several}


def _named(target: dict[str, Any]) -> set[str]:
    """The letter and the text of the right option."""
    letter, options = str(target.get("answer")), target.get("options") or []
    place = ord(letter) - ord("A") if len(letter) == 1 else -1
    return {letter, *([str(options[place])] if 0 <= place < len(options) else [])}
