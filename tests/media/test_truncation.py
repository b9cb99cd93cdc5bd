"""Whole files of every container pass; the same files, cut anywhere, are refused and say why."""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import cache
from io import BytesIO
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmbench.errors import ContentError
from mmbench.media import decode_sound
from tests.support.media.sounds import ffmpeg_sound, low_noise, moov_in_front, sound_bytes

RATE = 16000
SECONDS = 1.5
ID3 = b"ID3\x03\x00\x00\x00\x00\x27\x08" + bytes(5000)  # a tag of 39 · 128 + 8 = 5,000 bytes

# How many seconds more than were encoded a file may have: what its encoder adds to fill its last
# frame, and at the start where the container has no place to say how much that is.
EXACT, FRAMED, UNTOLD = 0.0, 0.08, 0.15
SNDFILE = {
    **dict.fromkeys(["WAV", "WAVEX", "RF64", "AIFF", "AU", "W64", "CAF", "NIST"], EXACT),
    **dict.fromkeys(["SVX", "VOC", "FLAC", "MP3"], EXACT),
}
FFMPEG = {
    ("mp3", "libmp3lame"): EXACT,
    ("ipod", "aac"): EXACT,
    ("mov", "alac"): EXACT,
    ("webm", "libopus"): EXACT,
    ("matroska", "aac"): FRAMED,
    ("matroska", "pcm_s16le"): EXACT,
    ("asf", "wmav2"): UNTOLD,
    ("flv", "aac"): UNTOLD,
    ("avi", "pcm_s16le"): EXACT,
    ("avi", "libmp3lame"): UNTOLD,
    ("caf", "alac"): EXACT,
    ("ogg", "libopus"): EXACT,
    ("ogg", "flac"): EXACT,
    ("wav", "adpcm_ms"): FRAMED,
    ("tta", "tta"): EXACT,
    ("wv", "wavpack"): EXACT,
}
ALL = [*SNDFILE, *FFMPEG]


@cache
def made(form: str | tuple[str, str]) -> bytes:
    if isinstance(form, str):
        return sound_bytes(low_noise(SECONDS, RATE), RATE, form)
    rate = 44100 if form[0] == "flv" else RATE  # Flash video has three rates
    return ffmpeg_sound(low_noise(SECONDS, rate, 1), rate, *form)


def seconds(data: bytes, name: str = "a") -> float:
    return len(decode_sound(data, name, RATE).samples) / RATE


@pytest.mark.parametrize("form", ALL, ids=str)
def test_a_whole_file_passes_and_lasts_as_long_as_what_was_encoded(form: str) -> None:
    more = (SNDFILE | FFMPEG)[form]
    assert SECONDS - more - 0.001 <= seconds(made(form)) <= SECONDS + more + 0.001


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("form", ALL, ids=str)
def test_a_file_that_was_cut_is_refused(form: str, share: float) -> None:
    data = made(form)
    with pytest.raises(ContentError, match=r"^a .*truncated.*\S are present|is incomplete\)?$"):
        seconds(data[: int(len(data) * share)])


# A cut this close to the end may leave all of the sound, and take an index or tags alone.
@settings(max_examples=60)
@given(st.sampled_from(ALL), st.floats(0.02, 0.94))
def test_no_cut_of_a_file_passes(form: str, share: float) -> None:
    data = made(form)
    with pytest.raises(ContentError):
        seconds(data[: int(len(data) * share)])


@pytest.mark.parametrize(
    ("form", "there"),
    [
        ("WAV", "0.7 of 1.5"),
        ("AIFF", "0.7 of 1.5"),
        ("W64", "0.7 of 1.5"),
        ("FLAC", r"0\.[5-7] of 1.5"),
    ],
)
def test_the_message_says_how_much_is_there(form: str, there: str) -> None:
    # Half of 1.5 s, less the header; of FLAC the frames that are whole.
    data = made(form)
    with pytest.raises(ContentError, match=rf"^half is truncated: {there} seconds are present$"):
        seconds(data[: len(data) // 2], "half")


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100, 48000])
@pytest.mark.parametrize("channels", [1, 2])
def test_an_mp3_is_measured_by_its_xing_header_at_any_rate(rate: int, channels: int) -> None:
    # The side information in front of the header has another size for each version and for mono.
    data = sound_bytes(low_noise(SECONDS, rate, channels), rate, "MP3")
    assert seconds(data) == pytest.approx(SECONDS, abs=0.001)
    with pytest.raises(ContentError, match=r"is truncated: .* of 1\.5 seconds are present"):
        seconds(data[: len(data) // 2])


def with_vbri(data: bytes) -> bytes:
    """The MP3 with Fraunhofer's header in place of Xing's: 36 bytes in, frames at 14."""
    at = max(data.find(b"Xing"), data.find(b"Info"))
    frames, size = data[at + 8 : at + 12], data[at + 12 : at + 16]
    frame = data.rfind(b"\xff", 0, at)
    head = b"VBRI" + bytes(6) + size + frames
    cleared = data[: frame + 4] + bytes(at + 200 - frame - 4) + data[at + 200 :]
    return cleared[: frame + 36] + head + cleared[frame + 36 + len(head) :]


def test_an_mp3_is_measured_by_a_vbri_header() -> None:
    data = with_vbri(sound_bytes(low_noise(SECONDS, 44100, 2), 44100, "MP3"))
    # Such a header tells no padding: all samples of all frames stay.
    assert SECONDS <= seconds(data) <= SECONDS + 0.15
    with pytest.raises(ContentError, match="is truncated"):
        seconds(data[: len(data) // 2])


def counting_the_header(data: bytes) -> bytes:
    """An MP3 whose Xing header counts the frame that it stands in, as some encoders do."""
    at = max(data.find(b"Xing"), data.find(b"Info")) + 8
    (frames,) = struct.unpack(">I", data[at : at + 4])
    return data[:at] + struct.pack(">I", frames + 1) + data[at + 4 :]


def without_xing() -> bytes:
    muxer = {"write_xing": "0", "id3v2_version": "0"}
    return ffmpeg_sound(low_noise(SECONDS, 44100, 2), 44100, "mp3", "libmp3lame", muxer)


@pytest.mark.parametrize(
    ("make", "more"),
    [
        (lambda: counting_the_header(made("MP3")), 0.08),  # up to a frame of 36 ms, and its padding
        (without_xing, 0.08),
        (lambda: ID3 + made("MP3"), 0),
        (lambda: ID3 + made("FLAC"), 0),
        (lambda: ID3 + made("WAV"), 0),
        (lambda: made("MP3") + b"TAG" + bytes(125), 0),  # ID3v1
        (lambda: made("FLAC") + b"TAG" + bytes(125), 0),
        (lambda: made("WAV") + b"LIST\x04\0\0\0INFO", 0),
        (lambda: made("WAV") + b"\0\xffjunk" * 9, 0),
        (lambda: made("AIFF") + b"NAME\0\0\0\x02hi", 0),
        (lambda: made(("ipod", "aac")) + b"\0\0\0\x10freejunkjunk", 0),
    ],
    ids=[
        "xing-counts-itself", "no-xing", "id3-mp3", "id3-flac", "id3-wav", "id3v1-mp3",
        "id3v1-flac", "list", "garbage", "name", "free",
    ],
)  # fmt: skip
def test_odd_but_whole_files_pass(make: Callable[[], bytes], more: float) -> None:
    assert SECONDS - 0.001 <= seconds(make()) <= SECONDS + more + 0.001


def sized(data: bytes, at: int, size: int, order: str = "<I") -> bytes:
    field = struct.pack(order, size)
    return data[:at] + field + data[at + len(field) :]


DATA = {form: made(form).find(mark) for form, mark in [("WAV", b"data"), ("W64", b"data\xf3")]}
STREAMED = {
    # FFmpeg writes all ones into a pipe, SoX 0x7FFFF000, arecord 0x80000000, others 0.
    **{f"wav-{n:x}": ("WAV", 4, n, "<I") for n in (0, 0xFFFFFFFF, 0x7FFFF000, 0x80000000)},
    # The size of a chunk of W64 includes its 24 bytes of head.
    **{f"w64-{n:x}": ("W64", 16, n, "<Q") for n in (0, 24, 2**63 - 1, 2**64 - 1)},
}


@pytest.mark.parametrize("whole_too", [False, True], ids=["data", "riff-and-data"])
@pytest.mark.parametrize("case", STREAMED)
def test_a_sound_from_a_pipe_lasts_to_the_end_of_the_file(case: str, whole_too: bool) -> None:
    form, at, size, order = STREAMED[case]
    data = sized(made(form), DATA[form] + at, size, order)
    if whole_too:
        data = sized(data, at, size, order)
    assert seconds(data) == SECONDS


def test_silence_from_a_pipe_is_no_empty_sound() -> None:
    data = sound_bytes(np.zeros(RATE), RATE)
    assert seconds(sized(data, data.find(b"data") + 4, 0)) == 1


@pytest.mark.parametrize("behind", [b"", b"LIST\x04\0\0\0INFO"], ids=["nothing", "list"])
def test_a_wav_without_samples_is_empty_whatever_comes_behind(behind: bytes) -> None:
    with pytest.raises(ContentError, match=r"^a has no audio samples$"):
        seconds(sound_bytes(np.zeros(0), RATE) + behind)


def test_other_files_from_a_pipe_last_to_the_end() -> None:
    flac = bytearray(made("FLAC"))
    flac[21] &= 0xF0  # the 36 bits of STREAMINFO's number of samples: 0 is unknown (RFC 9639)
    flac[22:26] = bytes(4)
    aiff, au, caf, rf64 = (made(form) for form in ("AIFF", "AU", "CAF", "RF64"))
    files = [
        bytes(flac),
        sized(aiff, aiff.find(b"SSND") + 4, 0, ">I"),
        sized(au, 8, 0, ">I"),
        sized(au, 8, 0xFFFFFFFF, ">I"),
        sized(caf, caf.find(b"data") + 4, 2**64 - 1, ">Q"),
        sized(rf64, rf64.find(b"ds64") + 16, 0, "<Q"),
    ]
    assert [seconds(data) for data in files] == [SECONDS] * len(files)


@pytest.mark.parametrize("extra", [36, 44])
def test_a_wav_that_counts_its_header_as_samples_is_whole(extra: int) -> None:
    data = made("WAV")
    at = DATA["WAV"] + 4
    assert seconds(sized(data, at, len(data) - at - 4 + extra)) == SECONDS


def test_a_recording_of_a_browser_has_no_length() -> None:
    # The segment of a live WebM is of unknown size, and there is no duration.
    data = ffmpeg_sound(low_noise(SECONDS, 48000, 2), 48000, "webm", "libopus", {"live": "1"})
    assert seconds(data) == pytest.approx(SECONDS, abs=0.001)


def test_an_ogg_without_the_mark_of_its_end_is_whole() -> None:
    # As a recording of a broadcast: pages are whole, none has the flag 4. Its CRC is made again.
    data = bytearray(made(("ogg", "libopus")))
    at = data.rfind(b"OggS")
    assert data[at + 5] & 4
    data[at + 5] &= ~4
    data[at + 22 : at + 26] = bytes(4)
    crc = 0
    for byte in data[at:]:
        crc ^= byte << 24
        for _ in range(8):
            crc = crc << 1 ^ (0x04C11DB7 if crc & 0x80000000 else 0)
    data[at + 22 : at + 26] = struct.pack("<I", crc & 0xFFFFFFFF)
    assert seconds(bytes(data)) == pytest.approx(SECONDS, abs=0.05)


def test_an_m4a_with_its_index_in_front_tells_the_seconds(tmp_path: Path) -> None:
    data = moov_in_front(made(("ipod", "aac")), str(tmp_path / "a.m4a"))
    assert seconds(data) == pytest.approx(SECONDS, abs=0.001)
    with pytest.raises(ContentError, match=r"^a is truncated: 0\.[67] of 1\.[45] seconds are"):
        seconds(data[: len(data) // 2])


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_fragmented_m4a_is_cut_within_a_fragment(share: float) -> None:
    muxer = {"movflags": "frag_keyframe+empty_moov", "frag_duration": "300000"}
    data = ffmpeg_sound(low_noise(SECONDS, RATE), RATE, "mp4", "aac", muxer)
    assert seconds(data) == pytest.approx(SECONDS, abs=0.15)
    with pytest.raises(ContentError, match="is truncated: its last part is incomplete"):
        seconds(data[: int(len(data) * share)])


def test_ffmpeg_alone_would_pass_a_half() -> None:
    """Why the check exists: FFmpeg decodes what is there, without an error."""
    data = made(("matroska", "aac"))
    with av.open(BytesIO(data[: len(data) // 2])) as container:
        there = sum(frame.samples for frame in container.decode(audio=0)) / RATE
    assert there == pytest.approx(SECONDS / 2, abs=0.15)
