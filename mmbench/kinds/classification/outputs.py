"""Conversion of another program's output for a sample to class scores or a label."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmbench.errors import DataError, UnknownName
from mmbench.text import listed
from mmbench.types import InvalidContent


def scores_of_list(output: Any, labels: list[str], where: str) -> Any:
    """Convert a list or an array of scores [c] to an array of the same precision, at least float32.

    Integers in a list are treated like strings, because they may be document ids. Raises DataError
    for strings that are not numbers, and for numbers that could also be a ranking of the labels.
    """
    scores = np.asarray(output)
    if scores.dtype.kind == "U":
        if set(output) == set(labels):
            raise DataError(
                f"{where} is a ranking of the labels, or looks like one; give scores as"
                " {label: score}"
            )
        try:
            scores = scores.astype(np.float64)
        except ValueError as error:
            raise DataError(
                f"{where} is a list of texts, {listed(output)}; give one label, or a score for each"
                " label, {label: score}"
            ) from error
    return scores.astype(np.result_type(scores, np.float32), copy=False)


def numbers(scores: Any) -> Any:
    """Return scores [c] unchanged, or InvalidContent if they are not usable.

    Scores are not usable if a score is NaN or the highest score is infinite.
    """
    usable = np.isfinite(scores.max(initial=-np.inf))  # NaN if one score is NaN
    return scores if usable else InvalidContent("a score is NaN, or the highest score is infinite")


def label_number(name: str, labels: list[str], where: str) -> int:
    """Return the index of the class called `name` in `labels`.

    Raises UnknownName for an unknown class, DataError if several classes have this name.
    """
    if name not in labels:
        raise UnknownName(f"label ({where})", name, labels)
    if labels.count(name) > 1:
        raise DataError(f"{where} is {name!r}, but several classes have this name; give scores")
    return labels.index(name)
