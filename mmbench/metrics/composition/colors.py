"""The colours of objects: crops of images, compared with texts by a model such as CLIP."""

from __future__ import annotations

from functools import partial
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from mmbench.errors import ContentError
from mmbench.media import decode_image, read_bytes
from mmbench.types import Array, Content, Detection, Mask, Media

COLORS = (
    *("red", "orange", "yellow", "green", "blue"),
    *("purple", "pink", "brown", "black", "white"),
)
_TEMPLATES = ("a photo of a {} {}", "a photo of a {}-colored {}", "a photo of a {} object")
_BACKGROUND = "#999"
RULES = f"colors={len(COLORS)},templates={len(_TEMPLATES)},background={_BACKGROUND}"
"""The parameters, for signatures."""


def color_texts(name: str) -> list[Content]:
    """Return 30 texts about a class in each colour: three templates for each of ten colours."""
    return [template.format(color, name) for color in COLORS for template in _TEMPLATES]


def colors_of(crops: Array, texts: Array) -> list[str]:
    """Return the colour of each of k crops, by embeddings [k, d] and those of the texts [30, d].

    All embeddings have length 1. The embedding of a colour is the mean over its templates,
    normalised again; a crop has the colour with the highest cosine, the first of equal ones.
    Source: clip_benchmark metrics/zeroshot_classification.py `zero_shot_classifier`.
    """
    parts: NDArray[np.float64] = texts.astype(np.float64).reshape(len(COLORS), len(_TEMPLATES), -1)
    means = parts.mean(axis=1)
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    return [COLORS[at] for at in (crops.astype(np.float64) @ means.T).argmax(axis=1)]


def crop(image: Media, one: Detection) -> Media:
    """Return the crop of an image to the box of an object, as PNG.

    If the object has a mask, the pixels outside it become grey (#999). The ends of the box are
    rounded. The image is decoded only when the bytes are requested, which raises the errors of
    `read_bytes` and `decode_image`, and ContentError if the box is empty or the mask has the size
    of another image.
    """
    name = f"{one.label} in {image.name}"
    return Media("image", name, partial(_crop, image, one.box, one.mask, name))


def _crop(
    image: Media, box: tuple[float, float, float, float], mask: Mask | None, name: str
) -> bytes:
    from PIL import Image

    pixels = decode_image(read_bytes(image), image.name)
    if mask is not None:
        if (mask.width, mask.height) != pixels.size or sum(mask.runs) != mask.width * mask.height:
            raise ContentError(f"{name}: the mask does not have the size of the image")
        inside = Image.frombytes("L", pixels.size, mask.to_bytes(255))
        pixels = Image.composite(pixels, Image.new("RGB", pixels.size, _BACKGROUND), inside)
    left, top, right, bottom = map(round, box)
    if left >= right or top >= bottom:
        raise ContentError(f"{name}: the box has no pixels")
    stream = BytesIO()
    pixels.crop((left, top, right, bottom)).save(stream, "PNG")
    return stream.getvalue()
