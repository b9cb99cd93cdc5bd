"""Damaged, hostile and odd bytes: a ContentError of one line that names them, or an image."""

import struct
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile

from mmbench.errors import ContentError
from mmbench.media import decode_image
from tests.support.errors import one_line_error
from tests.support.media.images import image_bytes

SCENE = np.random.default_rng(7).integers(0, 256, (2, 3, 3), np.uint8)
GREY16 = np.arange(60, dtype=np.uint16).reshape(6, 10) * 1000


def turned():
    block = Image.Exif()
    block[0x0112] = 6
    return block


def png(width, height, rows=b""):
    """A 1-bit PNG that claims a size, whatever it holds."""

    def chunk(kind, body):
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head)
    return start + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "AVIF", "JPEG2000"])
def test_half_a_file_is_an_error(kind):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    data = image_bytes(noise, kind)
    with one_line_error(ContentError, match=r"^photo 7 "):
        decode_image(data[: len(data) // 2], "photo 7")


@pytest.mark.parametrize(
    "data", [b"hello", b"<html></html>", b"\0" * 100, b"\xff\xd8\xff", b"%!PS-Adobe-3.0 EPSF-3.0\n"]
)
def test_what_is_no_image(data):
    with pytest.raises(ContentError, match=r"^notes.txt ") as caught:
        decode_image(data, "notes.txt")
    assert "0x" not in str(caught.value)


def test_postscript_is_not_handed_to_an_interpreter():
    with pytest.raises(ContentError, match="is not an image"):
        decode_image(image_bytes(SCENE, "EPS"), "x")


# PIL's limit is 89,478,485 pixels; it warns beyond it and refuses beyond twice that.
@pytest.mark.parametrize("side", [9460, 20_000], ids=["warned about", "refused"])
@pytest.mark.parametrize("action", ["ignore", "error"])
def test_a_bomb_is_an_error_at_both_of_pils_levels(side, action):
    with warnings.catch_warnings():
        warnings.simplefilter(action)
        with pytest.raises(ContentError, match=r"^bomb.png.*bomb"):
            decode_image(png(side, side), "bomb.png")


def test_a_bomb_is_an_error_where_pils_own_limit_is_off(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    with pytest.raises(ContentError, match="100000 x 100000 pixels"):
        decode_image(png(100_000, 100_000), "bomb.png")


def test_a_large_image_within_the_limit_is_decoded():
    assert decode_image(png(8000, 100, b"\0" * 1001 * 100), "x").size == (8000, 100)


def test_no_global_state_of_pil_changes():
    before = (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, list(warnings.filters))
    decode_image(image_bytes(SCENE, "PNG"), "x")
    with pytest.raises(ContentError):
        decode_image(png(20_000, 20_000), "x")
    assert (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, warnings.filters) == before
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


SAMPLES = {
    "png": image_bytes(np.tile(SCENE, (8, 8, 1)), "PNG", exif=turned()),
    "jpeg": image_bytes(np.tile(SCENE, (8, 8, 1)), "JPEG", exif=turned()),
    "progressive": image_bytes(np.tile(SCENE, (8, 8, 1)), "JPEG", progressive=True),
    "grey16": image_bytes(GREY16, "PNG"),
    "gif": image_bytes(Image.fromarray(SCENE).convert("P"), "GIF"),
    "webp": image_bytes(SCENE, "WEBP"),
    "avif": image_bytes(SCENE, "AVIF"),
}


@settings(max_examples=300)
@given(
    st.sampled_from(sorted(SAMPLES)),
    st.integers(0, 4000),
    st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), max_size=6),
)
def test_damage_gives_an_image_or_a_content_error(kind, length, changes):
    data = bytearray(SAMPLES[kind][: length or None])
    for place, value in changes:
        data[place % len(data)] = value
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            assert decode_image(bytes(data), "x").mode == "RGB"
        except ContentError as error:
            assert str(error).startswith(("x: ", "x "))
            assert "\n" not in str(error)


def decode(data):
    return decode_image(data, "x").tobytes()


def test_several_threads_decode_what_one_does():
    every = list(SAMPLES.values()) * 10
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(decode, every))
    assert found == [decode(data) for data in every]
