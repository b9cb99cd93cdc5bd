"""The words of captions in the shapes world, and a parser for captions."""

from __future__ import annotations

import re

from mmbench.errors import DataError
from mmbench.reference.worlds.shapes.objects import COLOURS, SHAPES, SceneObject

SIZE_WORDS = {"small": ("small", "little"), "large": ("large", "big")}
PLACES = {
    (0, 0): ("at the top left", "in the upper left corner"),
    (0, 1): ("at the top", "near the upper edge"),
    (0, 2): ("at the top right", "in the upper right corner"),
    (1, 0): ("on the left", "near the left edge"),
    (1, 1): ("in the middle", "in the centre"),
    (1, 2): ("on the right", "near the right edge"),
    (2, 0): ("at the bottom left", "in the lower left corner"),
    (2, 1): ("at the bottom", "near the lower edge"),
    (2, 2): ("at the bottom right", "in the lower right corner"),
}

_SIZES = {word: size for size, words in SIZE_WORDS.items() for word in words}
_CELLS = {words: cell for cell, both in PLACES.items() for words in both}
_ONE = re.compile(
    rf"a ({'|'.join(_SIZES)}) ({'|'.join(COLOURS)}) ({'|'.join(SHAPES)}) ({'|'.join(_CELLS)})"
)
_BETWEEN = re.compile(r", | and ")


def with_article(colour: str, shape: str) -> str:
    """Return an object with its article: "a red star", "an orange moon"."""
    return f"{'an' if colour == 'orange' else 'a'} {colour} {shape}"


def parse_caption(caption: str) -> tuple[SceneObject, ...]:
    """Return the objects of a complete caption, in reading order.

    A complete caption (kind `everything`) has size, colour, shape and place of each object: "a
    little red star at the top and a large pink moon on the right". Raises DataError for any other
    text.
    """
    return tuple(sorted(_parse_object(part, caption) for part in _BETWEEN.split(caption)))


def _parse_object(part: str, caption: str) -> SceneObject:
    match = _ONE.fullmatch(part)
    if match is None:
        raise DataError(
            f"{caption!r} does not have size, colour, shape and place of each object: {part!r}"
        )
    size, colour, shape, place = match.groups()
    return SceneObject(*_CELLS[place], _SIZES[size], colour, shape)
