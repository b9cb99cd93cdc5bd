"""Videos by FFmpeg: frames of one brightness each, by which a test knows them again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import numpy as np

from tests.support.media.sounds import tone

Frame = np.ndarray[Any, Any]


def video_bytes(
    frames: Iterable[Frame],
    form: str = "mp4",
    codec: str = "mpeg4",
    *,
    rate: int = 8,
    times: Sequence[int] | None = None,
    options: dict[str, str] | None = None,
    sound: Frame | None = None,
) -> bytes:
    """Return a video of frames [height, width, 3] at `times`, in hundredths of a second.

    Without times the frames follow each other at `rate`. A sound is mono at 16 kHz, float [n].
    """
    frames, stream = list(frames), BytesIO()
    with av.open(stream, "w", format=form) as container:
        track = container.add_stream(codec, rate=rate, options=options or {})
        audio = None if sound is None else container.add_stream("aac", rate=16000)
        if audio is not None:
            audio.layout = "mono"  # of two channels, swresample would make each 1/√2 as loud
        track.height, track.width, track.pix_fmt = *frames[0].shape[:2], "yuv420p"
        if times:
            track.time_base = track.codec_context.time_base = Fraction(1, 100)
        for number, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            if times:
                frame.pts, frame.time_base = times[number], Fraction(1, 100)
            container.mux(track.encode(frame))
        container.mux(track.encode())
        if audio is not None and sound is not None:
            samples = sound.astype(np.float32)[None]
            wave = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
            wave.sample_rate = 16000
            container.mux([*audio.encode(wave), *audio.encode()])
    return stream.getvalue()


def numbered_video(
    n: int = 20,
    form: str = "mp4",
    codec: str = "libx264",
    *,
    size: tuple[int, int] = (32, 48),
    times: Sequence[int] | None = None,
    options: dict[str, str] | None = None,
) -> bytes:
    """Return a video whose frame i has the brightness 10 · i and a white corner at the top left."""
    frames = [np.full((*size, 3), min(250, 10 * i), np.uint8) for i in range(n)]
    for frame in frames:
        frame[:8, :8] = 255
    times = times or range(0, 10 * n, 10)
    return video_bytes(frames, form, codec, rate=10, times=times, options=options)


def black_video(*, sound: bool) -> bytes:
    """Return a second of black frames, with a tone or without a track of sound."""
    frames = [np.zeros((32, 32, 3), np.uint8)] * 8
    return video_bytes(frames, sound=tone(16000) if sound else None)


def save_video(path: Path, number: int = 0) -> Path:
    """Save eight frames that grow brighter, in a folder that may be new, and return the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    levels = (20 + 25 * step + 3 * number for step in range(8))
    frames = (np.full((32, 48, 3), level, np.uint8) for level in levels)
    form, codec = ("webm", "libvpx") if path.suffix == ".webm" else (path.suffix[1:], "mpeg4")
    path.write_bytes(video_bytes(frames, form, codec))
    return path
