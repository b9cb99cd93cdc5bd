"""From the encoded bytes of an image to the picture in them.

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

if TYPE_CHECKING:
    from PIL.Image import Image

# PIL's own limit, a quarter of a gibibyte at three bytes a pixel; PIL only warns up to twice this.
MAX_PIXELS = 1024**3 // 4 // 3

# Raster formats. PIL knows more: among them EPS, which it hands to another program to execute.
FORMATS = (
    *("JPEG", "MPO", "PNG", "WEBP", "AVIF", "GIF", "BMP", "DIB", "TIFF", "JPEG2000"),
    *("PPM", "TGA", "ICO", "PCX", "QOI"),
)

# What PIL's decoders raise on bytes that are not what they claim to be.
_DECODER_ERRORS = (
    *(OSError, EOFError, SyntaxError, ValueError, TypeError, AttributeError, LookupError),
    *(ArithmeticError, RuntimeError, struct.error, zlib.error),
)

# Formats that every endpoint knows.
_SENT = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}

_ORIENTATION, _BITS, _SAMPLE_FORMAT = 0x0112, 258, 339  # tags of EXIF and TIFF
_SIGNED = 2  # value of the tag SampleFormat


def decode_image(data: bytes, name: str) -> Image:
    """The picture in encoded bytes, upright, as a plain PIL image in mode RGB.

    The reference is `PIL.Image.open(f).convert("RGB")`, as in CLIP_benchmark (datasets/flickr.py)
    and VSE++ (data.py): alpha is dropped, not blended (a transparent pixel shows its stored
    colour), CMYK is converted without its colour profile, of an animation the first frame counts.
    Two things differ from it because it has them wrong: an EXIF orientation is applied, and grey
    values of more than 8 bits keep their 8 highest where PIL cuts off at 255. An EXIF block that
    cannot be read says nothing about orientation.

    Raises ContentError, naming `name`, for what is no image, is cut short, has more than
    `MAX_PIXELS` pixels, or floating-point pixels, which have no range to scale from; SampleError
    when the memory runs out.
    """
    return _decoded(data, name)[0]


def decode_encoded(data: bytes, name: str) -> EncodedImage:
    """The picture in encoded bytes, as `decode_image` gives it, together with the bytes.

    Raises what `decode_image` raises.
    """
    pixels, mime = _decoded(data, name)
    return EncodedImage(pixels, data, mime)


def _decoded(data: bytes, name: str) -> tuple[Image, str]:
    """The picture, and the type of the bytes where every decoder sees this picture in them."""
    from PIL import Image, UnidentifiedImageError

    name = printable_name(name)
    try:
        image = Image.open(BytesIO(data), formats=_formats())
        _refuse_bomb(image, name)
        image.load()
        # Again: an icon and some other formats tell their size only now.
        _refuse_bomb(image, name)
        mime = _plain_type(image)
        return _rgb(_upright(image), name), mime
    except UnidentifiedImageError as error:
        raise ContentError(
            f"{name}: is not an image, or of none of the formats {', '.join(FORMATS)}"
        ) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ContentError(f"{name}: {_one_line(error)}") from error
    except MemoryError as error:
        raise SampleError(f"{name}: no memory is left to decode it") from error
    except _DECODER_ERRORS as error:
        raise ContentError(f"{name}: cannot be decoded: {_one_line(error)}") from error


def square(image: Media, size: int) -> Media:
    """The largest square in the middle of an image, scaled to size x size pixels, as PNG.

    Bicubic, with Pillow's filter that widens where it shrinks. It is read and decoded when its
    bytes are, which raises what `read_bytes` and `decode_image` raise.
    """
    return Media("image", f"{image.name} at {size} px", partial(_square, image, size))


def _square(image: Media, size: int) -> bytes:
    from PIL import ImageOps
    from PIL.Image import Resampling

    stream = BytesIO()
    decoded = decode_image(read_bytes(image), image.name)
    ImageOps.fit(decoded, (size, size), Resampling.BICUBIC).save(stream, "PNG")
    return stream.getvalue()


@cache
def _formats() -> tuple[str, ...]:
    """Those of FORMATS that this build of PIL can read."""
    from PIL import Image

    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def _refuse_bomb(image: Image, name: str) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise ContentError(
            f"{name}: has {image.width} x {image.height} pixels, more than the {MAX_PIXELS} that"
            " are decoded (a decompression bomb?)"
        )


def _plain_type(image: Image) -> str:
    """The MIME type of an image in which decoders cannot see different things, else "".

    Decoders differ in what they make of an orientation, further frames, transparency, CMYK, and
    more than 8 bits of grey.
    """
    mime = _SENT.get(image.format or "", "")
    if not mime:
        return ""  # nor are the further frames of a GIF or a TIFF looked for, which may be damaged
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
        raise ContentError(f"{name}: has floating-point pixels, which have no range to scale from")
    if image.mode.startswith("I"):
        image = _eight_bits(image)
    # PIL warns when it drops the transparency of a palette, which is what is wanted here.
    image.info.pop("transparency", None)
    return image.convert("RGB")


def _eight_bits(image: Image) -> Image:
    """Grey values of 16 or 32 bits, by their 8 highest bits; what is below zero is black."""
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
