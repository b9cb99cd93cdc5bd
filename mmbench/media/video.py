"""From the encoded bytes of a video to the frames that a model looks at."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

from mmbench.errors import ContentError
from mmbench.media.encoded import shown
from mmbench.types import Clip, Frames, View

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]


def decode_video(data: bytes, name: str, frames: Frames, view: View | None = None) -> Clip:
    """The wanted frames of a video: uint8 [t, h, w, 3], RGB, upright, with their times in seconds.

    Frames are chosen by their number in the order of showing, whatever their distance in time: of a
    variable rate each frame counts once. Raises ContentError, naming `name`, for what is no video,
    has no frame, or cannot be decoded up to the last frame that is wanted.
    """
    import av
    import numpy as np

    name = shown(name)
    try:
        wanted = chosen(count_frames(data, name), frames, view)
        found, seconds = _frames(data, set(wanted))
    except av.FFmpegError as error:
        raise ContentError(f"{name}: cannot be decoded as a video: {error.strerror}") from error
    if missing := set(wanted) - found.keys():
        raise ContentError(f"{name}: is cut short: frame {min(missing)} cannot be decoded")
    pictures = [_cropped(found[index], view) for index in wanted]
    if len({picture.shape for picture in pictures}) > 1:
        raise ContentError(f"{name}: changes its size between frames")
    return Clip(np.stack(pictures), tuple(seconds[index] for index in wanted))


def chosen(n: int, frames: Frames, view: View | None = None) -> list[int]:
    """The numbers, from 0, of the frames that are looked at, of a video of n frames.

    Without a stride floor((i + 1/2) · span / count) of the view's span; with one, windows of
    (count - 1) · stride + 1 frames, whose starts are spread evenly. A video that is shorter than a
    window ends with its last frame repeated.
    """
    clip, clips = (view.clip, view.clips) if view else (0, 1)
    if frames.stride is None:
        start, end = clip * n / clips, (clip + 1) * n / clips
        step = (end - start) / frames.count
        return [min(n - 1, int(start + (i + 0.5) * step)) for i in range(frames.count)]
    last = max(0, n - 1 - (frames.count - 1) * frames.stride)
    begin = last // 2 if clips == 1 else round(last * clip / (clips - 1))
    return [min(n - 1, begin + i * frames.stride) for i in range(frames.count)]


def count_frames(data: bytes, name: str) -> int:
    """How many frames a video shows, by decoding none of them where its packets can be counted.

    Raises ContentError for a file without a video stream or without frames, av.FFmpegError for one
    that cannot be opened.
    """
    import av

    with av.open(BytesIO(data)) as container:
        if not container.streams.video:
            raise ContentError(f"{name}: has no video stream")
        stream = container.streams.video[0]
        packets = [packet.is_discard for packet in container.demux(stream) if packet.size]
        claimed = stream.frames
    if len(packets) < claimed:
        raise ContentError(f"{name}: is cut short: {len(packets)} of {claimed} frames are there")
    n = packets.count(False)
    if not n:
        raise ContentError(f"{name}: has no frames")
    return n


def _frames(data: bytes, wanted: set[int]) -> tuple[dict[int, Pixels], dict[int, float]]:
    """The wanted frames by number. Others are decoded on the way, and not kept."""
    import av

    found: dict[int, Pixels] = {}
    seconds: dict[int, float] = {}
    with av.open(BytesIO(data)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        for index, frame in enumerate(container.decode(stream)):
            if index in wanted:
                found[index] = _upright(frame)
                seconds[index] = float(frame.time or 0)
            if index >= max(wanted):
                break
    return found, seconds


def _upright(frame: Any) -> Pixels:
    import numpy as np

    pixels = frame.to_ndarray(format="rgb24")
    return np.ascontiguousarray(np.rot90(pixels, (frame.rotation // 90) % 4))


def _cropped(pixels: Pixels, view: View | None) -> Pixels:
    """A square of the shorter side, where a view has crops."""
    if view is None or view.crops == 1:
        return pixels
    height, width = pixels.shape[:2]
    side = min(height, width)
    at = round((max(height, width) - side) * view.crop / (view.crops - 1))
    return pixels[at : at + side] if height > width else pixels[:, at : at + side]
