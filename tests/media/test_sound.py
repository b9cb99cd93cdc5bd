"""Sounds of every sort to samples at one rate; what is no sound says so."""

from __future__ import annotations

from io import BytesIO

import av
import numpy as np
import pytest
import soundfile

from mmbench.errors import ContentError
from mmbench.media import decode_sound
from tests.support.paths import real_data

RATE = 16000


def tone(rate: int, seconds: float = 1.0, pitch: float = 440) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * pitch * np.arange(int(rate * seconds)) / rate)


def written(samples: np.ndarray, rate: int, form: str = "WAV", subtype: str = "PCM_16") -> bytes:
    stream = BytesIO()
    soundfile.write(stream, samples, rate, format=form, subtype=subtype)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("form", "subtype", "near"),
    [
        ("WAV", "PCM_U8", 0.01),
        ("WAV", "PCM_16", 1e-4),
        ("WAV", "PCM_24", 1e-6),
        ("WAV", "PCM_32", 1e-6),
        ("WAV", "FLOAT", 1e-6),
        ("WAV", "DOUBLE", 1e-6),
        ("WAV", "ULAW", 0.02),
        ("FLAC", "PCM_16", 1e-4),
        ("OGG", "VORBIS", 0.05),
        ("OGG", "OPUS", 0.05),
        ("MP3", "MPEG_LAYER_III", 0.05),
    ],
)
def test_samples_are_those_that_were_written(form: str, subtype: str, near: float) -> None:
    found = decode_sound(written(tone(RATE), RATE, form, subtype), "a", RATE)
    assert found.rate == RATE
    assert found.samples.dtype == np.float32
    middle = slice(2000, 14000)
    assert np.abs(found.samples[middle] - tone(RATE)[middle]).max() < near


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100, 48000, 96000])
def test_every_rate_becomes_the_one_that_is_heard(rate: int) -> None:
    found = decode_sound(written(tone(rate), rate, subtype="FLOAT"), "a", RATE)
    assert abs(len(found.samples) - RATE) <= 1
    middle = slice(2000, 14000)
    assert np.abs(found.samples[middle] - tone(RATE)[middle]).max() < 1e-3


def test_what_is_beyond_the_new_rate_is_gone_and_no_alias() -> None:
    found = decode_sound(written(tone(48000, pitch=13000), 48000, subtype="FLOAT"), "a", RATE)
    assert np.abs(found.samples[2000:14000]).max() < 1e-4  # -80 dB


def test_channels_are_averaged() -> None:
    left, right = tone(RATE), 0.5 * tone(RATE, pitch=700)
    stereo = written(np.stack([left, right], axis=1), RATE, subtype="FLOAT")
    assert np.allclose(decode_sound(stereo, "a", RATE).samples, (left + right) / 2, atol=1e-6)


def test_the_shortest_sound_is_a_sound() -> None:
    assert len(decode_sound(written(np.array([0.5]), RATE), "a", RATE).samples) == 1


def video(*, sound: bool) -> bytes:
    stream = BytesIO()
    with av.open(stream, "w", format="mp4") as container:
        pictures = container.add_stream("mpeg4", rate=8)
        pictures.width, pictures.height, pictures.pix_fmt = 32, 32, "yuv420p"
        audio = container.add_stream("aac", rate=RATE) if sound else None
        if audio:
            audio.layout = "mono"  # of two channels, swresample would make each 1/√2 as loud
        for _ in range(8):
            frame = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
            container.mux(pictures.encode(frame))
        container.mux(pictures.encode())
        if audio:
            samples = tone(RATE).astype(np.float32)[None]
            frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
            frame.sample_rate = RATE
            container.mux(audio.encode(frame))
            container.mux(audio.encode())
    return stream.getvalue()


def test_the_sound_of_a_video_is_heard() -> None:
    found = decode_sound(video(sound=True), "a.mp4", RATE)
    assert len(found.samples) == pytest.approx(RATE, abs=2100)  # AAC pads to its frames
    assert np.abs(found.samples[4000:12000]).max() == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "cannot be decoded as a sound"),
        (b"hello, I am a text\n" * 50, "cannot be decoded as a sound"),
        (written(tone(RATE), RATE, "FLAC")[:60], "cannot be decoded as a sound"),
        (written(np.zeros(0), RATE), "has no samples"),
        (written(np.array([0.1, np.nan]), RATE, subtype="FLOAT"), "samples that are not numbers"),
        (video(sound=False), "has no audio stream"),
    ],
    ids=["empty", "text", "cut", "no-samples", "nan", "silent-video"],
)
def test_what_is_no_sound_says_so_in_one_line(data: bytes, reason: str) -> None:
    with pytest.raises(ContentError, match=f"^b.wav: .*{reason}") as caught:
        decode_sound(data, "b.wav", RATE)
    assert "\n" not in str(caught.value)
    assert "0x" not in str(caught.value)  # no address of this process


def test_real_sounds_last_as_long_as_they_say() -> None:
    folder = real_data()
    files = [*folder.glob("audio/esc10/*.ogg"), *folder.glob("speech/**/*.wav")]
    files += [*folder.glob("speech/**/*.flac")]
    assert len(files) > 100
    for file in files:
        found = decode_sound(file.read_bytes(), file.name, RATE)
        seconds = soundfile.info(file).duration
        assert len(found.samples) / RATE == pytest.approx(seconds, abs=2 / RATE)
