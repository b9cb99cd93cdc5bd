"""Sounds of every sort to samples at one rate; what is no sound says so."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from mmbench.errors import ContentError
from mmbench.media import decode_sound
from tests.support.errors import one_line_error
from tests.support.media.sounds import sound_bytes, tone
from tests.support.media.videos import black_video
from tests.support.paths import real_data

RATE = 16000


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
    found = decode_sound(sound_bytes(tone(RATE), RATE, form, subtype), "a", RATE)
    assert found.rate == RATE
    assert found.samples.dtype == np.float32
    middle = slice(2000, 14000)
    assert np.abs(found.samples[middle] - tone(RATE)[middle]).max() < near


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100, 48000, 96000])
def test_every_rate_becomes_the_one_that_is_heard(rate: int) -> None:
    found = decode_sound(sound_bytes(tone(rate), rate, subtype="FLOAT"), "a", RATE)
    assert abs(len(found.samples) - RATE) <= 1
    middle = slice(2000, 14000)
    assert np.abs(found.samples[middle] - tone(RATE)[middle]).max() < 1e-3


def test_what_is_beyond_the_new_rate_is_gone_and_no_alias() -> None:
    found = decode_sound(sound_bytes(tone(48000, pitch=13000), 48000, subtype="FLOAT"), "a", RATE)
    assert np.abs(found.samples[2000:14000]).max() < 1e-4  # -80 dB


def test_channels_are_averaged() -> None:
    left, right = tone(RATE), 0.5 * tone(RATE, pitch=700)
    stereo = sound_bytes(np.stack([left, right], axis=1), RATE, subtype="FLOAT")
    assert np.allclose(decode_sound(stereo, "a", RATE).samples, (left + right) / 2, atol=1e-6)


def test_the_shortest_sound_is_a_sound() -> None:
    assert len(decode_sound(sound_bytes(np.array([0.5]), RATE), "a", RATE).samples) == 1


def test_the_sound_of_a_video_is_heard() -> None:
    found = decode_sound(black_video(sound=True), "a.mp4", RATE)
    assert len(found.samples) == pytest.approx(RATE, abs=2100)  # AAC pads to its frames
    assert np.abs(found.samples[4000:12000]).max() == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "cannot be decoded as audio"),
        (b"hello, I am a text\n" * 50, "cannot be decoded as audio"),
        (sound_bytes(tone(RATE), RATE, "FLAC")[:60], "cannot be decoded as audio"),
        (sound_bytes(np.zeros(0), RATE), "has no audio samples"),
        (sound_bytes(np.array([0.1, np.nan]), RATE, subtype="FLOAT"), "samples that are NaN"),
        (black_video(sound=False), "has no audio stream"),
    ],
    ids=["empty", "text", "cut", "no-samples", "nan", "silent-video"],
)
def test_what_is_no_sound_says_so_in_one_line(data: bytes, reason: str) -> None:
    with one_line_error(ContentError, match=f"^b.wav .*{reason}") as caught:
        decode_sound(data, "b.wav", RATE)
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
