"""Images of one colour and of noise, their bytes, files and media."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from mmbench.media import decode_image, read_bytes
from mmbench.types import Media
from tests.support.files import write_file

Pixels = Image.Image | np.ndarray[Any, Any]
Colour = int | tuple[int, int, int]


def plain_image(colour: Colour = 0, size: tuple[int, int] = (8, 8)) -> Image.Image:
    """Return an image of one colour, given as red, green and blue or as a level of grey."""
    rgb = (colour, colour, colour) if isinstance(colour, int) else colour
    return Image.new("RGB", size, rgb)


def noise_image(seed: int = 0, size: tuple[int, int] | None = None) -> Image.Image:
    """Return an image of noise; without a size, each seed has a height of its own."""
    width, height = size or (40, 20 + 9 * seed)
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    return Image.fromarray(noise)


def save_image(path: Path, colour: Colour = 0, size: tuple[int, int] = (8, 8)) -> Path:
    """Save an image of one colour, in a folder that may be new, and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    plain_image(colour, size).save(path)
    return path


def labelled_images(
    folder: Path, labels: Sequence[str], colours: Sequence[Colour] | None = None
) -> Path:
    """Save an image for each label and the table that lists them, and return the table.

    Image n has the red n unless colours are given.
    """
    lines = ["id,label,image"]
    for number, label in enumerate(labels):
        colour = colours[number] if colours else (number, 0, 0)
        image = save_image(folder / f"{number}.png", colour)
        lines.append(f"{number},{label},{image.name}")
    return write_file(folder / "data.csv", "\n".join(lines) + "\n")


def image_bytes(pixels: Pixels, form: str = "PNG", **options: Any) -> bytes:
    """Return the bytes of a file of an image, or of an array of its pixels."""
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    stream = BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


def png(colour: Colour = 0, size: tuple[int, int] = (2, 2)) -> bytes:
    """Return the bytes of a PNG of one colour."""
    return image_bytes(plain_image(colour, size))


def image_medium(pixels: Pixels, name: str = "image") -> Media:
    """Return an image, or an array of its pixels, as a medium in memory."""
    data = image_bytes(pixels)
    return Media("image", name, lambda: data)


def red_of(content: Any) -> int:
    """Return the red, 0 to 255, of the first pixel of a medium."""
    pixel = decode_image(read_bytes(content), "image").getpixel((0, 0))
    assert isinstance(pixel, tuple)
    return int(pixel[0])
