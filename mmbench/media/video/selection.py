"""Selection of the frames of a video by their numbers: evenly, at a rate, or in a part of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mmbench.errors import ContentError
from mmbench.types import Frames, View

if TYPE_CHECKING:
    from mmbench.media.video.packets import VideoPacket

_RATES_AGREE = 1.5  # largest factor between a declared frame rate and the measured one
_FRAME_FACTOR = 2  # models of the Qwen-VL family merge pairs of frames


class Selection(NamedTuple):
    """The frames to select from a video, or from the part in `span`, in seconds."""

    frames: Frames
    view: View | None
    span: tuple[float, float] | None

    def choose(
        self, n: int, packets: list[VideoPacket], name: str
    ) -> tuple[list[int], float, float | None]:
        """Return the numbers of the frames to select from a video of n frames, the start of the
        part, and its duration in seconds if the frames are selected at a rate.

        Raises ContentError, with `name` in its message, like `frames_in_span` and `frame_rate`.
        """
        fps, span = self.frames.fps, self.span
        if fps is None and span is None:
            return frame_indices(n, self.frames, self.view), 0.0, None
        rate = frame_rate(packets, name, "frames=N instead of fps" if fps else "")
        part = range(n) if span is None else frames_in_span(n, rate, span, name)
        indices = [part[i] for i in frame_indices(len(part), self.frames, self.view, rate)]
        return indices, part.start / rate, len(part) / rate if fps else None


def frames_in_span(n: int, rate: float, span: tuple[float, float], name: str) -> range:
    """Return the numbers of the frames in a part of a video of n frames.

    `span` is the start and the end in seconds, `rate` the number of frames per second. The part
    begins with the frame nearest to its start and ends before the frame nearest to its end; it has
    at least one frame. Source: `get_index` of MVBench's evaluation (OpenGVLab/Ask-Anything 4dd8210,
    video_chat2/mvbench.ipynb). Raises ContentError, with `name` in its message, for a part that
    begins after the end of the video, or ends before it begins.
    """
    start, end = span
    first = max(0, round(start * rate))
    if first >= n or end < start:
        raise ContentError(
            f"{name} has {n / rate:.2f} s, but the sample is its part from {start:g} to {end:g} s;"
            " correct start and end"
        )
    return range(first, max(first + 1, min(n, round(end * rate))))


def frame_indices(
    n: int, frames: Frames, view: View | None = None, rate: float | None = None
) -> list[int]:
    """Return the numbers, from 0, of the frames to select from a video of n frames.

    Without `frames.stride`, the video is divided into one span per clip of the view, and frame i of
    a clip is floor((i + 1/2) · span / count) of its span. With a stride, each clip is a window of
    (count - 1) · stride + 1 frames; the windows start at evenly spread frames. If the video is
    shorter than a window, its last frame is repeated. With `frames.fps`, the frames of a clip are
    spread evenly from the first to the last frame of its span; `rate` is the number of frames per
    second of the video.
    """
    clip, clips = (view.clip, view.clips) if view else (0, 1)
    if frames.fps is not None and rate is not None:
        first = clip * n // clips
        span = max(1, (clip + 1) * n // clips - first)
        count = _count_at_rate(span, rate, frames.fps, frames)
        return [first + number for number in _spread(span, count)]
    if frames.stride is None:
        halves = 2 * frames.count  # half intervals per clip; integers avoid rounding
        first = clip * halves
        return [(first + 2 * i + 1) * n // (halves * clips) for i in range(frames.count)]
    last = max(0, n - 1 - (frames.count - 1) * frames.stride)
    begin = last // 2 if clips == 1 else round(last * clip / (clips - 1))
    return [min(n - 1, begin + i * frames.stride) for i in range(frames.count)]


def _count_at_rate(n: int, rate: float, fps: float, frames: Frames) -> int:
    """Return the number of frames to select at `fps` from n frames with `rate` frames per second.

    The number is even, or 1 if n is 1. Source: `smart_nframes` of qwen-vl-utils 0.0.14
    (`qwen_vl_utils/vision_process.py`, https://pypi.org/project/qwen-vl-utils/0.0.14), which
    refuses a video with a single frame. Releases before 0.0.10 rounded to the nearest even number,
    which could be larger than n.
    """
    minimum = -(-frames.minimum // _FRAME_FACTOR) * _FRAME_FACTOR
    maximum = frames.count // _FRAME_FACTOR * _FRAME_FACTOR
    count = min(min(max(n / rate * fps, minimum), maximum), n)
    return int(count // _FRAME_FACTOR * _FRAME_FACTOR) or 1


def _spread(n: int, count: int) -> list[int]:
    """Return `count` numbers, spread evenly from 0 to n - 1 and rounded to the nearest integer.

    The numbers are exact. qwen-vl-utils computes them in float32, so its numbers may differ by one
    in videos of more than 10,000 frames. With an even count there are no ties in rounding.
    """
    steps = max(1, count - 1)
    return [(2 * (n - 1) * i + steps) // (2 * steps) for i in range(count)]


def frame_rate(packets: list[VideoPacket], name: str, instead: str = "") -> float:
    """Return the frame rate of a video: the declared average, or the rate measured from its times.

    The measured rate is used if none is declared or the two differ by a factor of 1.5 or more,
    since AVI and MPEG-TS may declare the rate of their clock. Raises ContentError if the file has
    neither; `instead` is the model option that needs no rate, if any.
    """
    declared = float(packets[0].stream.average_rate or 0)
    times = [float(p.pts * p.time_base) for p in packets if p.size and p.pts is not None]
    span = max(times) - min(times) if times else 0.0
    measured = (len(times) - 1) / span if span else 0.0
    if not declared and not measured:
        advice = f"; use the option {instead}" if instead else ", so no part of it can be selected"
        raise ContentError(f"{name} has no frame rate{advice}")
    agree = not measured or 1 / _RATES_AGREE < declared / measured < _RATES_AGREE
    return declared if declared and agree else measured
