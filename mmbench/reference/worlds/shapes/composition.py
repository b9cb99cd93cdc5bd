"""The data sources `shapes-swaps` and `shapes-changes`, in which scenes differ in a property.

Two scenes of `shapes-swaps` have the same properties, but two objects have exchanged one: "a small
red circle and a large blue square", "a small blue circle and a large red square". The captions have
the same words in another order, so a model that ignores their order cannot tell them apart. A query
of `shapes-changes` is an image and a text about a change of one object.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import NamedTuple

from mmbench.datasets import RetrievalData, Samples
from mmbench.reference.worlds.chance import chance, shuffled
from mmbench.reference.worlds.shapes.captions import describe, swap_captions
from mmbench.reference.worlds.shapes.retrieval import scene_image
from mmbench.reference.worlds.shapes.scene import Scene, minimal_pairs, scene_at, swapped
from mmbench.reference.worlds.sources import check_number, check_size, check_split
from mmbench.types import Content, Sample

SWAPS = ("size", "colour", "shape", "place")
"""The properties that two objects may exchange."""

_MOST = 10_000
_VARIANTS = 4  # images of a query of shapes-changes besides its own, one of which is to be found


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


def shapes_changes(
    root: Path | None,  # noqa: ARG001 - as above
    *,
    split: str = "test",
    queries: int = 200,
    size: int = 64,
    seed: int = 0,
) -> RetrievalData:
    """Return composed queries: an `image`, and a `text` about an object of the image to be found.

    That image differs in the size, colour or shape of this object. The corpus has, for each query,
    its own image, the image to be found and three others that differ from the first in another way.
    They are the subset of the query, without its own image, which is excluded. The text describes
    the object after the change: "a large red moon on the left". `queries` is 1 to 2,000. Raises
    UnknownName for an unknown split, DataError for a number out of range.
    """
    check_split("shapes changes", split)
    check_number("shapes changes", "queries", queries, _MOST // 5)
    check_size("shapes", size, 64)
    samples, corpus, members = [], [], {}
    for index, (scenes, text) in enumerate(_changes(split, queries, seed)):
        names = [f"{split}-{index}-{number}" for number in range(len(scenes))]
        images = [
            scene_image(scene, size, f"{name} of changes (seed {seed})")
            for name, scene in zip(names, scenes, strict=True)
        ]
        corpus += [Sample(name, {"image": one}) for name, one in zip(names, images, strict=True)]
        samples.append(Sample(names[0], {"image": images[0], "text": text}))
        members[names[0]] = names[1:]
    return RetrievalData(
        samples,
        corpus,
        {query: {names[0]: 1.0} for query, names in members.items()},
        excluded={query: [query] for query in members},
        subsets=members,
    )


@lru_cache(maxsize=1)
def _changes(split: str, queries: int, seed: int) -> tuple[tuple[list[Scene], str], ...]:
    """Return, for each query, its scene, the scene to be found, three others, and the text."""
    seen: set[str] = set()
    found = []
    for index in range(queries):
        rng = chance("change", split, seed, index)
        for attempt in count():
            scene = scene_at(split, seed, index, attempt)
            others = [pair for pair in minimal_pairs(scene, rng) if pair[0].key not in seen]
            if scene.key not in seen and len(others) >= _VARIANTS:
                break
        others = shuffled(rng, others)[:_VARIANTS]
        scenes = [scene, *(other for other, _ in others)]
        seen.update(one.key for one in scenes)
        found.append((scenes, describe(others[0][1], rng)))
    return tuple(found)
