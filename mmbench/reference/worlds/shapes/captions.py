"""Captions of the shapes world, from a small grammar.

The five kinds of captions differ in the facts they mention; the order of objects and some synonyms
are random.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from mmbench.reference.worlds.chance import pick, shuffled
from mmbench.reference.worlds.shapes.objects import SceneObject
from mmbench.reference.worlds.shapes.scene import Scene
from mmbench.reference.worlds.shapes.words import PLACES, SIZE_WORDS, with_article

_NUMBERS = ("one shape", "two shapes", "three shapes")


def captions(scene: Scene, rng: Random) -> list[str]:
    """Return five true captions of a scene, one of each kind, in the order of `KINDS`."""
    return [tell(shuffled(rng, scene.objects), rng) for tell in KINDS.values()]


def _everything(objects: Sequence[SceneObject], rng: Random) -> str:
    """Describe size, colour, shape and place of each object."""
    return _list([describe(t, rng) for t in objects])


def _relation(objects: Sequence[SceneObject], rng: Random) -> str:
    """Describe the colours, shapes and relative positions of the objects."""
    if len(objects) == 1:
        return f"only {_coloured(objects[0])} and it is {place(objects[0], rng)}"
    first, second, *rest = objects
    text = f"{_coloured(first)} is {relation(first, second)} {_coloured(second)}"
    for third in rest:
        text += f", which is {relation(second, third)} {_coloured(third)}"
    return text


def _places(objects: Sequence[SceneObject], rng: Random) -> str:
    """Describe colour, shape and place of each object."""
    return _list([f"{place(t, rng)} there is {_coloured(t)}" for t in objects])


def _inventory(objects: Sequence[SceneObject], rng: Random) -> str:
    """Describe the number of objects, and each object without its place."""
    return f"{_NUMBERS[len(objects) - 1]}: {_list([f'a {_sized(t, rng)}' for t in objects])}"


def _glance(objects: Sequence[SceneObject], rng: Random) -> str:
    """Describe the place of each object, with only its colour or only its size and shape."""
    if rng.random() < 0.5:
        return _list([f"something {t.colour} {place(t, rng)}" for t in objects])
    return _list([f"a {_size(t, rng)} {t.shape} {place(t, rng)}" for t in objects])


KINDS: dict[str, Callable[[Sequence[SceneObject], Random], str]] = {
    "everything": _everything,
    "relation": _relation,
    "places": _places,
    "inventory": _inventory,
    "glance": _glance,
}


def describe(item: SceneObject, rng: Random) -> str:
    """Describe size, colour, shape and place of an object: "a little red star at the top"."""
    return f"a {_sized(item, rng)} {place(item, rng)}"


def swap_captions(
    scene: Scene, other: Scene, aspect: str, pair: tuple[int, int], rng: Random
) -> tuple[str, str]:
    """Return a caption of a scene and one of its `swapped` scene, with the same words.

    Captions of exchanged places describe the positions of the two objects of the `pair` relative to
    each other. Other captions list all objects without their places, in the order of their cells.
    Each caption is true of its own scene only.
    """
    if aspect == "place":
        first, second = (scene.objects[at] for at in pair)
        between = relation(first, second)
        a, b = _coloured(first), _coloured(second)
        return f"{a} is {between} {b}", f"{b} is {between} {a}"
    words = {size: pick(rng, known) for size, known in SIZE_WORDS.items()}
    order = shuffled(rng, range(len(scene.objects)))

    def inventory(of: Scene) -> str:
        objects = [of.objects[at] for at in order]
        parts = [f"a {words[item.size]} {item.colour} {item.shape}" for item in objects]
        return f"{_NUMBERS[len(order) - 1]}: {_list(parts)}"

    return inventory(scene), inventory(other)


def relation(a: SceneObject, b: SceneObject) -> str:
    """Return the relation of the cell of a to the cell of b: "above and to the left of"."""
    vertical = "above" if a.row < b.row else "below" if a.row > b.row else ""
    if a.column == b.column:
        return vertical
    horizontal = f"to the {'left' if a.column < b.column else 'right'} of"
    return f"{vertical} and {horizontal}" if vertical else horizontal


def _size(item: SceneObject, rng: Random) -> str:
    return pick(rng, SIZE_WORDS[item.size])


def _sized(item: SceneObject, rng: Random) -> str:
    return f"{_size(item, rng)} {item.colour} {item.shape}"


def _coloured(item: SceneObject) -> str:
    return with_article(item.colour, item.shape)


def place(item: SceneObject, rng: Random) -> str:
    """Return the place of an object in words: "in the upper left corner"."""
    return pick(rng, PLACES[item.row, item.column])


def _list(parts: Sequence[str]) -> str:
    """Join parts as an English list: "a", "a and b", "a, b and c"."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))
