"""Notes on outputs that are equal to the references."""

from __future__ import annotations

from typing import Any

from mmbench.types import Prediction, Predictions


def reference_notes(predictions: Predictions) -> list[str]:
    """Return a note if every output is equal to its reference.

    In this case, the wrong column of a file may have been scored.
    """
    answered = (prediction for prediction in predictions.each() if prediction.error is None)
    first = next(answered, None)
    if first is None or not _is_reference(first) or not all(map(_is_reference, answered)):
        return []
    return [
        "all outputs equal the references; if the column of references was scored, choose another"
        " column with --field prediction=NAME"
    ]


def _is_reference(prediction: Prediction) -> bool:
    value, target = prediction.value, prediction.target
    if isinstance(target, dict):  # options
        return str(value).strip() in _right_options(target)
    if not isinstance(value, str | int):
        return False
    several = target if isinstance(target, list) else [target]
    return str(value).strip() in {str(one).strip() for one in several}


def _right_options(target: dict[str, Any]) -> set[str]:
    """Return the letter and the text of the correct option."""
    letter, options = str(target.get("answer")), target.get("options") or []
    place = ord(letter) - ord("A") if len(letter) == 1 else -1
    return {letter, *([str(options[place])] if 0 <= place < len(options) else [])}
