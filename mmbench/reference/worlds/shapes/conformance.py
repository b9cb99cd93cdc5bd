"""Drawings of the shapes world: what their prompts ask for against what is known to be drawn."""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path

from mmbench.conformance import DEFINITION, Case, LargestDifference, max_difference, value
from mmbench.reference.worlds.shapes.objects import Thing
from mmbench.reference.worlds.shapes.retrieval import pictures, told
from mmbench.reference.worlds.shapes.scene import Scene
from mmbench.types import Prediction

_N = 60
Cells = dict[tuple[int, int], Thing]


@cache
def _drawn() -> tuple[list[Prediction], list[tuple[Cells, Cells]]]:
    """Predictions, and by cell what is asked for and what is drawn.

    Every third drawing is of its own scene; the others are of a scene that follows, so that cells,
    sizes, colours and shapes agree in part.
    """
    rows = pictures("validation", _N, 64, 0)
    predictions, known = [], []
    for index, (name, scene, _) in enumerate(rows):
        _, drawn, image = rows[index if index % 3 == 0 else (index + index % 3) % _N]
        prompt = told(scene, "validation", 0, index)[0][1]
        predictions.append(Prediction(name, image, inputs={"text": prompt}))
        known.append((_cells(scene), _cells(drawn)))
    return predictions, known


def _cells(scene: Scene) -> Cells:
    return {(thing.row, thing.column): thing for thing in scene.things}


def _right(_: Path) -> LargestDifference:
    predictions, known = _drawn()
    expected = sum(asked == drawn for asked, drawn in known) / _N
    return LargestDifference(max_difference(value("shapes_right", predictions), expected), _INPUTS)


def _recalled(attribute: str, _: Path) -> LargestDifference:
    predictions, known = _drawn()
    pairs = [(thing, drawn.get(cell)) for asked, drawn in known for cell, thing in asked.items()]
    expected = sum(_agree(attribute, *pair) for pair in pairs) / len(pairs)
    found = value(f"shapes_recall[{attribute}]", predictions)
    return LargestDifference(max_difference(found, expected), _INPUTS)


def _agree(attribute: str, asked: Thing, drawn: Thing | None) -> bool:
    if drawn is None or attribute == "place":
        return drawn is not None
    return bool(getattr(asked, attribute) == getattr(drawn, attribute))


_INPUTS = f"generated: {_N} prompts, drawings of their own and of other scenes"
CASES = [
    Case("shapes_right", DEFINITION, _right),
    *(
        Case(f"shapes_recall[{attribute}]", DEFINITION, partial(_recalled, attribute))
        for attribute in ("place", "size", "colour", "shape")
    ),
]
