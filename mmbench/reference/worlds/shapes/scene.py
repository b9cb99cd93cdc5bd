"""Scenes of the shapes world, and their random generation."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from random import Random
from typing import NamedTuple

from mmbench.reference.worlds.chance import below, chance, pick, shuffled
from mmbench.reference.worlds.shapes.objects import (
    CELL,
    COLOURS,
    RADII,
    SHAPES,
    SIZES,
    VALUES,
    SceneObject,
)
from mmbench.reference.worlds.splits import first_of_split, split_of

_PLAY = 45


class Spot(NamedTuple):
    """The geometry and colour of a drawn object.

    Centre and radius are in 1/960 of the image side, RGB values are from 0 to 255.
    """

    x: int
    y: int
    radius: int
    rgb: tuple[int, int, int]


class Scene(NamedTuple):
    """One to three objects in reading order.

    Captions describe neither the exact places of the objects (`spots`) nor the background. No two
    objects overlap, share a cell, or share both colour and shape.
    """

    objects: tuple[SceneObject, ...]
    spots: tuple[Spot, ...]
    background: tuple[int, int, int]

    @property
    def key(self) -> str:
        """The meaning of the scene as a string; equal for scenes with the same description."""
        return ";".join(f"{t.row}{t.column} {t.size} {t.colour} {t.shape}" for t in self.objects)

    @property
    def split(self) -> str:
        """The only split that may contain this meaning, determined by a hash of `key`."""
        return split_of(self.key)


def scene_at(split: str, seed: int, index: int, attempt: int = 0) -> Scene:
    """Return the scene of a split at an index from 0; it depends on the arguments only.

    Another `attempt` gives another scene. Several indices of a split may have the same meaning.
    """
    return first_of_split(
        split, lambda trial: _scene(chance("scene", split, seed, index, attempt, trial))
    )


def _scene(rng: Random) -> Scene:
    number = pick(rng, (1, 2, 2, 2, 3, 3, 3))
    cells = sorted(shuffled(rng, range(9))[:number])
    objects: list[SceneObject] = []
    while len(objects) < number:
        row, column = divmod(cells[len(objects)], 3)
        item = SceneObject(
            row, column, pick(rng, SIZES), pick(rng, tuple(COLOURS)), pick(rng, SHAPES)
        )
        if all(item[3:] != other[3:] for other in objects):
            objects.append(item)
    shade = background(rng)
    return Scene(tuple(objects), tuple(_spot(rng, item) for item in objects), shade)


def minimal_pair(scene: Scene, rng: Random) -> Scene:
    """Return a scene of the same split that differs in the size, colour or shape of one object.

    Raises ValueError if every scene with one such difference belongs to another split; the
    probability of this is 10^-9.
    """
    for other in _variants(scene, below(rng, len(scene.objects)), rng):
        return other
    raise ValueError(f"no minimal pair of {scene.key} is in its split")


def minimal_pairs(scene: Scene, rng: Random) -> Iterator[tuple[Scene, SceneObject]]:
    """Yield all scenes of the same split that differ in the size, colour or shape of one object.

    Each comes with the changed object. The order is random.
    """
    for at in shuffled(rng, range(len(scene.objects))):
        for other in _variants(scene, at, rng):
            yield other, other.objects[at]


def _variants(scene: Scene, at: int, rng: Random) -> Iterator[Scene]:
    """Yield the scenes that differ from a scene in its object `at`, in random order."""
    for aspect in shuffled(rng, list(VALUES)):
        for value in shuffled(rng, VALUES[aspect]):
            changed = SceneObject(**{**scene.objects[at]._asdict(), aspect: value})
            other = _with(rng, scene, at, changed)
            if other.key != scene.key and other.split == scene.split and _are_distinct(other):
                yield other


def swapped(scene: Scene, aspect: str, rng: Random) -> tuple[Scene, int, int] | None:
    """Return a scene in which two objects have exchanged an aspect, and the two indices.

    `aspect` is size, colour, shape or place. The indices are those of the two objects in `scene`.
    The other scene belongs to the same split. Return None if no two objects can exchange the
    aspect, for example because they are equal in it.
    """
    names = ("row", "column") if aspect == "place" else (aspect,)
    for one, other in shuffled(rng, list(combinations(range(len(scene.objects)), 2))):
        objects = list(scene.objects)
        for at, source in ((one, other), (other, one)):
            values = {name: getattr(scene.objects[source], name) for name in names}
            objects[at] = objects[at]._replace(**values)
        pairs = sorted((item, _spot(rng, item)) for item in objects)
        changed = scene._replace(
            objects=tuple(item for item, _ in pairs), spots=tuple(spot for _, spot in pairs)
        )
        if changed.key != scene.key and changed.split == scene.split and _are_distinct(changed):
            return changed, one, other
    return None


def _with(rng: Random, scene: Scene, at: int, item: SceneObject) -> Scene:
    objects, spots = list(scene.objects), list(scene.spots)
    objects[at], spots[at] = item, _spot(rng, item)
    return scene._replace(objects=tuple(objects), spots=tuple(spots))


def _are_distinct(scene: Scene) -> bool:
    """Return whether all objects differ in colour or shape."""
    return len({item[3:] for item in scene.objects}) == len(scene.objects)


def lone_scene(rng: Random, colour: str, shape: str) -> Scene:
    """Return a scene with one object at a point where four cells meet.

    `scene_at` never returns such a scene, so it belongs to no split. `row` and `column` of the
    object give the upper left of the four cells.
    """
    shade = background(rng)
    item = SceneObject(below(rng, 2), below(rng, 2), pick(rng, SIZES), colour, shape)
    spot = _spot(rng, item)
    moved = spot._replace(x=spot.x + CELL // 2, y=spot.y + CELL // 2)
    return Scene((item,), (moved,), shade)


def background(rng: Random) -> tuple[int, int, int]:
    """Return a random light, slightly tinted grey."""
    grey = 205 + below(rng, 36)
    return near(rng, (grey, grey, grey), 10)


def _spot(rng: Random, item: SceneObject) -> Spot:
    least, beyond = RADII[item.size]
    radius = least + below(rng, beyond - least)
    play = min(CELL // 2 - radius, _PLAY)  # stays inside the cell, so that objects do not overlap
    x = CELL * item.column + CELL // 2 - play + below(rng, 2 * play + 1)
    y = CELL * item.row + CELL // 2 - play + below(rng, 2 * play + 1)
    return Spot(x, y, radius, near(rng, COLOURS[item.colour], 18))


def near(rng: Random, rgb: tuple[int, int, int], spread: int) -> tuple[int, int, int]:
    """Return a random colour that differs by up to `spread` in each channel."""
    r, g, b = (max(0, min(255, c - spread + below(rng, 2 * spread + 1))) for c in rgb)
    return r, g, b
