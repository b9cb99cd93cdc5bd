"""Decoding of images.

Decoding changes no global state of PIL and may run in several threads at once.
"""

from __future__ import annotations

import struct
import zlib
from functools import cache, partial
from io import BytesIO
from typing import TYPE_CHECKING

from mmbench.errors import ContentError, SampleError
from mmbench.media.encoded import printable_name, read_bytes
from mmbench.types import EncodedImage, Media
from mmbench.validation.regular_files import open_regular

if TYPE_CHECKING:
    from PIL.Image import Image

# PIL's own limit, 1/4 GiB at 3 bytes per pixel. Up to twice this number, PIL only warns.
MAX_PIXELS = 1024**3 // 4 // 3

# Raster formats. PIL also reads other formats, among them EPS, for which it runs another program.
FORMATS = (
    *("JPEG", "MPO", "PNG", "WEBP", "AVIF", "GIF", "BMP", "DIB", "TIFF", "JPEG2000"),
    *("PPM", "TGA", "ICO", "PCX", "QOI"),
)

# Errors of PIL's decoders on malformed bytes.
_DECODER_ERRORS = (
    *(OSError, EOFError, SyntaxError, ValueError, TypeError, AttributeError, LookupError),
    *(ArithmeticError, RuntimeError, struct.error, zlib.error),
)

# Formats that every endpoint accepts, with their MIME types.
_SENT = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}

_ORIENTATION, _BITS, _SAMPLE_FORMAT = 0x0112, 258, 339  # EXIF and TIFF tags
_SIGNED = 2  # value of the SampleFormat tag for signed integers


def decode_image(data: bytes, name: str) -> Image:
    """Decode an image to a PIL image in mode RGB, with the EXIF orientation applied.

    The reference is `PIL.Image.open(f).convert("RGB")`, as in CLIP_benchmark (datasets/flickr.py)
    and VSE++ (data.py): alpha is dropped, not blended (a transparent pixel keeps its stored
    colour), CMYK is converted without its colour profile, and the first frame of an animation is
    used. Two errors of the reference are corrected: the EXIF orientation is applied, and grey
    values of more than 8 bits are reduced to their 8 highest bits, where PIL clips at 255. An
    unreadable EXIF block is ignored.

    Raises ContentError, with `name` in its message, if the data is not an image, is truncated, has
    more than `MAX_PIXELS` pixels, or has floating-point pixels, whose value range is unknown.
    Raises SampleError if there is not enough memory.
    """
    return _decoded(data, name)[0]


def decode_encoded(data: bytes, name: str) -> EncodedImage:
    """Decode an image like `decode_image` and return it together with its bytes.

    Raises the same errors as `decode_image`.
    """
    pixels, mime = _decoded(data, name)
    return EncodedImage(pixels, data, mime)


def _decoded(data: bytes, name: str) -> tuple[Image, str]:
    """Decode an image; also return the MIME type if all decoders give the same pixels, else ""."""
    from PIL import Image, UnidentifiedImageError

    name = printable_name(name)
    try:
        image = Image.open(BytesIO(data), formats=_formats())
        _refuse_bomb(image, name)
        image.load()
        # Check again, since the size of icons and some other formats is known only now.
        _refuse_bomb(image, name)
        mime = _plain_type(image)
        return _rgb(_upright(image), name), mime
    except UnidentifiedImageError as error:
        raise ContentError(
            f"{name} is not an image in one of the formats {', '.join(FORMATS)}"
        ) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ContentError(f"{name}: {_one_line(error)}") from error
    except MemoryError as error:
        raise SampleError(f"{name}: not enough memory to decode it") from error
    except _DECODER_ERRORS as error:
        raise ContentError(f"{name} cannot be decoded: {_one_line(error)}") from error


def image_size(image: Media) -> tuple[int, int] | None:
    """Return the width and height in an image's header, before the EXIF orientation is applied.

    Return None if the bytes cannot be read or are not an image in one of `FORMATS`. The pixels are
    not decoded.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        stream = open_regular(image.name) if image.read is None else BytesIO(read_bytes(image))
        with stream, Image.open(stream, formats=_formats()) as opened:
            return opened.size
    except (UnidentifiedImageError, Image.DecompressionBombError, SampleError, *_DECODER_ERRORS):
        return None


def square(image: Media, size: int) -> Media:
    """Crop an image to its largest centred square and scale this to size x size pixels, as PNG.

    Scaling is bicubic with Pillow's antialiasing filter. The image is read and decoded only when
    the bytes of the result are requested, which raises the errors of `read_bytes` and
    `decode_image`.
    """
    return Media("image", f"{image.name} at {size} px", partial(_square, image, size))


def crop(image: Media, box: tuple[int, int, int, int]) -> Media:
    """Crop an image to a box (left, top, right, bottom) in pixels, as PNG.

    Parts of the box outside the image are black, as PIL crops. The image is read and decoded only
    when the bytes of the result are requested, which raises the errors of `read_bytes` and
    `decode_image`, and ContentError for a box without pixels.
    """
    left, top, right, bottom = box
    name = f"{image.name} cropped to {right - left} x {bottom - top} px at {left}, {top}"
    return Media("image", name, partial(_crop, image, box, name))


def _crop(image: Media, box: tuple[int, int, int, int], name: str) -> bytes:
    left, top, right, bottom = box
    if left >= right or top >= bottom or (right - left) * (bottom - top) > MAX_PIXELS:
        raise ContentError(f"{name}: the box has no pixels, or too many")
    stream = BytesIO()
    decode_image(read_bytes(image), image.name).crop(box).save(stream, "PNG")
    return stream.getvalue()


def _square(image: Media, size: int) -> bytes:
    from PIL import ImageOps
    from PIL.Image import Resampling

    stream = BytesIO()
    decoded = decode_image(read_bytes(image), image.name)
    ImageOps.fit(decoded, (size, size), Resampling.BICUBIC).save(stream, "PNG")
    return stream.getvalue()


@cache
def _formats() -> tuple[str, ...]:
    """Return the formats in `FORMATS` that this build of PIL can read."""
    from PIL import Image

    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def _refuse_bomb(image: Image, name: str) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise ContentError(
            f"{name} has {image.width} x {image.height} pixels, more than the limit of"
            f" {MAX_PIXELS} (a decompression bomb?)"
        )


def _plain_type(image: Image) -> str:
    """Return the MIME type of an image if all decoders decode it to the same pixels, else "".

    Decoders may differ for images with an EXIF orientation, several frames, transparency, CMYK, or
    grey values of more than 8 bits.
    """
    mime = _SENT.get(image.format or "", "")
    if not mime:
        return ""  # return before `n_frames`, which reads all frames of a GIF or TIFF and may fail
    still = getattr(image, "n_frames", 1) == 1
    opaque = image.mode in ("1", "L", "P", "RGB") and "transparency" not in image.info
    if not (still and opaque):
        return ""
    try:
        upright = image.getexif().get(_ORIENTATION, 1) == 1
    except _DECODER_ERRORS:
        return ""
    return mime if upright else ""


def _upright(image: Image) -> Image:
    from PIL import ImageOps

    try:
        orientation = image.getexif().get(_ORIENTATION, 1)
    except _DECODER_ERRORS:
        return image
    return image if orientation == 1 else ImageOps.exif_transpose(image)


def _rgb(image: Image, name: str) -> Image:
    if image.mode == "F":
        raise ContentError(f"{name} has floating-point pixels, whose value range is unknown")
    if image.mode.startswith("I"):
        image = _eight_bits(image)
    # Dropping the transparency of a palette is intended; PIL would warn about it.
    image.info.pop("transparency", None)
    return image.convert("RGB")


def _eight_bits(image: Image) -> Image:
    """Reduce grey values of 16 or 32 bits to their 8 highest bits; negative values become 0."""
    import numpy as np
    from PIL import Image

    tags = getattr(image, "tag_v2", {})
    bits = int(tags.get(_BITS, (16,))[0])
    values = np.asarray(image)
    if tags.get(_SAMPLE_FORMAT, (1,))[0] == _SIGNED:
        values, bits = values.clip(min=0), bits - 1
    elif bits == 32:
        values = values.view(np.uint32)
    return Image.fromarray((values >> max(0, bits - 8)).clip(0, 255).astype(np.uint8))


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
