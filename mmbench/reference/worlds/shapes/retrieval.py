"""The data source `shapes`: procedural scenes with captions for retrieval.

A scene has one to three coloured shapes on a 3 × 3 grid, and five captions. A hash of the scene's
meaning determines its split, so the training stream contains no scene of the test split. The bytes
of an image are identical on every machine.
"""

from __future__ import annotations

from functools import lru_cache, partial
from pathlib import Path

from mmbench.datasets import RetrievalData
from mmbench.reference.worlds.chance import chance
from mmbench.reference.worlds.shapes.captions import KINDS, captions
from mmbench.reference.worlds.shapes.draw import draw, ppm
from mmbench.reference.worlds.shapes.scene import Scene, minimal_pair, scene_at
from mmbench.reference.worlds.sources import captioned, check_number, check_size, check_split
from mmbench.reference.worlds.splits import distinct
from mmbench.types import Media, Sample

_MOST = 1_000_000


def shapes(
    root: Path | None,  # noqa: ARG001 - a source takes it; this one reads no file
    *,
    split: str = "test",
    images: int = 1000,
    size: int = 64,
    seed: int = 0,
) -> RetrievalData:
    """Return captions as queries and images as documents; no two images have the same meaning.

    `split` is train, validation or test; `images` is 1 to 1,000,000; `size` is the side in pixels,
    64 to 1024; `seed` selects other scenes of the same split. Images are drawn when they are read.
    Tags: `objects` (1 to 3) of queries and documents, `caption` (the kind of caption) of queries.
    Raises UnknownName for an unknown split, DataError for a number out of range.
    """
    rows = scene_images(split, images, size, seed)
    return captioned(
        [Sample(name, {"image": image}, group=name, tags=scene_tags(s)) for name, s, image in rows],
        (labelled_captions(scene, split, seed, index) for index, (_, scene, _) in enumerate(rows)),
    )


def scene_images(split: str, images: int, size: int, seed: int) -> list[tuple[str, Scene, Media]]:
    """Return name, scene and image of the first scenes of a split.

    Raises the errors of `shapes`.
    """
    check_split("shapes", split)
    check_sizes(images, size)
    scenes = _scenes(split, images, seed)
    named_scenes = [(f"{split}-{index}", scene) for index, scene in enumerate(scenes)]
    return [(name, it, scene_image(it, size, f"{name} (seed {seed})")) for name, it in named_scenes]


@lru_cache(maxsize=1)  # all tasks of this world ask for the same scenes, once for each model
def _scenes(split: str, images: int, seed: int) -> tuple[Scene, ...]:
    return tuple(distinct(images, partial(scene_at, split, seed)))


def check_sizes(images: int, size: int) -> None:
    """Raise DataError if the number of images or the size in pixels is out of range."""
    check_number("shapes", "images", images, _MOST)
    check_size("shapes", size, 64)


def scene_image(scene: Scene, size: int, name: str) -> Media:
    """Return the image of a scene, `size` pixels wide and high, which is drawn when read."""
    return Media("image", f"shapes {name}", partial(_ppm, scene, size))


def scene_tags(scene: Scene) -> dict[str, str]:
    """Return the tag `objects` of a scene, its number of objects."""
    return {"objects": str(len(scene.objects))}


def labelled_captions(scene: Scene, split: str, seed: int, index: int) -> list[tuple[str, str]]:
    """Return kind and text of the five captions of a scene.

    Split, seed and index determine the random draws.
    """
    texts = captions(scene, chance("captions", split, seed, index))
    return list(zip(KINDS, texts, strict=True))


def _ppm(scene: Scene, size: int) -> bytes:
    return ppm(draw(scene, size))


CaptionedScene = tuple[Scene, list[str]]
"""A scene and its five captions."""


def training_scene(seed: int, index: int) -> CaptionedScene:
    """Return the scene at an index of the unlimited training stream, and its five captions."""
    scene = scene_at("train", seed, index)
    return scene, captions(scene, chance("captions", "train", seed, index))


def training_minimal_pair(seed: int, index: int) -> list[CaptionedScene]:
    """Return a scene of the training stream and its `minimal_pair`, with five captions each.

    Corresponding captions differ in one word. A caption without this word would be true of both
    scenes and is replaced by the complete caption.
    """
    scene, texts = training_scene(seed, index)
    other = minimal_pair(scene, chance("twin", "train", seed, index))
    others = captions(other, chance("captions", "train", seed, index))
    differ = [one != two for one, two in zip(texts, others, strict=True)]
    return [(scene, _telling(texts, differ)), (other, _telling(others, differ))]


def _telling(texts: list[str], differ: list[bool]) -> list[str]:
    """Replace each text that does not `differ` by the first text, which is complete."""
    return [text if tells else texts[0] for text, tells in zip(texts, differ, strict=True)]
