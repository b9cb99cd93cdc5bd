"""Decoding: every kind of image by pixels written out, every kind of damage by its one line."""

import os
import warnings

import numpy as np
import pytest
from PIL import Image

from mmbench.errors import ContentError, SampleError
from mmbench.media import decode_image, read_bytes
from mmbench.types import Media
from tests.support.errors import one_line_error
from tests.support.media.images import image_bytes
from tests.support.paths import real_data

SCENE = np.array(
    [[[255, 0, 0], [0, 255, 0], [0, 0, 255]], [[9, 8, 7], [90, 80, 70], [250, 240, 230]]], np.uint8
)


def pixels(data):
    image = decode_image(data, "x")
    assert image.mode == "RGB"
    assert type(image) is Image.Image
    return np.asarray(image).tolist()


def exif(orientation):
    block = Image.Exif()
    block[0x0112] = orientation
    return block


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "PPM", "TGA", "QOI", "PCX"])
def test_rgb_is_kept(kind):
    assert pixels(image_bytes(SCENE, kind)) == SCENE.tolist()


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_grey_is_repeated_in_three_channels(kind):
    assert pixels(image_bytes(SCENE[..., 0], kind))[1] == [[9] * 3, [90] * 3, [250] * 3]


# Grey of 16 bits keeps its high byte: 0x00ff is still black, 0x0100 is 1, 0x1234 is 0x12.
SIXTEEN = np.array([[0, 255, 256, 257, 0x1234, 65535]], np.uint16)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PPM"])
def test_sixteen_bits_are_scaled_not_clipped(kind):
    found = pixels(image_bytes(SIXTEEN, kind))
    assert [pixel[0] for pixel in found[0]] == [0, 0, 1, 1, 0x12, 255]


def test_big_endian_sixteen_bits():
    data = image_bytes(SIXTEEN, "TIFF", big_endian=True)
    assert [pixel[0] for pixel in pixels(data)[0]] == [0, 0, 1, 1, 0x12, 255]


def test_eight_bit_values_stretched_to_sixteen_come_back():
    values = np.arange(256, dtype=np.uint16)[None] * 257
    assert [p[0] for p in pixels(image_bytes(values, "PNG"))[0]] == list(range(256))


def test_thirty_two_bits_are_scaled_from_their_full_range():
    signed = np.array([[-7, 0, 1 << 23, 1 << 30, (1 << 31) - 1]], np.int32)
    found = pixels(image_bytes(signed, "TIFF"))
    assert [pixel[0] for pixel in found[0]] == [0, 0, 1, 128, 255]


def test_twelve_bits_of_a_pgm():
    # Its header says that 4095 is white.
    assert [p[0] for p in pixels(b"P2 3 1 4095 0 2048 4095")[0]] == [0, 128, 255]


def test_floats_are_refused():
    data = image_bytes(np.zeros((2, 2), np.float32), "TIFF")
    with pytest.raises(ContentError, match=r"^x has floating-point pixels"):
        decode_image(data, "x")


def test_one_bit_is_black_and_white():
    bits = Image.fromarray(np.array([[0, 255]], np.uint8)).convert("1")
    for kind in ("PNG", "TIFF", "BMP", "PPM"):
        assert pixels(image_bytes(bits, kind)) == [[[0] * 3, [255] * 3]]


def palette(indices):
    image = Image.new("P", (len(indices), 1))
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putdata(indices)
    return image


def test_palette():
    for kind in ("PNG", "GIF", "BMP", "TIFF"):
        assert pixels(image_bytes(palette([1, 0, 1]), kind))[0][:2] == [[40, 50, 60], [10, 20, 30]]


@pytest.mark.parametrize("transparency", [0, bytes([0, 128])], ids=["index", "alphas"])
def test_a_transparent_palette_shows_its_colours_without_a_warning(transparency):
    data = image_bytes(palette([1, 0]), "PNG", transparency=transparency)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert pixels(data) == [[[40, 50, 60], [10, 20, 30]]]


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_alpha_is_dropped_not_blended(kind):
    rgba = Image.fromarray(np.array([[[1, 2, 3, 0], [4, 5, 6, 255]]], np.uint8))
    options = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    assert pixels(image_bytes(rgba, kind, **options)) == [[[1, 2, 3], [4, 5, 6]]]


def test_grey_with_alpha():
    la = Image.fromarray(np.array([[[100, 0], [7, 255]]], np.uint8), "LA")
    assert pixels(image_bytes(la, "PNG")) == [[[100] * 3, [7] * 3]]


# Ink: none is white, all cyan leaves no red, black ink is black.
INKS = [[0, 0, 0, 0], [255, 0, 0, 0], [0, 255, 255, 0], [0, 0, 0, 255]]
INKS_RGB = [[255, 255, 255], [0, 255, 255], [255, 0, 0], [0, 0, 0]]


def test_cmyk():
    image = Image.fromarray(np.array([INKS], np.uint8), "CMYK")
    assert pixels(image_bytes(image, "TIFF")) == [INKS_RGB]


@pytest.mark.parametrize(("ink", "rgb"), list(zip(INKS, INKS_RGB, strict=True)))
def test_adobe_jpegs_hold_cmyk_inverted(ink, rgb):
    data = image_bytes(Image.new("CMYK", (16, 16), tuple(ink)), "JPEG", quality=100)
    assert b"Adobe" in data
    assert np.abs(np.array(pixels(data)[8][8]) - rgb).max() <= 2


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_of_an_animation_the_first_frame_counts(kind):
    red, blue = (Image.new("RGB", (8, 8), colour) for colour in ((255, 0, 0), (0, 0, 255)))
    options = {"lossless": True} if kind == "WEBP" else {}
    data = image_bytes(red, kind, save_all=True, append_images=[blue, red], **options)
    assert pixels(data)[4][4] == [255, 0, 0]


# EXIF's definition: on which visual side the stored row 0 and the stored column 0 lie.
SIDES = {
    1: ("top", "left"),
    2: ("top", "right"),
    3: ("bottom", "right"),
    4: ("bottom", "left"),
    5: ("left", "top"),
    6: ("right", "top"),
    7: ("right", "bottom"),
    8: ("left", "bottom"),
}


def upright(stored, orientation):
    """Each stored pixel put where EXIF says that it is seen."""
    rows, columns = stored.shape[:2]
    sides = SIDES[orientation]
    turned = sides[0] in ("left", "right")
    seen = np.zeros((columns, rows, 3) if turned else (rows, columns, 3), np.uint8)
    for row in range(rows):
        for column in range(columns):
            place = {"top": row, "bottom": rows - 1 - row, "left": row, "right": rows - 1 - row}
            across = {
                "left": column,
                "right": columns - 1 - column,
                "top": column,
                "bottom": columns - 1 - column,
            }
            first, second = place[sides[0]], across[sides[1]]
            seen[(second, first) if turned else (first, second)] = stored[row, column]
    return seen.tolist()


@pytest.mark.parametrize("orientation", SIDES)
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_exif_orientation_is_applied_once(kind, orientation):
    options = {"lossless": True} if kind == "WEBP" else {}
    data = image_bytes(SCENE, kind, exif=exif(orientation), **options)
    assert pixels(data) == upright(SCENE, orientation)


@pytest.mark.parametrize("orientation", SIDES)
def test_exif_orientation_of_a_jpeg(orientation):
    stored = np.repeat(np.repeat(SCENE, 16, 0), 16, 1)
    data = image_bytes(
        Image.fromarray(stored), "JPEG", quality=100, subsampling=0, exif=exif(orientation)
    )
    found = np.array(pixels(data))
    assert found.shape == np.array(upright(stored, orientation)).shape
    assert np.abs(found - upright(stored, orientation)).mean() < 5


def test_exif_orientation_of_sixteen_bits():
    data = image_bytes(SIXTEEN, "PNG", exif=exif(6))
    assert [row[0][0] for row in pixels(data)] == [0, 0, 1, 1, 0x12, 255]


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
@pytest.mark.parametrize(
    "block", [b"Exif\0\0garbage", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0"]
)
def test_an_unreadable_exif_block_is_no_orientation(block):
    data = image_bytes(Image.new("RGB", (4, 2), (255, 0, 0)), "JPEG", exif=block)
    assert decode_image(data, "x").size == (4, 2)


def test_an_unknown_orientation_is_none():
    data = image_bytes(SCENE, "PNG", exif=exif(9))
    assert pixels(data) == SCENE.tolist()


def test_real_images_are_those_of_the_reference():
    for file in sorted(real_data("coco-mini/val2017").iterdir())[:20]:
        reference = np.asarray(Image.open(file).convert("RGB"))
        found = decode_image(read_bytes(Media("image", str(file))), file.name)
        assert np.array_equal(np.asarray(found), reference)


def test_bytes_are_read_from_a_path_or_from_a_function(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert read_bytes(Media("image", str(tmp_path / "a"))) == b"abc"
    assert read_bytes(Media("image", "row 3", lambda: b"xyz")) == b"xyz"


def test_an_empty_medium_is_at_fault_itself(tmp_path):
    (tmp_path / "empty.jpg").touch()
    with pytest.raises(ContentError, match=r"empty.jpg is empty"):
        read_bytes(Media("image", str(tmp_path / "empty.jpg")))
    with pytest.raises(ContentError, match=r"^row 3 is empty"):
        read_bytes(Media("image", "row 3", lambda: b""))


def unreadable(media):
    """The message of a SampleError that may go away, so that it must not be remembered."""
    with one_line_error(SampleError) as caught:
        read_bytes(media)
    assert not isinstance(caught.value, ContentError)
    return str(caught.value)


def test_what_cannot_be_read(tmp_path):
    assert "gone.jpg: cannot be read: No such file" in unreadable(
        Media("image", str(tmp_path / "gone.jpg"))
    )
    assert f"{tmp_path}: cannot be read: is a folder, not a regular file" in unreadable(
        Media("image", str(tmp_path))
    )
    assert "'a\\x00b': cannot be read" in unreadable(Media("image", "a\0b"))
    assert "File name too long" in unreadable(Media("image", "a" * 5000))


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    assert "is a pipe, not a regular file" in unreadable(Media("image", str(tmp_path / "pipe.jpg")))


def test_a_file_without_permission(tmp_path):
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    (tmp_path / "locked.jpg").write_bytes(b"x")
    (tmp_path / "locked.jpg").chmod(0)
    assert "locked.jpg: cannot be read: Permission denied" in unreadable(
        Media("image", str(tmp_path / "locked.jpg"))
    )


def test_a_function_that_fails():
    def read():
        raise OSError(5, "Input/output error")

    assert unreadable(Media("image", "row 3", read)).startswith("row 3: cannot be read: Input")


def test_a_name_with_a_line_break_stays_on_one_line(tmp_path):
    (tmp_path / "a\nb.png").touch()
    with pytest.raises(ContentError, match=r"a\\nb\.png' is empty"):
        read_bytes(Media("image", str(tmp_path / "a\nb.png")))
    with pytest.raises(ContentError, match=r"^'a\\nb' is not an image"):
        decode_image(b"hello", "a\nb")
