"""Matching of score columns with the classes of the data, by name.

If two lists of classes are equal, they are matched by position, and may contain duplicate names
(ImageNet has two classes "crane"). Otherwise, names must be unique.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray

from mmbench.errors import DataError, ModelError, UnknownName
from mmbench.text import count, listed, repeated

Places = NDArray[np.intp]


def columns_of_model(
    model_classes: Sequence[str], data_classes: Sequence[str], where: str
) -> Places:
    """Return, for each class of the data, its index in the classes of the model, [c].

    Equal names are matched first. The remaining names are matched without regard to case,
    underscores, hyphens and the Unicode form of accents: `Playing_guitar` matches `playing guitar`.
    The model may have more classes than the data. `where` is the beginning of error messages.
    Raises DataError for a class that the model lacks or that the data contain twice; ModelError for
    a class that the model contains twice, or if a class of the data has several matches.
    """
    if list(model_classes) == list(data_classes):
        return np.arange(len(data_classes))
    _refuse_twice(model_classes, data_classes, where)
    model_names, data_names = _by_plain_name(model_classes), _by_plain_name(data_classes)
    missing = [name for name in data_classes if _plain(name) not in model_names]
    if missing:
        raise DataError(
            f"{where} has no class for {listed(missing)}; its classes are {listed(model_classes)}"
        )
    return np.array(
        [_matching_position(name, model_names, data_names, where) for name in data_classes], np.intp
    )


def columns_of_output(output_labels: Sequence[str], labels: Sequence[str], where: str) -> Places:
    """Return, for each label of the data, its index in the labels of an output, [c].

    Both lists must have the same names, in any order. `where` is the beginning of error messages.
    Raises UnknownName for a label that the data do not have, DataError for a label without a score
    and for duplicate labels.
    """
    places = _places(tuple(output_labels), tuple(labels))
    if places is not None:
        return places
    if twice := repeated(labels):
        raise DataError(
            f"{where} has scores by name, but the data have several classes {listed(twice)}; give"
            " the scores as a list, or as .npy without .labels.txt, in the order of the data"
        )
    if twice := repeated(output_labels):
        raise DataError(f"{where} has several scores for {listed(twice)}; give one per label")
    for name in sorted(set(output_labels) - set(labels)):
        raise UnknownName(f"label ({where})", name, labels)
    missing = [name for name in labels if name not in output_labels]
    raise DataError(
        f"{where} has no score for {missing[0]!r} ({count(len(missing), 'label')} missing); give"
        " one score per label"
    )


@lru_cache(maxsize=8)  # every sample has the same labels, in the same order
def _places(output_labels: tuple[str, ...], labels: tuple[str, ...]) -> Places | None:
    if output_labels == labels:
        return np.arange(len(labels))
    place = {name: row for row, name in enumerate(output_labels)}
    once = len(place) == len(output_labels) == len(labels)
    same = once and place.keys() == set(labels)
    return np.array([place[name] for name in labels], np.intp) if same else None


def _refuse_twice(model_classes: Sequence[str], data_classes: Sequence[str], where: str) -> None:
    if twice := repeated(model_classes):
        raise ModelError(
            f"{where} has several classes {listed(twice)}, but classes are matched by name; make"
            " the names unique, or give the data the same list of classes in the same order"
        )
    if twice := repeated(data_classes):
        raise DataError(
            f"{where} cannot be matched by name: the data have several classes {listed(twice)};"
            " make the names unique, or give the model the same list of classes in the same order"
        )


def _by_plain_name(names: Sequence[str]) -> dict[str, dict[str, int]]:
    """Return {plain name: {original name: index}}; a plain name ignores case, "_" and "-"."""
    positions: dict[str, dict[str, int]] = {}
    for place, name in enumerate(names):
        positions.setdefault(_plain(name), {})[name] = place
    return positions


def _matching_position(
    name: str,
    model_names: dict[str, dict[str, int]],
    data_names: dict[str, dict[str, int]],
    where: str,
) -> int:
    """Return the index of the model's class that matches the class `name` of the data.

    Raises ModelError if several classes match.
    """
    here, there = model_names[_plain(name)], data_names[_plain(name)]
    if here.keys() == there.keys():
        return here[name]
    if len(here) == len(there) == 1:
        return next(iter(here.values()))
    raise ModelError(
        f"{where}: ambiguous class names; {listed(here)} of the model and {listed(there)} of the"
        " data differ only in case, underscores or hyphens; use the same names in both"
    )


def _plain(name: str) -> str:
    return " ".join(normalize("NFC", name).casefold().replace("_", " ").replace("-", " ").split())
