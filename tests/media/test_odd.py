"""Odd but real sounds and videos: what is there of them is given whole, and no cut passes."""

from __future__ import annotations

import struct
from fractions import Fraction
from io import BytesIO

import av
import numpy as np
import pytest

from mmbench.errors import ContentError
from mmbench.media import count_frames, decode_sound, decode_video
from mmbench.types import Frames
from tests.support.media.sounds import ffmpeg_sound, low_noise, sound_bytes

RATE = 16000
NULL_PACKETS = (b"\x47\x1f\xff\x10" + b"\xff" * 184) * 20_000  # of MPEG-TS: 3.8 MB of nothing
JUNK = [b"\0" * 1000, b"\0", b"\xde\xad\xbe\xef" * 300, b"TAG" + bytes(125)]


def seconds(data: bytes) -> float:
    return len(decode_sound(data, "a", RATE).samples) / RATE


def film(
    n: int, form: str, codec: str, pixels: str = "yuv420p", *, rate: int = 25, sound: float = 0.0,
    muxer: dict[str, str] | None = None, options: dict[str, str] | None = None,
) -> bytes:  # fmt: skip
    """Frames of noise, the same each time, with a silence of so many seconds."""
    stream, random = BytesIO(), np.random.default_rng(5)
    with av.open(stream, "w", format=form, options=muxer or {}) as out:
        track = out.add_stream(codec, rate=rate, options=options or {})
        track.width, track.height, track.pix_fmt = 48, 32, pixels
        heard = [out.add_stream("mp2", rate=48000)] if sound else []
        for _ in range(n):
            picture = random.integers(0, 255, (32, 48, 3), dtype=np.uint8)
            out.mux(track.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(track.encode(None))
        for start in range(0, round(sound * 48000), 1152):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 2304), np.int16), "s16", "stereo")
            frame.rate, frame.pts, frame.time_base = 48000, start, Fraction(1, 48000)
            out.mux([packet for one in heard for packet in one.encode(frame)])
    return stream.getvalue()


# Sounds


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
def test_all_links_of_a_chained_ogg_are_heard(subtype: str) -> None:
    # A chain is one stream after the other (RFC 3533, section 4), each of its own rate and
    # number of channels: web radio begins one with each song. libsndfile decodes the first alone.
    first, second = low_noise(0.5, 48000, 2), low_noise(0.7, RATE)
    data = sound_bytes(first, 48000, "OGG", subtype) + sound_bytes(second, RATE, "OGG", subtype)
    found = decode_sound(data, "a", RATE).samples
    assert len(found) == pytest.approx(1.2 * RATE, abs=2)
    # Its loudest place is that of the second sound.
    late = found[RATE // 2 :]
    assert np.std(late) == pytest.approx(np.std(second), rel=0.05)
    with pytest.raises(ContentError, match=r"^a is truncated: its last page is incomplete$"):
        decode_sound(data[:-50], "a", RATE)


@pytest.mark.parametrize("form", ["WAV", "W64", "AIFF"])
def test_a_codec_without_places_to_seek_to_is_decoded(form: str) -> None:
    # GSM 6.10, as telephones record it: frames of 160 samples, in WAV two of them to a block.
    wave = low_noise(1.0, 8000)
    found = decode_sound(sound_bytes(wave, 8000, form, "GSM610"), "a", 8000).samples
    assert 0 <= len(found) - len(wave) <= 320


def test_whole_numbers_of_64_bits_are_samples() -> None:
    wave = low_noise(0.5, RATE, 2)
    data = ffmpeg_sound(wave, RATE, "wav", "pcm_s64le")
    assert decode_sound(data, "a", RATE).samples == pytest.approx(wave.mean(axis=1), abs=1e-6)


@pytest.mark.parametrize("units", [0, 0xFFFFFFFF, 11025])
@pytest.mark.parametrize("edits", [True, False])
def test_a_wrong_duration_in_an_m4a_takes_nothing_away(units: int, edits: bool) -> None:
    # 0 and all ones stand in the header of a recording that was not finished. The index has all of
    # its frames, and players show them. Only the padding of the last frame cannot be told any more.
    data = bytearray(ffmpeg_sound(low_noise(1.5, 44100), 44100, "ipod", "aac"))
    at = data.find(b"mdhd")
    data[at + 20 : at + 24] = struct.pack(">I", units)
    if not edits:
        at = data.find(b"edts")
        data[at : at + 4] = b"free"
    assert 1.5 <= seconds(bytes(data)) <= 1.5 + 2 * 1024 / 44100


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("subtype", ["PCM_16", "ULAW", "ALAW"])
def test_a_cut_file_of_sphere_is_refused(subtype: str, share: float) -> None:
    # libsndfile writes sample_n_bytes as a text (-s1 1), LDC's tools as a number (-i 1).
    data = sound_bytes(low_noise(1.0, RATE), RATE, "NIST", subtype)
    assert seconds(data) == 1
    with pytest.raises(ContentError, match="is truncated"):
        seconds(data[: int(len(data) * share)])


def test_a_damaged_header_of_sphere_is_no_crash() -> None:
    # What libsndfile makes of it is its own affair; the size of the header is no number here.
    data = sound_bytes(low_noise(0.1, RATE), RATE, "NIST").replace(b"   1024\n", b"   10x4\n")
    assert seconds(data) > 0


@pytest.mark.parametrize("lost", [0.3, 0.1, 0.03, 0.01])
def test_an_mp3_with_too_few_bytes_is_cut_however_little_is_missing(lost: float) -> None:
    # Frames of MP3 last 26 to 72 ms, so that a lost one is less than what decoders may keep back.
    # Its Xing header counts the bytes as well.
    data = sound_bytes(low_noise(1.5, RATE), RATE, "MP3")
    with pytest.raises(
        ContentError, match=r"is truncated: 1?0?\.?\d+ of 1\.50* seconds are present"
    ):
        seconds(data[: int(len(data) * (1 - lost))])


def test_zeros_between_a_tag_and_an_mp3_are_padding() -> None:
    tag = b"ID3\x03\x00\x00\x00\x00\x27\x08" + bytes(5000)
    data = sound_bytes(low_noise(1.5, 44100), 44100, "MP3")
    assert seconds(tag + bytes(3000) + data) == seconds(data)


# Videos


ANIMATED = [("gif", "gif", "rgb8"), ("apng", "apng", "rgb24")]
LIVE = ("webm", "libvpx", "yuv420p")


@pytest.mark.parametrize(("form", "codec", "pixels"), [*ANIMATED, LIVE], ids=lambda one: one)
def test_no_cut_of_an_animation_or_a_live_recording_passes(
    form: str, codec: str, pixels: str
) -> None:
    # None of them tells its length; but a cut tears a block, a chunk or an element.
    data = film(12, form, codec, pixels, muxer={"live": "1"} if form == "webm" else None)
    assert count_frames(data, "a") == 12
    for share in (0.3, 0.5, 0.9, 0.99):
        cut = data[: int(len(data) * share)]
        with pytest.raises(ContentError, match=r"is truncated: its last \w+ is incomplete$"):
            decode_video(cut, "a", Frames(4))


@pytest.mark.parametrize(
    ("form", "codec", "pixels"),
    [*ANIMATED, LIVE, ("flv", "flv", "yuv420p"), ("mpegts", "mpeg2video", "yuv420p")],
    ids=lambda one: one,
)
def test_what_follows_the_end_of_a_video_is_no_part_of_it(
    form: str, codec: str, pixels: str
) -> None:
    data = film(60, form, codec, pixels, muxer={"live": "1"} if form == "webm" else None)
    assert [count_frames(data + junk, "a") for junk in JUNK] == [60] * len(JUNK)


def test_a_stream_that_begins_within_a_recording_is_no_fault() -> None:
    # A broadcast has its second language for a while. PyAV then ends with an IndexError.
    alone = film(30, "mpegts", "mpeg2video")
    with_sound = film(30, "mpegts", "mpeg2video", sound=1.2)
    data = alone + NULL_PACKETS + NULL_PACKETS + with_sound + NULL_PACKETS + alone
    with av.open(BytesIO(data)) as container, pytest.raises(IndexError):
        list(container.demux())
    assert count_frames(data, "a") == 90
    assert len(decode_video(data, "a", Frames(4)).frames) == 4


def test_a_recording_that_was_joined_late_shows_what_follows_its_first_whole_picture() -> None:
    # 60 frames, a whole picture every 12: without the first four, the other eight before the next
    # whole picture cannot be decoded. FFmpeg shows the 48 that are left, and there are no more.
    whole = film(60, "mpegts", "libx264", options={"g": "12", "bf": "0", "sc_threshold": "0"})
    data = whole[len(whole) // 16 // 188 * 188 :]
    with av.open(BytesIO(data)) as container:
        shown = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(shown) == 48 < 0.9 * count_frames(data, "a")
    found = decode_video(data, "a", Frames(8)).frames
    assert (found == np.stack([shown[(2 * i + 1) * 48 // 16] for i in range(8)])).all()


def test_a_picture_that_lasts_for_several_frames_is_a_whole_video() -> None:
    # An AVI counts frames that were dropped, here the second; nothing is there of it.
    data = bytearray(film(1, "avi", "mpeg4", rate=10))
    for header, field in ((b"avih", 16), (b"strh", 32)):  # dwTotalFrames, dwLength
        at = data.find(header) + 8 + field
        data[at : at + 4] = struct.pack("<I", 2)
    with av.open(BytesIO(data)) as container:
        assert container.streams.video[0].frames == 2
    assert count_frames(bytes(data), "a") == 1


@pytest.mark.parametrize(
    "told", [b"00:00:0x.400000000", b"\xff0:00:02.400000000", b"2.4" + b" " * 15]
)
def test_a_duration_that_is_none_is_ignored(told: bytes) -> None:
    data = film(24, "matroska", "libx264", rate=10)
    at = data.rfind(b"00:00:02.")
    assert at > 0
    data = data[:at] + told + data[at + len(told) :]
    assert count_frames(data, "a") == 24
