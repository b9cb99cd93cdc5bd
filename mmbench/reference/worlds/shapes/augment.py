"""Augmentations of image-text pairs of the shapes world that keep the texts true."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mmbench.reference.worlds.shapes.objects import COLOURS, SIDE
from mmbench.reference.worlds.shapes.scene import Scene

Images = NDArray[np.uint8]
Augmentation = Callable[
    [Images, list[str], Sequence[Scene], np.random.Generator], tuple[Images, list[str]]
]

_SIDES = {"left": "right", "right": "left"}
_SIDE_WORD = re.compile(r"\b(left|right)\b")
_COLOUR_WORD = re.compile(rf"\b({'|'.join(COLOURS)})\b")
_ZOOM = 0.06  # keeps small objects small: small and large radii differ by 50 %


def mirror(scene: Scene) -> Scene:
    """Return the scene mirrored left to right, with its objects in reading order."""
    pairs = [
        (item._replace(column=2 - item.column), spot._replace(x=SIDE - spot.x))
        for item, spot in zip(scene.objects, scene.spots, strict=True)
    ]
    objects, spots = zip(*sorted(pairs), strict=True)
    return Scene(objects, spots, scene.background)


def mirror_text(text: str) -> str:
    """Exchange left and right in a text, so that it describes the mirrored scene."""
    return _SIDE_WORD.sub(lambda match: _SIDES[match.group()], text)


def flip(
    images: Images, texts: list[str], scenes: Sequence[Scene], rng: np.random.Generator
) -> tuple[Images, list[str]]:
    """Mirror randomly chosen image-text pairs.

    A pair stays as it is if the mirrored scene belongs to another split.
    """
    lots = rng.random(len(images)) < 0.5
    chosen = [lot and mirror(it).split == it.split for lot, it in zip(lots, scenes, strict=True)]
    flipped = np.where(np.array(chosen)[:, None, None, None], images[:, :, ::-1], images)
    captions = [mirror_text(t) if flips else t for t, flips in zip(texts, chosen, strict=True)]
    return flipped, captions


def recolour(
    images: Images,
    texts: list[str],
    scenes: Sequence[Scene],  # noqa: ARG001 - an Augmentation takes them
    rng: np.random.Generator,
) -> tuple[Images, list[str]]:
    """Permute the colour channels of each image whose text mentions no colour."""
    orders = rng.permuted(np.tile(np.arange(3), (len(images), 1)), axis=1)
    names_colour = [_COLOUR_WORD.search(text) is not None for text in texts]
    orders[np.array(names_colour)] = np.arange(3)
    return np.take_along_axis(images, orders[:, None, None, :], axis=-1), texts


def zoom(
    images: Images,
    texts: list[str],
    scenes: Sequence[Scene],  # noqa: ARG001 - as above
    rng: np.random.Generator,
) -> tuple[Images, list[str]]:
    """Zoom images by up to 6 % about the centre, at the same size; repeat edge pixels."""
    n, size, _, _ = images.shape
    scales = rng.uniform(1 - _ZOOM, 1 + _ZOOM, (n, 1))
    centre = (size - 1) / 2
    at = np.clip(np.rint((np.arange(size) - centre) * scales + centre), 0, size - 1).astype(int)
    return images[np.arange(n)[:, None, None], at[:, :, None], at[:, None, :]], texts


AUGMENTATIONS: Mapping[str, Augmentation] = {"flip": flip, "recolour": recolour, "zoom": zoom}


def augment_pairs(
    images: Images,
    texts: list[str],
    scenes: Sequence[Scene],
    augmentations: Sequence[str],
    rng: np.random.Generator,
) -> tuple[Images, list[str]]:
    """Apply some of `AUGMENTATIONS` to images uint8 [n, size, size, 3] and their texts.

    `augmentations` are applied in the given order; `scenes` are the scenes of the images.
    """
    for augmentation in augmentations:
        images, texts = AUGMENTATIONS[augmentation](images, texts, scenes, rng)
    return images, texts
