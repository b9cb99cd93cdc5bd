"""The mean of the channels and the padding of encoders: one rule for all files and both decoders.

What is right follows from the wave that was encoded: the decoded sound is the mean of its channels,
as loud as that, as long, and begins with it.
"""

from __future__ import annotations

from io import BytesIO

import av
import numpy as np
import pytest

from mmbench.media import decode_sound
from tests.support.media.sounds import ffmpeg_sound, low_noise, sound_bytes, with_edits


def compared(data: bytes, wave: np.ndarray, rate: int) -> tuple[int, int, float]:
    """By how many samples the decoded sound is late and too long, and by what factor too loud."""
    found, mean = decode_sound(data, "a", rate).samples, wave.mean(axis=1)
    size = len(found) + len(mean)
    alike = np.fft.irfft(np.fft.rfft(found, size) * np.conj(np.fft.rfft(mean, size)), size)
    late = int(alike.argmax())
    late -= size if late > size // 2 else 0
    return late, len(found) - len(mean), float(np.std(found) / np.std(mean))


# A lossy codec may be off by a few samples of phase (Opus), never by a frame.
@pytest.mark.parametrize(
    ("form", "codec", "channels", "rate", "more"),
    [
        ("ipod", "aac", 1, 44100, 0),
        ("ipod", "aac", 2, 44100, 0),
        ("mp4", "aac", 6, 48000, 0),
        ("mov", "alac", 2, 44100, 0),
        ("mp4", "libopus", 2, 48000, 0),
        ("mp4", "libmp3lame", 2, 44100, 0),
        ("mp4", "ac3", 6, 48000, 96),  # FFmpeg writes an edit list of 698 ms
        ("webm", "libopus", 2, 48000, 0),
        ("matroska", "aac", 2, 44100, 1024),  # tells the padding in front, not behind
        ("matroska", "flac", 6, 44100, 0),
        ("matroska", "libmp3lame", 2, 44100, 0),
        ("matroska", "pcm_s16le", 6, 44100, 0),
        ("matroska", "pcm_s32le", 2, 44100, 0),
        ("matroska", "pcm_f32le", 2, 44100, 0),
        ("mov", "pcm_u8", 2, 44100, 0),
        ("caf", "alac", 2, 44100, 0),
        ("caf", "pcm_s16le", 6, 44100, 0),
        ("wv", "wavpack", 2, 44100, 0),
        ("ogg", "libopus", 2, 48000, 0),
        ("ogg", "flac", 2, 44100, 0),
        ("mp3", "libmp3lame", 2, 44100, 0),
        ("flac", "flac", 6, 44100, 0),
        ("wav", "pcm_s16le", 6, 44100, 0),
    ],
)
def test_the_mean_of_the_channels_without_the_padding(
    form: str, codec: str, channels: int, rate: int, more: int
) -> None:
    wave = low_noise(0.7, rate, channels)
    late, longer, louder = compared(ffmpeg_sound(wave, rate, form, codec), wave, rate)
    assert abs(late) <= 8
    assert abs(longer) <= more
    assert louder == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize(("form", "codec"), [("asf", "wmav2"), ("adts", "aac"), ("mpegts", "mp2")])
def test_where_the_padding_is_not_told_the_loudness_is_right(form: str, codec: str) -> None:
    # 1 and not √2. These files do not say what their encoder added, up to two frames of 2,048.
    wave = low_noise(1.5, 44100, 2)
    late, longer, louder = compared(ffmpeg_sound(wave, 44100, form, codec), wave, 44100)
    assert abs(late) <= 2 * 2048
    assert abs(longer) <= 2 * 2048
    assert louder == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("form", ["WAV", "FLAC"])
def test_both_decoders_give_the_same_samples(form: str) -> None:
    wave = low_noise(0.5, 16000, 2)
    plain = decode_sound(sound_bytes(wave, 16000, form), "a", 16000).samples
    in_mkv = ffmpeg_sound(wave, 16000, "matroska", "pcm_s16le")
    assert np.abs(decode_sound(in_mkv, "a", 16000).samples - plain).max() < 1e-4


def test_eight_channels_are_eight() -> None:
    wave = low_noise(0.3, 48000, 8)
    data = sound_bytes(wave, 48000)
    found = decode_sound(data, "a", 48000).samples
    assert np.abs(found - wave.mean(axis=1)).max() < 1e-4


@pytest.mark.parametrize("codec", ["aac", "alac"])
@pytest.mark.parametrize(
    ("length", "begin"), [(1.0, 0.0), (0.5, 0.0), (0.5, 0.5), (0.7, 0.3)], ids=str
)
def test_an_edit_list_shows_a_part_of_a_sound(codec: str, length: float, begin: float) -> None:
    wave = low_noise(1.0, 44100, 2)
    shown = wave[round(begin * 44100) : round((begin + length) * 44100)]
    data = with_edits(ffmpeg_sound(wave, 44100, "mp4", codec), [(length, begin)])
    late, longer, louder = compared(data, shown, 44100)
    assert (late, longer) == (0, 0)
    assert louder == pytest.approx(1, abs=0.03)


def two_sounds(*, second_is_default: bool) -> bytes:
    """A Matroska file with a loud and then a silent track."""
    stream = BytesIO()
    with av.open(stream, "w", format="matroska") as out:
        tracks = [out.add_stream("pcm_s16le", rate=16000, layout="mono") for _ in range(2)]
        flag = av.stream.Disposition.default
        tracks[0].disposition = av.stream.Disposition(0) if second_is_default else flag
        tracks[1].disposition = flag if second_is_default else av.stream.Disposition(0)
        for track, level in zip(tracks, (8000, 0), strict=True):
            samples = np.full((1, 16000), level, np.int16)
            frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
            frame.rate = 16000
            out.mux(track.encode(frame))
            out.mux(track.encode(None))
    return stream.getvalue()


@pytest.mark.parametrize(("second_is_default", "level"), [(False, 8000), (True, 0)])
def test_of_several_tracks_the_default_one_is_heard(second_is_default: bool, level: int) -> None:
    found = decode_sound(two_sounds(second_is_default=second_is_default), "a", 16000).samples
    assert found.mean() == pytest.approx(level / 32768, abs=1e-4)


def test_a_sampling_rate_that_changes_is_followed() -> None:
    # Two files of AAC behind each other are a file. HE-AAC also has another rate than its header.
    first = ffmpeg_sound(low_noise(1.0, 16000, 2), 16000, "adts", "aac")
    second = ffmpeg_sound(low_noise(1.0, 44100, 1), 44100, "adts", "aac")
    found = decode_sound(first + second, "a", 16000).samples
    assert len(found) / 16000 == pytest.approx(2, abs=0.3)  # 1 and 44100/16000 s by the first rate
