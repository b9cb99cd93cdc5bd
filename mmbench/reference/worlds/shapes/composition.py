"""The data source `shapes-swaps`: pairs of scenes that differ in which object has which property.

Two scenes have the same properties, but two objects have exchanged one: "a small red circle and a
large blue square", "a small blue circle and a large red square". The captions have the same words
in another order, so a model that ignores their order cannot tell them apart.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import NamedTuple

from mmbench.datasets import Samples
from mmbench.reference.worlds.chance import chance
from mmbench.reference.worlds.shapes.captions import swap_captions
from mmbench.reference.worlds.shapes.retrieval import scene_image
from mmbench.reference.worlds.shapes.scene import Scene, scene_at, swapped
from mmbench.reference.worlds.sources import check_number, check_size, check_split
from mmbench.types import Content, Sample

SWAPS = ("size", "colour", "shape", "place")
"""The properties that two objects may exchange."""

_MOST = 10_000


class Swap(NamedTuple):
    """Two scenes with exchanged properties of two objects, and a caption of each."""

    scenes: tuple[Scene, Scene]
    captions: tuple[str, str]
    aspect: str


def shapes_swaps(
    root: Path | None,  # noqa: ARG001 - a source takes it; this one reads no file
    *,
    split: str = "test",
    samples: int = 400,
    size: int = 64,
    seed: int = 0,
) -> Samples:
    """Return samples of `image_1` and `image_2` with their captions `text_1` and `text_2`.

    Both scenes belong to the `split`. `samples` is 1 to 10,000, `size` the side in pixels, 64 to
    1024. Tag: `swap`, the exchanged property, one of `SWAPS`; they are equally frequent. Raises
    UnknownName for an unknown split, DataError for a number out of range.
    """
    check_split("shapes swaps", split)
    check_number("shapes swaps", "samples", samples, _MOST)
    check_size("shapes", size, 64)
    swaps = _swaps(split, samples, seed)
    return Samples([_sample(f"{split}-{i}", swap, size, seed) for i, swap in enumerate(swaps)])


@lru_cache(maxsize=1)  # each model is asked about the same swaps
def _swaps(split: str, samples: int, seed: int) -> tuple[Swap, ...]:
    return tuple(swap_at(split, seed, index) for index in range(samples))


def swap_at(split: str, seed: int, index: int) -> Swap:
    """Return the swap of a split at an index from 0; it depends on the arguments only.

    The index determines the exchanged property.
    """
    aspect = SWAPS[index % len(SWAPS)]
    for attempt in count():
        rng = chance("swap", split, seed, index, attempt)
        scene = scene_at(split, seed, index, attempt)
        found = swapped(scene, aspect, rng)
        if found is None:
            continue
        other, *pair = found
        if aspect == "place" or _contents(scene) != _contents(other):
            captions = swap_captions(scene, other, aspect, (pair[0], pair[1]), rng)
            return Swap((scene, other), captions, aspect)
    raise AssertionError("unreachable: count() does not end")


def _contents(scene: Scene) -> list[tuple[str, ...]]:
    """Return size, colour and shape of each object, sorted; the place is left out."""
    return sorted(item[2:] for item in scene.objects)


def _sample(name: str, swap: Swap, size: int, seed: int) -> Sample:
    inputs: dict[str, Content] = {}
    for number, (scene, caption) in enumerate(zip(swap.scenes, swap.captions, strict=True), 1):
        where = f"{name} of swaps, image {number} (seed {seed})"
        inputs |= {f"image_{number}": scene_image(scene, size, where), f"text_{number}": caption}
    return Sample(name, inputs, tags={"swap": swap.aspect})
