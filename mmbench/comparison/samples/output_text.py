"""Outputs, references and places of media as text for people."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from pathlib import Path
from string import ascii_uppercase
from typing import Any, TypeGuard

import msgspec

from mmbench.media.endings import ENDINGS
from mmbench.text.alternatives import format_pieces, pieces_of
from mmbench.text.segments import format_segments
from mmbench.types import MediaPlace, Modality


def output_text(value: Any, labels: Sequence[str] = ()) -> str:
    """Return an output as text, or a reference.

    `value` is a text, a number, class scores [c], a class index, a ranking, {"media": NAME}, a
    reference with alternatives, or segments with speakers.
    `labels` are the class names; a class without a name is "class 3".
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if (segments := format_segments(value)) is not None:
        return segments
    if isinstance(value, dict):
        return _object_text(value)
    if type(value) is int and 0 <= value < len(labels):
        return labels[value]
    if (scores := class_scores(value)) is not None:
        return class_name(best_classes(scores, 1)[0], labels)
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], int | float):
        return class_name(int(value[0]), labels) if -inf < value[0] < inf else "no class"
    return msgspec.json.encode(value).decode()


def is_ranking(value: object) -> bool:
    """Return whether an output is a ranking: {"ranks": …, "grades": …, "top": …}."""
    return isinstance(value, dict) and isinstance(value.get("ranks"), list)


def is_media(value: object) -> TypeGuard[dict[str, object]]:
    """Return whether an output or a reference is an image or a sound, stored by its name."""
    return isinstance(value, dict) and value.keys() == {"media"}


def class_scores(value: object) -> list[float] | None:
    """Return an output as the scores [c] of at least two classes; None for another output."""
    if not isinstance(value, list) or len(value) < 2:
        return None
    return value if all(isinstance(one, int | float) for one in value) else None


def best_classes(scores: Sequence[float], most: int) -> list[int]:
    """Return the `most` classes with the highest scores, the first of equal ones first."""
    return sorted(range(len(scores)), key=lambda at: -scores[at])[:most]


def pair_names(target: object) -> list[str]:
    """Return the names of the pairs of an image and a text that a model scored, in order.

    `target` is the reference of a matching task: a matrix with a row for each image and a column
    for each text. Return [] for another reference.
    """
    if not _is_matrix(target):
        return []
    return [
        f"image {image} with text {text}"
        for image, row in enumerate(target, start=1)
        for text, _ in enumerate(row, start=1)
    ]


def _is_matrix(target: object) -> TypeGuard[list[list[int]]]:
    rows = target if isinstance(target, list) else []
    return bool(rows) and all(
        isinstance(row, list) and all(one in (0, 1) for one in row) for row in rows
    )


def _object_text(value: dict[str, Any]) -> str:
    if is_ranking(value):
        rank = value["ranks"][0] if value["ranks"] else None
        return "not found" if rank is None else f"rank {rank}"
    if is_media(value):
        return str(value["media"])
    if (pieces := pieces_of(value)) is not None:
        return format_pieces(pieces)
    return msgspec.json.encode(value).decode()


def reference_texts(target: Any, labels: Sequence[str] = ()) -> list[str]:
    """Return a reference as texts: acceptable answers, a lettered option, or class names."""
    if target is None:
        return []
    if isinstance(target, dict) and {"answer", "options"} <= target.keys():
        options = target["options"] if isinstance(target["options"], list) else []
        return [_option(str(target["answer"]), options)]
    if (segments := format_segments(target)) is not None:
        return [segments]
    if names := pair_names(target):
        together = [one for row in target for one in row]
        return [name for name, one in zip(names, together, strict=True) if one]
    values = target if isinstance(target, list) else [target]
    return [_reference(value, labels) for value in values if value is not None]


def _reference(value: Any, labels: Sequence[str]) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and labels:
        return class_name(value, labels)
    return f"{value:g}" if isinstance(value, float) else output_text(value)


def _option(answer: str, options: Sequence[Any]) -> str:
    """Return the correct option with its letter: `B. a dog`."""
    texts = dict(zip(ascii_uppercase, map(str, options), strict=False))
    text = texts.get(answer.strip().upper())
    return answer if text is None else f"{answer.strip().upper()}. {text}"


def class_name(index: int, labels: Sequence[str]) -> str:
    """Return the name of a class; "class 3" for a class without a name."""
    return labels[index] if 0 <= index < len(labels) else f"class {index}"


def generated_place(output: object, modality: Modality, data: bytes | None) -> MediaPlace | None:
    """Return the place of a generated image or audio clip; None for another output.

    `data` has its stored bytes, if any. Outputs that were scored may be files.
    """
    if not is_media(output):
        return None
    name = str(output["media"])
    path = Path(name)
    is_file = path.is_absolute() and path.suffix.lower() in ENDINGS[modality] and path.is_file()
    return MediaPlace(modality, name, path=name if is_file else "", data=data)


def span_text(place: MediaPlace) -> str:
    """Return the part of a video, with a space before it; "" for a whole file."""
    return "" if place.span is None else f" from {place.span[0]:g} to {place.span[1]:g} s"


def place_text(place: MediaPlace) -> str:
    """Return where a media item is: its path, its URL, or its name and the file that contains it.

    The text is not escaped.
    """
    if place.inside is not None and place.inside.start is not None:
        return place.name  # it names the recording
    if place.inside is not None:
        return place.name if place.path in place.name else f"{place.name} in {place.path}"
    if place.path or place.url:
        return f"{place.path or place.url}{span_text(place)}"
    return f"{place.name}, {'stored' if place.data is not None else 'not stored'}"
