"""The things of the shapes world, in words, colours and lengths."""

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
"""What a thing may be, by the field of `SceneObject`."""

SIDE = 960
"""Length of an image's side; radii and places of things are whole numbers of its parts."""
CELL = SIDE // 3
RADII = {"small": (75, 89), "large": (134, 146)}
"""The radii of each size, the first one and the one behind the last."""


class SceneObject(NamedTuple):
    """One object in words; `row` and `column` (0 to 2) name its cell of a 3 × 3 grid."""

    row: int
    column: int
    size: str
    colour: str
    shape: str
