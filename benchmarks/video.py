"""Benchmarks of video and audio decoding, compared with bare loops of the same libraries."""

from io import BytesIO
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from benchmarks.rows import Row, paired_row

DATA = Path(__file__).parents[2] / "shared/data"


def rows(quick: bool = False) -> list[Row]:
    if not DATA.is_dir():
        return [
            Row("videos decoded", limit=1.15, note=f"skipped: no {DATA.name} beside the checkout")
        ]
    return [_videos(2 if quick else 7), _sounds(2 if quick else 7)]


def _videos(repeats: int) -> Row:
    """Measure eight evenly spread frames of each clip; the bare loop knows the number of frames."""
    from mmbench.media import count_frames, decode_video
    from mmbench.types import Frames

    clips = [path.read_bytes() for path in sorted((DATA / "video/fight").glob("*.mp4"))]
    counts = [count_frames(clip, "clip") for clip in clips]
    pairs = []
    for _ in range(repeats):
        start = perf_counter()
        decoded = [decode_video(clip, "clip", Frames(8)) for clip in clips]
        ours = perf_counter() - start
        start = perf_counter()
        bare = [_bare_video(clip, n) for clip, n in zip(clips, counts, strict=True)]
        pairs.append((ours, perf_counter() - start))
    assert all((a.frames == b).all() for a, b in zip(decoded, bare, strict=True))
    name = f"8 frames of each of {len(clips)} videos / a bare loop of PyAV"
    note = f"the same frames; ours counts them first; medians of {repeats}"
    return paired_row(name, pairs, 1.15, note)


def _bare_video(data: bytes, n: int) -> NDArray[np.uint8]:
    import av

    indices = {int((i + 0.5) * n / 8) for i in range(8)}
    with av.open(BytesIO(data), "r") as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        frames = []
        for index, frame in enumerate(container.decode(stream)):
            if index in indices:
                frames.append(frame.to_ndarray(format="rgb24"))
            if index >= max(indices):
                break
    return np.stack(frames)


def _sounds(repeats: int) -> Row:
    """Measure decoding to mono at 16 kHz against soundfile and soxr."""
    from mmbench.media import decode_sound

    files = sorted((DATA / "audio/esc10").glob("*.ogg"))
    sounds = [file.read_bytes() for file in files]
    pairs = []
    for _ in range(repeats):
        start = perf_counter()
        for sound in sounds:
            decode_sound(sound, "sound", 16000)
        ours = perf_counter() - start
        start = perf_counter()
        for sound in sounds:
            _bare_sound(sound)
        pairs.append((ours, perf_counter() - start))
    name = f"{len(sounds)} sounds to 16 kHz / soundfile and soxr"
    return paired_row(name, pairs, 1.15, f"5 s each; medians of {repeats}")


def _bare_sound(data: bytes) -> NDArray[np.float32]:
    import soundfile
    import soxr

    samples, rate = soundfile.read(BytesIO(data), dtype="float32", always_2d=True)
    mono: NDArray[np.float32] = soxr.resample(samples.mean(axis=1), rate, 16000, quality="VHQ")
    return mono
