"""The objects of the shapes world: their attributes, colours and sizes."""

from __future__ import annotations

from typing import NamedTuple

SHAPES = ("circle", "square", "triangle", "diamond", "star", "cross", "ring", "moon")
COLOURS = {
    "red": (214, 40, 40),
    "green": (40, 150, 60),
    "blue": (40, 80, 210),
    "yellow": (240, 210, 30),
    "orange": (245, 135, 20),
    "purple": (130, 50, 160),
    "pink": (245, 130, 185),
    "black": (25, 25, 25),
}
SIZES = ("small", "large")
VALUES = {"size": SIZES, "colour": tuple(COLOURS), "shape": SHAPES}
"""The possible values of the attributes of a `SceneObject`."""

SIDE = 960
"""The length of an image's side, in the units of radii and places of objects."""
CELL = SIDE // 3
RADII = {"small": (75, 89), "large": (134, 146)}
"""The range of radii of each size; the end is exclusive."""


class SceneObject(NamedTuple):
    """The description of an object; `row` and `column` (0 to 2) are its cell in a 3 × 3 grid."""

    row: int
    column: int
    size: str
    colour: str
    shape: str
