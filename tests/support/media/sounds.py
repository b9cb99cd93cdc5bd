"""Tones and noise as arrays, as sounds and as files written by libsndfile and by FFmpeg."""

from __future__ import annotations

import struct
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import av
import numpy as np
import soundfile

from mmbench.types import Audio

LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1"}


def tone(rate: int, seconds: float = 1.0, pitch: float = 440) -> np.ndarray:
    """Return a sine of half the full loudness: float64 [n]."""
    return 0.5 * np.sin(2 * np.pi * pitch * np.arange(int(rate * seconds)) / rate)


def noise_sound(seconds: float = 1.0, seed: int = 0, rate: int = 16000) -> Audio:
    """Return normal noise, mono, far below the full loudness."""
    wave = np.random.default_rng(seed).normal(size=int(seconds * rate))
    return Audio(wave.astype(np.float32) / 9, rate)


def low_noise(seconds: float, rate: int, channels: int = 1) -> np.ndarray:
    """Noise between 50 and 100 Hz, another in each channel: float32 [n, channels].

    So low that the channel for low frequencies of 5.1 is kept by encoders that filter it (AC-3).
    """
    n = round(seconds * rate)
    spectrum = np.fft.rfft(np.random.default_rng(3).normal(size=(n, channels)), axis=0)
    pitch = np.fft.rfftfreq(n, 1 / rate)
    spectrum[(pitch < 50) | (pitch > 100)] = 0
    wave = np.fft.irfft(spectrum, n, axis=0)
    return (0.5 * wave / np.abs(wave).max()).astype(np.float32)


def sound_bytes(
    wave: np.ndarray, rate: int, form: str = "WAV", subtype: str | None = None
) -> bytes:
    """Return a file by libsndfile."""
    stream = BytesIO()
    soundfile.write(stream, wave, rate, format=form, subtype=subtype)
    return stream.getvalue()


def wav(level: int = 1000, n: int = 160, rate: int = 16000) -> bytes:
    """Return a WAV of 16 bits whose `n` samples are all the same."""
    return sound_bytes(np.full(n, level, np.int16), rate)


def ffmpeg_sound(
    wave: np.ndarray, rate: int, form: str, codec: str, options: dict[str, str] | None = None
) -> bytes:
    """Return a file by FFmpeg, whose muxer takes `options`."""
    stream = BytesIO()
    layout = LAYOUTS[wave.shape[1]]
    with av.open(stream, "w", format=form, options=options or {}) as out:
        track = out.add_stream(codec, rate=rate, options={"strict": "-2"})
        track.layout, track.bit_rate = layout, 128_000 * wave.shape[1]
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(wave.T), "fltp", layout)
        frame.rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
        parts = av.AudioResampler(track.format, layout, rate, track.frame_size or None)
        for part in [*parts.resample(frame), *parts.resample(None)]:
            out.mux(track.encode(part))
        out.mux(track.encode(None))
    return stream.getvalue()


def moov_in_front(data: bytes, path: str) -> bytes:
    """An MP4 or M4A as videos of the web have it, so that what is left of a cut one can be opened.

    By way of a file: FFmpeg reads its own output again for it.
    """
    with (
        av.open(BytesIO(data)) as given,
        av.open(path, "w", options={"movflags": "faststart"}) as out,
    ):
        track = out.add_stream_from_template(given.streams[0])
        for packet in given.demux(given.streams[0]):
            if packet.size:
                packet.stream = track
                out.mux(packet)
    return Path(path).read_bytes()


def with_edits(data: bytes, edits: list[tuple[float, float]]) -> bytes:
    """The MP4 with an edit list of its own: pairs of how long is shown, and from when, in seconds.

    From -1 nothing is shown (ISO 14496-12, 8.6.6). The index has to be behind the media.
    """
    out = bytearray(data)
    edit, movie, media = (out.find(name) for name in (b"elst", b"mvhd", b"mdhd"))
    (movie_scale,) = struct.unpack(">I", out[movie + 16 : movie + 20])
    (media_scale,) = struct.unpack(">I", out[media + 16 : media + 20])
    (start,) = struct.unpack(">i", out[edit + 16 : edit + 20])  # behind the priming of the encoder
    body = b"".join(
        struct.pack(
            ">IiI",
            round(length * movie_scale),
            -1 if begin < 0 else start + round(begin * media_scale),
            1 << 16,
        )
        for length, begin in edits
    )
    box = struct.pack(">I4sII", 16 + len(body), b"elst", 0, len(edits)) + body
    (old,) = struct.unpack(">I", out[edit - 4 : edit])
    out[edit - 4 : edit - 4 + old] = box
    for name in (b"moov", b"trak", b"edts"):
        at = out.find(name) - 4
        (size,) = struct.unpack(">I", out[at : at + 4])
        out[at : at + 4] = struct.pack(">I", size + len(box) - old)
    return bytes(out)
