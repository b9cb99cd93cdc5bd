"""Decoding of audio with FFmpeg, for formats that libsndfile cannot read (m4a, webm, wma)."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from mmbench.media.containers import (
    default_stream,
    demuxed,
    is_mp4,
    missing_entries,
    open_container,
)
from mmbench.media.truncation import Cut, find_cut

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np
    from av import AudioFrame, AudioStream
    from av.container import InputContainer
    from numpy.typing import NDArray

    Mono = NDArray[np.float64]


class Decoded(NamedTuple):
    """Decoded audio and properties of its file.

    `stretches` are consecutive segments, each with its sampling rate in Hz and samples float64 [n].
    `declared_seconds` is the duration declared by the container, 0 if it is unknown or unreliable.
    `cut` describes a truncation of the file. If decoding stopped early, `error` is the error
    message without the file's name ("has no audio stream"), else "".
    """

    stretches: list[tuple[int, Mono]]
    declared_seconds: float = 0.0
    cut: Cut | None = None
    error: str = ""

    @property
    def seconds(self) -> float:
        """Return the duration of the decoded audio in seconds."""
        return sum(len(samples) / rate for rate, samples in self.stretches)


# Containers with a sample count in the header, from which libavformat takes the duration.
_COUNTED = {"tta", "wv", "ape", "mpc", "mpc8"}

# Sample formats that PyAV cannot convert to an array, with replacements.
_NO_ARRAY = {"s64": "dblp", "s64p": "dblp"}


def decode_by_ffmpeg(data: bytes, count: Callable[[int, int, int], None]) -> Decoded:
    """Decode the default audio stream of a file, else the first one, to mono.

    Mono is the mean of the channels. `count` is called with the sample count per channel, the
    channel count and the sampling rate of each frame, and may raise an error to stop decoding.
    Samples that the container excludes are dropped: those before time 0 and those after the end of
    an edit list. Errors of FFmpeg are returned as `Decoded.error`.
    """
    import av

    frames: list[tuple[int, Mono]] = []
    declared, cut = 0.0, find_cut(data)
    try:
        with open_container(data) as container:
            stream = default_stream(container.streams.audio)
            if stream is None:
                return Decoded([], cut=cut, error="has no audio stream")
            if stream.codec_context is None:
                return Decoded([], cut=cut, error="has an audio stream with an unknown codec")
            declared = _declared_seconds(container, stream)
            _read(container, stream, frames, count)
            cut = missing_entries(container, stream, len(data)) or cut
    except av.FFmpegError as error:
        reason = f"cannot be decoded as audio: {error.strerror}"
        return Decoded(_concatenate(frames), declared, cut, reason)
    return Decoded(_concatenate(frames), declared, cut)


def _declared_seconds(container: InputContainer, stream: AudioStream) -> float:
    if container.format.name in _COUNTED and stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    if container.format.name == "flv" and not container.streams.video:
        # This duration is the duration of the longest stream, so it is used only if there is no
        # video stream.
        return (container.duration or 0) / 1e6
    return 0.0


def _read(
    container: InputContainer,
    stream: AudioStream,
    frames: list[tuple[int, Mono]],
    count: Callable[[int, int, int], None],
) -> None:
    """Append decoded frames to `frames`, which keeps the frames before an error."""
    from av.codec.context import Flags2

    if container.format.name == "caf" and stream.codec_context.name == "alac":
        # The last frame of ALAC has no padding, but libavcodec would remove samples as padding.
        stream.codec_context.flags2 |= Flags2.skip_manual
    end = _end(container, stream)
    frame = None
    for frame in _frames(container, stream):
        count(frame.samples, frame.layout.nb_channels, frame.sample_rate)
        samples = _mono(frame)[_early(frame) :]
        frames.append((frame.sample_rate, samples))
    if frame is not None and end is not None:
        rate, samples = frames.pop()
        frames.append((rate, samples[: len(samples) - _late(frame, end)]))


def _frames(container: InputContainer, stream: AudioStream) -> Iterator[AudioFrame]:
    for packet in demuxed(container.demux(stream)):
        yield from packet.decode()


def _end(container: InputContainer, stream: AudioStream) -> float | None:
    """Return the end of the audio in an MP4 in seconds, else None.

    Encoders pad the last frame. In MP4, libavformat drops whole frames after the end of the edit
    list, but not the padding inside a frame. In other containers it drops all padding.
    """
    if not is_mp4(container) or stream.duration is None or stream.time_base is None:
        return None
    return float((stream.duration + (stream.start_time or 0)) * stream.time_base)


def _early(frame: AudioFrame) -> int:
    """Return the number of a frame's samples that lie before time 0 and that players skip."""
    if frame.pts is None or frame.pts >= -1:  # a time base in milliseconds may be off by one
        return 0
    return round(-_first(frame))


def _late(frame: AudioFrame, end: float) -> int:
    """Return how many samples of the last frame lie after `end`, the end of the audio in seconds.

    Return 0 if `end` lies before this frame: then the header has a wrong duration, as in an
    unfinished recording.
    """
    if frame.pts is None:
        return 0
    n = frame.samples
    late = n - round(end * frame.sample_rate - _first(frame))
    return late if 0 < late < n else 0


def _first(frame: AudioFrame) -> float:
    """Return the position of a frame's first sample, in samples from time 0.

    Return 0 if the frame has no timestamp.
    """
    if frame.pts is None or frame.time_base is None:
        return 0.0
    return float(frame.pts * frame.time_base * frame.sample_rate)


def _mono(frame: AudioFrame) -> Mono:
    """Return the mean of a frame's channels, float64 [n], from -1 to 1."""
    import numpy as np

    frame = _with_array(frame)
    samples = frame.to_ndarray()
    if not frame.format.is_planar:
        samples = samples.reshape(-1, frame.layout.nb_channels).T
    mono: Mono = samples.mean(axis=0, dtype=np.float64)
    if samples.dtype == np.uint8:
        return (mono - 128) / 128
    full = float(1 << 8 * samples.itemsize - 1) if samples.dtype.kind == "i" else 1.0
    return mono / full


def _with_array(frame: AudioFrame) -> AudioFrame:
    """Convert a frame to a sample format that PyAV can convert to an array."""
    from av import AudioResampler

    if frame.format.name not in _NO_ARRAY:
        return frame
    return AudioResampler(_NO_ARRAY[frame.format.name]).resample(frame)[0]


def _concatenate(frames: list[tuple[int, Mono]]) -> list[tuple[int, Mono]]:
    """Concatenate consecutive frames of the same sampling rate."""
    import numpy as np

    return [
        (rate, np.concatenate([samples for _, samples in group]))
        for rate, group in groupby(frames, key=lambda frame: frame[0])
    ]
