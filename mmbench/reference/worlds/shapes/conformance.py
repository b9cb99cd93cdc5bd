"""Conformance cases for the metrics of the shapes world: images with known contents."""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path

from mmbench.conformance import DEFINITION, Case, LargestDifference, max_difference, value
from mmbench.reference.worlds.shapes.objects import SceneObject
from mmbench.reference.worlds.shapes.retrieval import labelled_captions, scene_images
from mmbench.reference.worlds.shapes.scene import Scene
from mmbench.types import Prediction

_N = 60
Cells = dict[tuple[int, int], SceneObject]


@cache
def _drawn() -> tuple[list[Prediction], list[tuple[Cells, Cells]]]:
    """Return predictions, and the requested and the drawn objects by cell for each of them.

    Every third image shows the scene of its prompt; the others show a later scene, so that cells,
    sizes, colours and shapes agree in part.
    """
    rows = scene_images("validation", _N, 64, 0)
    predictions, known = [], []
    for index, (name, scene, _) in enumerate(rows):
        _, drawn, image = rows[index if index % 3 == 0 else (index + index % 3) % _N]
        prompt = labelled_captions(scene, "validation", 0, index)[0][1]
        predictions.append(Prediction(name, image, inputs={"text": prompt}))
        known.append((_cells(scene), _cells(drawn)))
    return predictions, known


def _cells(scene: Scene) -> Cells:
    return {(item.row, item.column): item for item in scene.objects}


def _right(_: Path) -> LargestDifference:
    predictions, known = _drawn()
    expected = sum(requested == drawn for requested, drawn in known) / _N
    return LargestDifference(max_difference(value("shapes_right", predictions), expected), _INPUTS)


def _recalled(attribute: str, _: Path) -> LargestDifference:
    predictions, known = _drawn()
    pairs = [
        (item, drawn.get(cell)) for requested, drawn in known for cell, item in requested.items()
    ]
    expected = sum(_agree(attribute, *pair) for pair in pairs) / len(pairs)
    measured = value(f"shapes_recall[{attribute}]", predictions)
    return LargestDifference(max_difference(measured, expected), _INPUTS)


def _agree(attribute: str, requested: SceneObject, drawn: SceneObject | None) -> bool:
    if drawn is None or attribute == "place":
        return drawn is not None
    return bool(getattr(requested, attribute) == getattr(drawn, attribute))


_INPUTS = f"generated: {_N} prompts, drawings of their own and of other scenes"
CASES = [
    Case("shapes_right", DEFINITION, _right),
    *(
        Case(f"shapes_recall[{attribute}]", DEFINITION, partial(_recalled, attribute))
        for attribute in ("place", "size", "colour", "shape")
    ),
]
