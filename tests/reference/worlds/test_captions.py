"""Every caption of the shapes world is true: parsed here anew and held against the scene."""

import re
from functools import partial
from typing import NamedTuple

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mmbench.reference.worlds.chance import chance
from mmbench.reference.worlds.shapes.captions import KINDS, captions
from mmbench.reference.worlds.shapes.draw import draw
from mmbench.reference.worlds.shapes.objects import COLOURS, SHAPES, SceneObject
from mmbench.reference.worlds.shapes.retrieval import shapes
from mmbench.reference.worlds.shapes.scene import Scene, scene_at
from mmbench.reference.worlds.splits import distinct

# What the phrases mean, as (row, column) of the 3 × 3 grid.
PLACES = {
    "at the top left": (0, 0),
    "in the upper left corner": (0, 0),
    "at the top": (0, 1),
    "near the upper edge": (0, 1),
    "at the top right": (0, 2),
    "in the upper right corner": (0, 2),
    "on the left": (1, 0),
    "near the left edge": (1, 0),
    "in the middle": (1, 1),
    "in the centre": (1, 1),
    "on the right": (1, 2),
    "near the right edge": (1, 2),
    "at the bottom left": (2, 0),
    "in the lower left corner": (2, 0),
    "at the bottom": (2, 1),
    "near the lower edge": (2, 1),
    "at the bottom right": (2, 2),
    "in the lower right corner": (2, 2),
}
SIZES = {"small": "small", "little": "small", "large": "large", "big": "large"}
NUMBERS = {"one shape": 1, "two shapes": 2, "three shapes": 3}

_PLACE = "|".join(sorted(PLACES, key=len, reverse=True))
_THING = re.compile(
    rf"(?:(?P<before>{_PLACE}) there is )?"
    rf"\b(?:a|an|something)\b(?: (?P<size>{'|'.join(SIZES)}))?"
    rf"(?: (?P<colour>{'|'.join(COLOURS)}))?(?: (?P<shape>{'|'.join(SHAPES)}))?"
    rf"(?: and it is)?(?: (?P<after>{_PLACE}))?"
)
_RELATION = re.compile(r"is ((?:above|below)?(?: and )?(?:to the (?:left|right) of)?) an? ")


class Claim(NamedTuple):
    """What a caption says of one thing; None where it is silent."""

    size: str | None
    colour: str | None
    shape: str | None
    place: tuple[int, int] | None

    def fits(self, thing: SceneObject) -> bool:
        is_ = (thing.size, thing.colour, thing.shape, (thing.row, thing.column))
        return all(said is None or said == what for said, what in zip(self, is_, strict=True))


def claims(text: str) -> list[Claim]:
    return [
        Claim(SIZES.get(m["size"]), m["colour"], m["shape"], PLACES.get(m["before"] or m["after"]))
        for m in _THING.finditer(text)
    ]


def told(index: int) -> tuple[Scene, list[str]]:
    scene = scene_at("test", 0, index)
    return scene, captions(scene, chance("any", index))


@given(st.integers(0, 10**6))
@settings(max_examples=300)
def test_every_caption_is_true_of_its_scene(index: int) -> None:
    scene, texts = told(index)
    for text in texts:
        left = list(scene.objects)
        for claim in claims(text):
            fitting = [thing for thing in left if claim.fits(thing)]
            assert fitting, (text, scene.key)
            left.remove(fitting[0])
        assert not left, (text, scene.key)
        number = text.partition(":")[0]
        assert NUMBERS.get(number, len(scene.objects)) == len(scene.objects)


@given(st.integers(0, 10**6))
@settings(max_examples=300)
def test_relations_hold_between_what_is_drawn(index: int) -> None:
    """Who is "above" ends before the other begins, in the units of the drawing."""
    scene, texts = told(index)
    spots = {(t.colour, t.shape): s for t, s in zip(scene.objects, scene.spots, strict=True)}
    named = [spots[claim.colour or "", claim.shape or ""] for claim in claims(texts[1])]
    relations = _RELATION.findall(texts[1])
    assert len(relations) == len(named) - 1
    for said, a, b in zip(relations, named, named[1:], strict=False):
        assert said, texts[1]
        gaps = {"above": b.y - a.y, "below": a.y - b.y, "left": b.x - a.x, "right": a.x - b.x}
        for word, gap in gaps.items():
            assert word not in said or gap >= a.radius + b.radius, texts[1]


def test_colours_named_are_seen_at_the_places_named() -> None:
    """From the caption to the pixels: the named cell holds the named colour."""
    scenes = distinct(200, partial(scene_at, "test", 0))
    everything = shapes(None, images=200).queries[::5]
    for scene, query in zip(scenes, everything, strict=True):
        image = draw(scene, 66).astype(int)
        for claim in claims(str(query.inputs["text"])):
            assert claim.place is not None
            row, column = claim.place
            cell = image[row * 22 : (row + 1) * 22, column * 22 : (column + 1) * 22]
            distance = abs(cell - np.array(COLOURS[claim.colour or ""])).max(-1)
            assert distance.min() <= 18, query.id  # 18 is the spread of a colour's tone


def test_the_five_captions_say_different_things() -> None:
    for index in range(100):
        texts = told(index)[1]
        assert len(set(texts)) == len(KINDS) == 5
        everything, relation, places, inventory, glance = (claims(text) for text in texts)
        assert all(None not in claim for claim in everything)
        assert all(c.size is None and c.colour and c.shape for c in relation + places)
        assert all(claim.place is None for claim in inventory)
        assert all(c.place and (c.colour is None or c.shape is None) for c in glance)


def test_captions_of_a_known_scene() -> None:
    things = (
        SceneObject(0, 0, "small", "red", "circle"),
        SceneObject(2, 1, "large", "orange", "star"),
    )
    texts = captions(Scene(things, (), (0, 0, 0)), chance("literal", 0))
    assert texts == [
        "a small red circle at the top left and a large orange star at the bottom",
        "an orange star is below and to the right of a red circle",
        "at the top left there is a red circle and near the lower edge there is an orange star",
        "two shapes: a little red circle and a large orange star",
        "a large star near the lower edge and a small circle in the upper left corner",
    ]


def test_captions_of_a_single_thing() -> None:
    thing = SceneObject(1, 1, "large", "orange", "moon")
    texts = captions(Scene((thing,), (), (0, 0, 0)), chance("literal", 1))
    assert texts == [
        "a large orange moon in the middle",
        "only an orange moon and it is in the middle",
        "in the middle there is an orange moon",
        "one shape: a big orange moon",
        "something orange in the middle",
    ]
