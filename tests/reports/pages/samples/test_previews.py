"""Small copies of media for pages: the formats that browsers show, thumbnails, recoded videos."""

from io import BytesIO

import av
import numpy as np
import pytest
from PIL import Image

from mmbench.errors import ContentError
from mmbench.media import count_frames, decode_video
from mmbench.media.endings import WEB_TYPES, web_ending
from mmbench.reports.pages.samples.previews import decode_preview, shrink, to_webm
from mmbench.types import Frames
from tests.support.media.images import image_bytes, noise_image, plain_image
from tests.support.media.sounds import low_noise, sound_bytes, wav
from tests.support.media.videos import numbered_video

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.mark.parametrize(
    ("form", "ending"),
    [
        *(("JPEG", ".jpg"), ("PNG", ".png"), ("GIF", ".gif"), ("WEBP", ".webp")),
        *(("AVIF", ".avif"), ("BMP", ".bmp"), ("TIFF", ""), ("PPM", ""), ("JPEG2000", "")),
    ],
)
def test_the_ending_of_an_image_follows_its_bytes(form: str, ending: str) -> None:
    assert web_ending(image_bytes(noise_image(), form), "image") == ending


@pytest.mark.parametrize("modality", ["image", "audio", "video", "text"])
@pytest.mark.parametrize("data", [SVG, b"", b"<html>", b"\xff", b"\xff\xd8", b"RIFF1234AVI "])
def test_other_bytes_have_no_ending(data: bytes, modality: str) -> None:
    assert web_ending(data, modality) == ""


@pytest.mark.parametrize(
    ("form", "ending"), [("FLAC", ".flac"), ("OGG", ".ogg"), ("MP3", ".mp3"), ("AIFF", "")]
)
def test_the_ending_of_a_sound_follows_its_bytes(form: str, ending: str) -> None:
    assert web_ending(sound_bytes(low_noise(0.2, 16000), 16000, form), "audio") == ending


def test_the_ending_of_a_container_follows_the_modality() -> None:
    assert web_ending(wav(), "audio") == ".wav"
    assert web_ending(numbered_video(4), "video") == ".mp4"
    assert web_ending(numbered_video(4), "audio") == ".m4a"
    assert set(WEB_TYPES) >= {".mp4", ".m4a", ".webm"}


def test_an_image_shrinks_in_proportion_and_is_never_enlarged() -> None:
    wide = plain_image((200, 10, 10), (640, 160))
    assert Image.open(BytesIO(shrink(wide, 256))).size == (256, 64)
    assert wide.size == (640, 160)
    assert Image.open(BytesIO(shrink(plain_image(0, (20, 10)), 256))).size == (20, 10)


def test_a_preview_is_upright() -> None:
    rotated = Image.Exif()
    rotated[0x0112] = 6
    data = image_bytes(plain_image(0, (40, 20)), "JPEG", exif=rotated)
    assert decode_preview(data, "a.jpg", "image").size == (20, 40)


def test_a_preview_of_a_video_is_its_middle_frame() -> None:
    data = numbered_video(9)
    middle = decode_video(data, "a.mp4", Frames(1)).frames[0]
    np.testing.assert_array_equal(np.asarray(decode_preview(data, "a.mp4", "video")), middle)


@pytest.mark.parametrize(("data", "modality"), [(SVG, "image"), (b"no video", "video")])
def test_unreadable_media_raise_the_errors_of_the_decoders(data: bytes, modality: str) -> None:
    with pytest.raises(ContentError, match=r"^a"):
        decode_preview(data, "a", modality)


@pytest.mark.parametrize(("n", "codec"), [(12, "rawvideo"), (1, "mpeg4")])
def test_a_recoded_video_has_the_frames_and_the_length_of_the_original(n: int, codec: str) -> None:
    data = numbered_video(n, "avi", codec, size=(40, 64))
    copy = to_webm(data, "a.avi", 32)
    assert web_ending(copy, "video") == ".webm"
    with av.open(BytesIO(copy)) as container:
        (stream,) = container.streams
        assert (stream.codec_context.name, stream.width, stream.height) == ("vp8", 32, 20)
    assert count_frames(copy, "a") == n
    clips = [decode_video(one, "a", Frames(n)) for one in (data, copy)]
    assert clips[1].seconds[-1] == pytest.approx(clips[0].seconds[-1], abs=0.02)
    before, after = (clip.frames[:, -8:].mean(axis=(1, 2, 3)) for clip in clips)
    np.testing.assert_allclose(after, before, atol=12)
