"""Swaps of the shapes world: two scenes and two captions that only their order tells apart."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from mmbench.errors import DataError, UnknownName
from mmbench.reference.worlds.shapes.composition import SWAPS, Swap, shapes_swaps, swap_at
from mmbench.reference.worlds.shapes.objects import SIZES
from mmbench.reference.worlds.shapes.scene import Scene
from mmbench.reference.worlds.shapes.words import SIZE_WORDS

SIZE_OF = {word: size for size in SIZES for word in SIZE_WORDS[size]}


@pytest.fixture(scope="module")
def swaps() -> list[Swap]:
    return [swap_at("test", 3, index) for index in range(40)]


def is_true(caption: str, scene: Scene) -> bool:
    """Read a caption of the grammar of swaps, and look whether the scene has what it says."""
    if ":" in caption:
        named = re.findall(r"a (\w+) (\w+) (\w+)", caption.partition(": ")[2])
        found = [(SIZE_OF[size], colour, shape) for size, colour, shape in named]
        return sorted(found) == sorted(item[2:] for item in scene.objects)
    first, second = re.findall(r"an? (\w+ \w+)", caption)
    places = {f"{item.colour} {item.shape}": item[:2] for item in scene.objects}
    (row, column), (other_row, other_column) = places[first], places[second]
    return (
        ("above" in caption) == (row < other_row)
        and ("below" in caption) == (row > other_row)
        and ("left" in caption) == (column < other_column)
        and ("right" in caption) == (column > other_column)
    )


def test_each_caption_is_true_of_its_own_image_only(swaps: list[Swap]) -> None:
    for swap in swaps:
        truths = [[is_true(caption, scene) for caption in swap.captions] for scene in swap.scenes]
        assert truths == [[True, False], [False, True]], swap


def test_both_captions_have_the_same_words(swaps: list[Swap]) -> None:
    for one, other in (swap.captions for swap in swaps):
        assert one != other
        assert sorted(re.findall(r"\w+", one)) == sorted(re.findall(r"\w+", other))


def test_both_scenes_belong_to_the_split_and_have_the_same_values(swaps: list[Swap]) -> None:
    for swap in swaps:
        assert {scene.split for scene in swap.scenes} == {"test"}
        one, other = swap.scenes
        for field in range(5):
            assert sorted(x[field] for x in one.objects) == sorted(x[field] for x in other.objects)


def test_properties_are_equally_frequent() -> None:
    data = shapes_swaps(None, samples=20)
    assert Counter(sample.tags["swap"] for sample in data.samples) == dict.fromkeys(SWAPS, 5)
    assert set(data.samples[0].inputs) == {"image_1", "image_2", "text_1", "text_2"}
    images = [data.samples[0].inputs[f"image_{n}"] for n in (1, 2)]
    assert images[0].read() != images[1].read()  # type: ignore[union-attr, misc]
    fewer = shapes_swaps(None, samples=7).samples
    assert [sample.inputs["text_2"] for sample in data.samples[:7]] == [
        sample.inputs["text_2"] for sample in fewer
    ]


def test_options_out_of_range_are_refused() -> None:
    with pytest.raises(UnknownName, match="did you mean test"):
        shapes_swaps(None, split="tests")
    with pytest.raises(DataError, match="samples is 0; give a number"):
        shapes_swaps(None, samples=0)
