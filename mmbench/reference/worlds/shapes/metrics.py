"""Metrics of drawings of the shapes world: agreement of a drawing with its prompt.

The value of a prediction is an image, and its prompt is the first text among the inputs: a caption
with size, colour, shape and place of each object. `mmbench.reference.worlds.shapes.words` parses
the prompt, and `mmbench.reference.worlds.shapes.reader` reads the drawing. A drawing that is not a
readable image fails.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

import numpy as np

from mmbench.errors import ContentError, SampleError
from mmbench.media import decode_image, read_bytes
from mmbench.protocols import declare
from mmbench.reference.worlds.shapes.objects import SceneObject
from mmbench.reference.worlds.shapes.reader import LEAST, VERSION, read_picture
from mmbench.reference.worlds.shapes.words import parse_caption
from mmbench.stats import score
from mmbench.types import Media, Prediction, Score

_READER = f"reader={VERSION}"

# Digest of a drawing's bytes -> its objects, so that five metrics share one reading.
_readings: dict[bytes, tuple[SceneObject, ...]] = {}


@declare(unit="fraction", better="higher", worst=0, best=1, kinds={"drawing"})
def shapes_right(predictions: Sequence[Prediction]) -> Score:
    """Share of drawings with exactly the requested objects. Range [0, 1], higher is better.

    The objects must agree in number, size, colour, shape and cell of the 3 × 3 grid; an unclear
    attribute is wrong. Raises DataError for a prompt that does not give size, colour, shape and
    place of each object. Raises SampleError, which names the sample, for a missing drawing or
    prompt and for an unreadable drawing. Source: this project; a detector replaces human judges as
    in GenEval (Ghosh et al. 2023, arXiv 2310.11513), here with rules.
    """
    rows = [sorted(_drawn_objects(p)) == sorted(_requested_objects(p)) for p in predictions]
    return score(rows, signature=_READER)


@declare(unit="fraction", better="higher", worst=0, best=1, kinds={"drawing"})
def shapes_recall(predictions: Sequence[Prediction], attribute: str) -> Score:
    """Share of the requested objects that are drawn in their cell with the right attribute.

    Range [0, 1], higher is better. With `place`, an object must be drawn in the requested cell;
    with `size`, `colour` or `shape`, it must also have the requested size, colour or shape. If a
    cell has several objects, the largest counts; objects in cells without a requested object are
    ignored, but lower `shapes_right`. The share is over the requested objects of all drawings; rows
    are [right, requested]. Raises the errors of `shapes_right`. Source: this project.
    """
    rows = [_recall_counts(p, attribute) for p in predictions]
    return score(rows, fold_name="ratio", signature=f"{_READER},over=things")


def _recall_counts(prediction: Prediction, attribute: str) -> list[int]:
    by_cell = {(item.row, item.column): item for item in reversed(_drawn_objects(prediction))}
    requested = _requested_objects(prediction)
    there = [(item, by_cell.get((item.row, item.column))) for item in requested]
    return [sum(_agree(item, drawn, attribute) for item, drawn in there), len(requested)]


def _agree(requested: SceneObject, drawn: SceneObject | None, attribute: str) -> bool:
    if drawn is None or attribute == "place":
        return drawn is not None
    return bool(getattr(requested, attribute) == getattr(drawn, attribute))


def _requested_objects(prediction: Prediction) -> tuple[SceneObject, ...]:
    texts = (text for text in prediction.inputs.values() if isinstance(text, str))
    prompt = next(texts, None)
    if prompt is None:
        raise SampleError(f"sample {prediction.id} has no prompt")
    return parse_caption(prompt)


def _drawn_objects(prediction: Prediction) -> tuple[SceneObject, ...]:
    """Return the objects in a generated image, the largest first."""
    drawing = prediction.value
    if not isinstance(drawing, Media):
        raise SampleError(f"sample {prediction.id} has no image")
    try:
        data = read_bytes(drawing)
        key = sha256(data).digest()
        if key not in _readings:
            _readings[key] = _read(data, drawing.name)
    except SampleError as error:
        raise type(error)(f"sample {prediction.id}: {error}") from error
    return _readings[key]


def _read(data: bytes, name: str) -> tuple[SceneObject, ...]:
    pixels = np.asarray(decode_image(data, name))
    high, wide, _ = pixels.shape
    if high != wide or high < LEAST:
        raise ContentError(
            f"{name} has {wide} x {high} pixels, but must be a square of at least {LEAST};"
            " set `size` in the task"
        )
    return read_picture(pixels)
