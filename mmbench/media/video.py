"""Decoding of selected video frames."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from mmbench.errors import ContentError, SampleError
from mmbench.media.containers import (
    default_stream,
    demuxed,
    is_image,
    is_mp4,
    media_type,
    missing_entries,
    open_container,
)
from mmbench.media.encoded import printable_name
from mmbench.media.frame_tables import refuse_false_table
from mmbench.media.image import MAX_PIXELS
from mmbench.media.truncation import Cut, find_cut, seconds_there
from mmbench.types import EncodedVideo, Frames, VideoFrames, View
from mmbench.validation.inflation import is_inflated

if TYPE_CHECKING:
    from typing import TypeGuard

    import numpy as np
    from av import FFmpegError, VideoCodecContext, VideoFrame, VideoStream
    from av.container import InputContainer
    from av.packet import Packet
    from av.stream import Stream
    from numpy.typing import NDArray

    VideoPacket = Packet[VideoStream]
    Pixels = NDArray[np.uint8]


# Limit of pixels in all selected frames of a video together: 3 GiB, or 32 frames of 8K.
MAX_CLIP_PIXELS = 1 << 30

# Limit of packets in a video: 3 GiB of Python objects, or 11 hours at 60 frames/s with audio.
MAX_PACKETS = 1 << 22

_RATES_AGREE = 1.5  # largest factor between a declared frame rate and the measured one
_FRAME_FACTOR = 2  # models of the Qwen-VL family merge pairs of frames

_CLOCK = re.compile(r"(\d+):(\d+):(\d+(?:\.\d+)?)", re.ASCII)  # hours, minutes and seconds
_MOST_SHOWN = 0.9  # fraction of a video; if less is decoded, the video counts as truncated


def decode_video(
    data: bytes,
    name: str,
    frames: Frames,
    view: View | None = None,
    span: tuple[float, float] | None = None,
) -> VideoFrames:
    """Decode selected frames of a video: RGB, uint8 [t, h, w, 3], with their times in seconds.

    The rotation of the video is applied. Frames are selected by their number in display order, not
    by time, so that each frame counts once even at a variable frame rate. If the decoder skips
    frames (those before the first key frame of a recording that began late), frames are selected
    from the decoded ones. With a `span`, frames are selected from the part between its start and
    its end, in seconds (`frames_in_span`), and their times count from the beginning of the part.

    Raises ContentError, with `name` in its message, if the data is not a video, has no frames, has
    no frame rate although `frames.fps` or the span needs one, ends before the span, cannot be
    decoded up to the last selected frame, or has frames of more than `MAX_PIXELS` pixels each or
    `MAX_CLIP_PIXELS` pixels together. Raises SampleError if there is not enough memory.
    """
    import numpy as np

    name = printable_name(name)
    try:
        clip = _decoded(data, name, _Selection(frames, view, span), None)
        pictures = [_cropped(clip.pixels[index], view) for index in clip.indices]
        if len({picture.shape for picture in pictures}) > 1:
            raise ContentError(f"{name} changes its frame size during the video")
        seconds = tuple(clip.seconds[index] - clip.start for index in clip.indices)
        return VideoFrames(np.stack(pictures), seconds, clip.duration)
    except MemoryError as error:
        raise SampleError(f"{name}: not enough memory to decode it") from error


def encoded_video(data: bytes, name: str, span: tuple[float, float] | None = None) -> EncodedVideo:
    """Return the bytes of a video with their media type.

    One frame is decoded, so that a broken file raises the errors of `decode_video`. Raises
    ContentError for a `span`, because the bytes are those of the whole video.
    """
    if span is not None:
        raise ContentError(
            f"{printable_name(name)}: the sample is a part of the video, but the model gets whole"
            " files; use the model option video=frames"
        )
    decode_video(data, name, Frames(1))
    with open_container(data) as container:
        return EncodedVideo(data, media_type(container, data))


class _Selection(NamedTuple):
    """The frames to select from a video, or from the part in `span`, in seconds."""

    frames: Frames
    view: View | None
    span: tuple[float, float] | None

    def choose(
        self, n: int, packets: list[VideoPacket], name: str
    ) -> tuple[list[int], float, float | None]:
        """Return the numbers of the frames to select from a video of n frames, the start of the
        part, and its duration in seconds if the frames are selected at a rate.
        """
        fps, span = self.frames.fps, self.span
        if fps is None and span is None:
            return frame_indices(n, self.frames, self.view), 0.0, None
        rate = _rate(packets, name, "frames=N instead of fps" if fps else "")
        part = range(n) if span is None else frames_in_span(n, rate, span, name)
        indices = [part[i] for i in frame_indices(len(part), self.frames, self.view, rate)]
        return indices, part.start / rate, len(part) / rate if fps else None


class _Decoded(NamedTuple):
    """The selected frame numbers, pixels and times by frame number, and start and duration of the
    part in seconds.
    """

    indices: list[int]
    pixels: dict[int, Pixels]
    seconds: dict[int, float]
    start: float
    duration: float | None


def _decoded(data: bytes, name: str, selection: _Selection, n: int | None) -> _Decoded:
    """Decode the selected frames.

    They are selected from the first `n` frames, or from all frames of the video if `n` is None.
    """
    import av

    refuse_false_table(data, name)
    try:
        with open_container(data) as container:
            packets, there = _packets(container, data, name)
            whole = _from_first_key(packets)
            indices, start, duration = selection.choose(n or there, packets, name)
            pixels, seconds, decoded = _frames(packets, indices, name)
    except av.FFmpegError as error:
        raise _undecodable(data, name, error) from error
    if not (missing := set(indices) - pixels.keys()):
        return _Decoded(indices, pixels, seconds, start, duration)
    if n or decoded < _MOST_SHOWN * whole:
        raise ContentError(f"{name} is truncated: frame {min(missing)} cannot be decoded")
    return _decoded(data, name, selection, decoded)


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


def _rate(packets: list[VideoPacket], name: str, instead: str = "") -> float:
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


def count_frames(data: bytes, name: str) -> int:
    """Return the number of displayed frames of a video without decoding them.

    Raises ContentError if the data is not a video, has no video stream or no frames, or is
    truncated.
    """
    import av

    name = printable_name(name)
    refuse_false_table(data, name)
    try:
        with open_container(data) as container:
            return _packets(container, data, name)[1]
    except av.FFmpegError as error:
        raise _undecodable(data, name, error) from error


def _undecodable(data: bytes, name: str, error: FFmpegError) -> ContentError:
    """Return the error for data that FFmpeg cannot decode, usually because it is truncated."""
    cut = find_cut(data)
    reason = error.strerror if cut is None else f"it is truncated ({cut.reason})"
    return ContentError(f"{name} cannot be decoded as a video: {reason}")


def _packets(container: InputContainer, data: bytes, name: str) -> tuple[list[VideoPacket], int]:
    """Return the encoded packets of the video stream and the number of displayed frames."""
    if is_image(container):
        raise ContentError(f"{name} is an image, not a video; name its column `image`")
    stream = default_stream(container.streams.video)
    if stream is None:
        raise ContentError(f"{name} has no video stream")
    if stream.codec_context is None:
        raise ContentError(f"{name} has a video stream with an unknown codec")
    stream.thread_type = "AUTO"
    everything = _everything(container, data, name)
    packets = [packet for packet in everything if _is_of(packet, stream)]
    frames = [packet.is_discard for packet in packets if packet.size]
    _refuse_missing(container, stream, packets, data, name)
    _refuse_cut(_declared_seconds(container, stream), everything, name)
    if (cut := find_cut(data)) is not None:
        raise ContentError(f"{name} is truncated: {cut.reason}")
    if False not in frames:
        raise ContentError(f"{name} has no frames")
    return packets, frames.count(False)


def _is_of(packet: Packet[Stream], stream: VideoStream) -> TypeGuard[VideoPacket]:
    return packet.stream.index == stream.index


def _everything(container: InputContainer, data: bytes, name: str) -> list[Packet[Stream]]:
    """Return the packets of all streams.

    Raises ContentError if there are more than `MAX_PACKETS`, or if they have far more bytes than
    the file: an index may list the same bytes repeatedly, and Matroska may compress packets.
    """
    packets, total = [], 0
    for packet in demuxed(container.demux()):
        packets.append(packet)
        total += packet.size
        if len(packets) > MAX_PACKETS or is_inflated(len(data), total):
            raise ContentError(
                f"{name} has at least {len(packets):,} packets of {total:,} bytes together in a"
                f" file of {len(data):,} bytes, more than the limit (a decompression bomb?)"
            )
    return packets


def _from_first_key(packets: list[VideoPacket]) -> int:
    """Return the number of displayed frames from the first key frame on.

    In a broadcast recording, frames before the first key frame cannot be decoded.
    """
    visible = [packet for packet in packets if packet.size and not packet.is_discard]
    keys = (at for at, packet in enumerate(visible) if packet.is_keyframe)
    return len(visible) - next(keys, 0)


def _refuse_missing(
    container: InputContainer,
    stream: VideoStream,
    packets: list[VideoPacket],
    data: bytes,
    name: str,
) -> None:
    """Raise ContentError if the file has fewer frames than it declares.

    The frame count of an MP4 includes frames hidden by the edit list, so the frame index is used
    instead.
    """
    cut = missing_entries(container, stream, len(data))
    if cut is None and not is_mp4(container):
        there = _counted(packets, stream.frames, dropped=container.format.name == "avi")
        if there < stream.frames:
            cut = Cut(there / stream.frames, f"{there} of {stream.frames} frames are present")
    if cut is not None:
        raise ContentError(f"{name} is truncated: {cut.reason}")


def _counted(packets: list[VideoPacket], declared: int, *, dropped: bool) -> int:
    """Return how many of the `declared` frames are present in a file.

    If `dropped`, as in AVI, the declared number includes frames that were dropped: they have no
    packet but advance the time, which is counted in frames. The number is then the time of the last
    packet plus the duration of the last packet, for which the largest gap between two packets is
    taken. If there is a single packet, all frames count as present.
    """
    filled = [packet for packet in packets if packet.size]
    times: list[int] = [packet.dts for packet in filled if packet.dts is not None]
    if not dropped or not times:
        return len(filled)
    if len(times) == 1:
        return declared
    return max(times) + max(after - before for before, after in pairwise(times))


def _declared_seconds(container: InputContainer, stream: VideoStream) -> float:
    """Return the duration in seconds that Matroska or Flash video declares, else 0.

    Matroska declares a duration per stream, Flash video one for the whole file. In other formats,
    libavformat derives the duration from the packets that are present.
    """
    match = _CLOCK.fullmatch(stream.metadata.get("DURATION", "").strip())
    if match:
        return sum(
            float(part) * unit for part, unit in zip(match.groups(), (3600, 60, 1), strict=True)
        )
    return float(container.duration or 0) / 1e6 if container.format.name == "flv" else 0.0


def _refuse_cut(seconds: float, packets: list[Packet[Stream]], name: str) -> None:
    """Raise ContentError if the packets end long before the declared duration, `seconds`."""
    ends = [(p.pts + (p.duration or 0)) * p.time_base for p in packets if p.pts is not None]
    if ends and max(ends) < seconds - max(1.0, (1 - _MOST_SHOWN) * seconds):
        there = seconds_there(float(max(ends)), seconds)
        raise ContentError(f"{name} is truncated: {there}")


def _frames(
    packets: list[VideoPacket], indices: list[int], name: str
) -> tuple[dict[int, Pixels], dict[int, float], int]:
    """Decode packets up to the last of the frames `indices`.

    Return the pixels and the times in seconds of these frames by frame number, and the number of
    decoded frames.
    """
    numbers, last = set(indices), max(indices)
    most = min(MAX_PIXELS, MAX_CLIP_PIXELS // len(indices))
    pixels: dict[int, Pixels] = {}
    seconds: dict[int, float] = {}
    index = -1
    _refuse_large(packets[0].stream.codec_context, most, name)
    decoded_frames = (frame for packet in packets for frame in packet.decode())
    for index, frame in enumerate(decoded_frames):
        if index in numbers:
            _refuse_large(frame, most, name)
            pixels[index] = _upright(frame)
            seconds[index] = float(frame.time or 0)
        if index >= last:
            break
    return pixels, seconds, index + 1


def _refuse_large(picture: VideoFrame | VideoCodecContext, most: int, name: str) -> None:
    """Raise ContentError if a frame has more than `most` pixels.

    `picture` is the frame, or the stream whose frames have this size.
    """
    area = picture.width * picture.height
    if area > most:
        fewer = "; lower the option frames or max_frames"
        advice = " (a decompression bomb?)" if area > MAX_PIXELS else fewer
        raise ContentError(
            f"{name} has frames of {picture.width} x {picture.height} pixels, more than the limit"
            f" of {most:,}{advice}"
        )


def _upright(frame: VideoFrame) -> Pixels:
    import numpy as np

    pixels = frame.to_ndarray(format="rgb24")
    return np.ascontiguousarray(np.rot90(pixels, (frame.rotation // 90) % 4))


def _cropped(pixels: Pixels, view: View | None) -> Pixels:
    """Crop a frame [h, w, 3] to a square of its shorter side if the view has several crops."""
    if view is None or view.crops == 1:
        return pixels
    height, width = pixels.shape[:2]
    side = min(height, width)
    at = round((max(height, width) - side) * view.crop / (view.crops - 1))
    return pixels[at : at + side] if height > width else pixels[:, at : at + side]
