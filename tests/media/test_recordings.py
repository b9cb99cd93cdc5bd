"""Parts of recordings: the same samples as in the whole recording, without decoding all of it."""

from __future__ import annotations

import struct
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from mmbench.errors import SampleError
from mmbench.media import decode_sound, read_bytes
from mmbench.media.inside import MediaInFile
from mmbench.media.recordings import RecordingParts, cut, refuse_other_duration
from mmbench.media.sound import decode_recording
from mmbench.storage.content_keys import ContentKeys
from mmbench.storage.media_places import media_place, read_place
from mmbench.types import Media, PlaceInFile
from tests.support.media.sounds import ffmpeg_sound, low_noise, sound_bytes, wav

RATE = 8000
NOISE = low_noise(4, RATE, 2)
FORMATS = [
    *(("WAV", one) for one in ("PCM_16", "PCM_24", "PCM_U8", "FLOAT", "DOUBLE", "ULAW")),
    *(("WAV", "IMA_ADPCM"), ("RF64", "PCM_16"), ("W64", "PCM_16"), ("AIFF", "PCM_16")),
    *(("AU", "PCM_16"), ("CAF", "ALAC_16"), ("FLAC", "PCM_16"), ("FLAC", "PCM_24")),
    *(("OGG", "VORBIS"), ("OGG", "OPUS")),
]


def part(file: Path, start: float, seconds: float | None, channel: int | None = None) -> Media:
    place = PlaceInFile(start=start, seconds=seconds, channel=channel)
    return Media("audio", f"part of {file}", MediaInFile(RecordingParts(file, [place]), 0))


def samples_of(data: bytes) -> np.ndarray:
    samples, rate = soundfile.read(BytesIO(data), dtype="float32", always_2d=True)
    assert rate == RATE
    return samples


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("recordings")
    for form, subtype in FORMATS:
        (root / f"{form}-{subtype}").write_bytes(sound_bytes(NOISE, RATE, form, subtype))
    return root


@pytest.mark.parametrize(("form", "subtype"), FORMATS)
def test_a_part_has_the_samples_of_the_whole(folder: Path, form: str, subtype: str) -> None:
    file = folder / f"{form}-{subtype}"
    whole = samples_of(file.read_bytes())
    for first, last in ((0, 5), (1, len(whole)), (9001, 17003), (len(whole) - 3, len(whole))):
        found = samples_of(read_bytes(part(file, first / RATE, (last - first) / RATE)))
        assert np.array_equal(found, whole[first:last])
    second = samples_of(read_bytes(part(file, 2.0, None, channel=1)))
    assert np.array_equal(second[:, 0], whole[16000:, 1])


WHOLE = [
    ("WAV", lambda: sound_bytes(NOISE[:, :1], RATE, "WAV", "GSM610")),
    ("m4a", lambda: ffmpeg_sound(NOISE, RATE, "ipod", "aac")),
    ("chained", lambda: 2 * sound_bytes(NOISE[:16000], RATE, "OGG", "VORBIS")),
    ("mp3", lambda: sound_bytes(NOISE, RATE, "MP3")),
    ("pipe", lambda: ffmpeg_sound(NOISE, RATE, "mp3", "libmp3lame", {"write_xing": "0"})),
]


@pytest.mark.parametrize(("name", "content"), WHOLE)
def test_other_recordings_are_decoded_once(
    tmp_path: Path, name: str, content: Callable[[], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / name
    file.write_bytes(content())
    decoded = []

    def decode(data: bytes, where: str) -> object:
        decoded.append(where)
        return decode_recording(data, where)

    monkeypatch.setattr("mmbench.media.recordings.opening.decode_recording", decode)
    expected = decode_sound(file.read_bytes(), name, RATE).samples
    for start in (0, 9001, 20000):
        found = samples_of(read_bytes(part(file, start / RATE, 0.5)))
        assert np.array_equal(found[:, 0], expected[start : start + 4000])
    assert decoded == [str(file)]
    with pytest.raises(SampleError, match="no single channel is read from this format"):
        read_bytes(part(file, 0, 1, channel=0))


def test_a_part_of_a_huge_recording_is_read_alone(tmp_path: Path) -> None:
    file, rate, seconds = tmp_path / "day.wav", 16000, 24 * 3600
    size = 2 * rate * seconds
    head = (b"RIFF", size + 36, b"WAVE", b"fmt ", 16, 1, 1, rate, 2 * rate, 2, 16, b"data", size)
    with file.open("wb") as stream:
        stream.write(struct.pack("<4sI4s4sIHHIIHH4sI", *head))
        stream.seek(44 + 2 * 60_000 * rate)
        stream.write(np.arange(rate, dtype="<i2").tobytes())
        stream.truncate(44 + size)
    before = bytes_read()
    data = read_bytes(part(file, 60_000, 1.0))
    assert bytes_read() - before < 1 << 20
    assert np.array_equal(np.frombuffer(data[44:], "<i2"), np.arange(rate))
    assert data == sound_bytes(np.arange(rate, dtype=np.int16), rate)  # a usual WAV file


def bytes_read() -> int:
    return int(Path("/proc/self/io").read_text().split("rchar: ")[1].split()[0])


@given(
    ranges=st.lists(st.tuples(st.integers(0, 31_998), st.integers(1, 200)), min_size=2, max_size=6)
)
def test_keys_are_equal_where_the_samples_are(folder: Path, ranges: list[tuple[int, int]]) -> None:
    file = folder / "FLAC-PCM_16"
    whole = samples_of(file.read_bytes())
    ranges = [(first, min(n, len(whole) - first)) for first, n in ranges]
    places = [PlaceInFile(start=first / RATE, seconds=n / RATE) for first, n in ranges]
    parts = RecordingParts(file, places)
    media = [Media("audio", f"{at}", MediaInFile(parts, at)) for at in range(len(places))]
    with ContentKeys(folder) as keys:
        found = [keys.key(medium) for medium in media]
        assert found == [keys.key(part(file, a / RATE, n / RATE)) for a, n in ranges]
        assert keys.key(Media("audio", str(file))) not in found
    for at, (first, n) in enumerate(ranges):
        for other, (begin, m) in enumerate(ranges):
            same = np.array_equal(whole[first : first + n], whole[begin : begin + m])
            assert (found[at] == found[other]) == same


def test_float_parts_do_not_depend_on_the_time_of_writing(folder: Path) -> None:
    data = read_bytes(part(folder / "WAV-FLOAT", 1, 1))
    assert b"PEAK" not in data


@pytest.mark.parametrize(
    ("start", "seconds", "channel", "words"),
    [
        (4.0, 1.0, None, "the part is not within the recording, which lasts 4.00 s"),
        (3.0, 1.6, None, "the part is not within the recording, which lasts 4.00 s"),
        (1.0, 0.00001, None, "the part has no samples"),
        (1.0, 1.0, 2, "no channel 2; the channels are 0 to 1"),
    ],
)
def test_parts_that_do_not_fit(
    folder: Path, start: float, seconds: float, channel: int | None, words: str
) -> None:
    file = folder / "WAV-PCM_16"
    with pytest.raises(SampleError, match=f"part of .*: cannot be read: {words}"):
        read_bytes(part(file, start, seconds, channel))


def test_a_part_may_overshoot_the_end_by_half_a_second(folder: Path) -> None:
    found = samples_of(read_bytes(part(folder / "WAV-PCM_16", 3.0, 1.5)))
    assert len(found) == RATE


def test_a_truncated_recording_has_its_first_parts(tmp_path: Path) -> None:
    file = tmp_path / "a.flac"
    data = sound_bytes(np.random.default_rng(0).normal(size=4 * RATE) / 9, RATE, "FLAC")
    file.write_bytes(data[: len(data) // 2])
    expected = samples_of(data)[: RATE // 2]
    assert np.array_equal(samples_of(read_bytes(part(file, 0, 0.5))), expected)
    with pytest.raises(
        SampleError, match=r"part of .*: cannot be read: its samples cannot be decoded"
    ):
        read_bytes(part(file, 1.5, 2.0))


def test_a_failed_part_leaves_the_others(tmp_path: Path, folder: Path) -> None:
    file = folder / "WAV-PCM_16"
    ranges = [(0.0, 1.0), (9.0, 1.0), (1.0, 1.0)]
    places = [PlaceInFile(start=start, seconds=seconds) for start, seconds in ranges]
    parts = RecordingParts(file, places)
    media = [Media("audio", str(at), MediaInFile(parts, at)) for at in range(3)]
    with ContentKeys(tmp_path) as keys:
        found, failures = keys.keys(media)
    assert list(failures) == [1] and "which lasts 4.00 s" in failures[1]
    assert len({bytes(key) for key in found}) == 3


def test_a_recording_that_was_changed_or_is_missing(tmp_path: Path) -> None:
    file = tmp_path / "a.wav"
    missing = part(file, 0, 1)
    with pytest.raises(SampleError, match="No such file"):
        read_bytes(missing)
    file.write_bytes(wav(n=32000))
    medium = part(file, 0, 1)
    file.write_bytes(wav(n=16000))
    with pytest.raises(SampleError, match="was changed after it was opened"):
        read_bytes(medium)


def test_the_stored_place_of_a_part(folder: Path) -> None:
    medium = part(folder / "FLAC-PCM_24", 1.25, 0.5, channel=1)
    place = media_place(medium)
    assert place.path == str(folder / "FLAC-PCM_24")
    assert read_place(place) == read_bytes(medium)
    with pytest.raises(SampleError, match="more than 100 bytes"):
        read_place(place, most=100)


@pytest.mark.parametrize(("form", "subtype"), FORMATS)
def test_a_declared_duration(folder: Path, form: str, subtype: str) -> None:
    file = str(folder / f"{form}-{subtype}")
    for seconds in (4.0, 3.6, 4.4):
        refuse_other_duration(Media("audio", file, seconds=seconds))
    for seconds in (3.0, 9.0):
        with pytest.raises(SampleError, match=rf"lasts 4.\d\d s, but the data say {seconds:.2f} s"):
            refuse_other_duration(Media("audio", file, seconds=seconds))


def test_declared_durations_of_other_files(tmp_path: Path) -> None:
    results = {}
    for name, content in WHOLE:
        file = tmp_path / name
        file.write_bytes(content())
        try:
            refuse_other_duration(Media("audio", str(file), seconds=1.0))
        except SampleError as error:
            results[name] = str(error)
    assert set(results) == {
        "WAV",
        "m4a",
        "chained",
        "mp3",
    }  # the other MP3 does not state its duration
    (tmp_path / "text").write_text("no audio")
    refuse_other_duration(Media("audio", str(tmp_path / "text"), seconds=1.0))


def test_a_key_needs_the_declared_duration(tmp_path: Path) -> None:
    file = tmp_path / "a.wav"
    file.write_bytes(wav(n=32000))
    with ContentKeys(tmp_path) as keys:
        plain = keys.key(Media("audio", str(file)))
        assert keys.key(Media("audio", str(file), seconds=2.0)) == plain
        with pytest.raises(SampleError, match=r"but the data say 7\.00 s"):
            keys.key(Media("audio", str(file), seconds=7.0))


def test_cut_reads_an_open_file(folder: Path) -> None:
    with (folder / "WAV-PCM_16").open("rb") as stream:
        first = cut(stream, PlaceInFile(start=1.0, seconds=1.0), "a")
        assert cut(stream, PlaceInFile(start=1.0, seconds=1.0), "a") == first
