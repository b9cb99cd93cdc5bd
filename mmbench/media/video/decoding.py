"""Decoding of the selected frames of a video, with limits of pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mmbench.errors import ContentError, SampleError
from mmbench.media.containers import media_type, open_container
from mmbench.media.encoded import printable_name
from mmbench.media.frame_tables import refuse_false_table
from mmbench.media.image import MAX_PIXELS
from mmbench.media.truncation import find_cut
from mmbench.media.video.packets import MOST_SHOWN, from_first_key, read_packets
from mmbench.media.video.selection import Selection
from mmbench.types import EncodedVideo, Frames, VideoFrames, View

if TYPE_CHECKING:
    from typing import TypeAlias

    import numpy as np
    from av import FFmpegError, VideoCodecContext, VideoFrame
    from numpy.typing import NDArray

    from mmbench.media.video.packets import VideoPacket

    Pixels: TypeAlias = NDArray[np.uint8]

# Limit of pixels in all selected frames of a video together: 3 GiB, or 32 frames of 8K.
MAX_CLIP_PIXELS = 1 << 30


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
        clip = _decoded(data, name, Selection(frames, view, span), None)
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


class _Decoded(NamedTuple):
    """The selected frame numbers, pixels and times by frame number, and start and duration of the
    part in seconds.
    """

    indices: list[int]
    pixels: dict[int, Pixels]
    seconds: dict[int, float]
    start: float
    duration: float | None


def _decoded(data: bytes, name: str, selection: Selection, n: int | None) -> _Decoded:
    """Decode the selected frames.

    They are selected from the first `n` frames, or from all frames of the video if `n` is None.
    """
    import av

    refuse_false_table(data, name)
    try:
        with open_container(data) as container:
            packets, there = read_packets(container, data, name)
            whole = from_first_key(packets)
            indices, start, duration = selection.choose(n or there, packets, name)
            pixels, seconds, decoded = _frames(packets, indices, name)
    except av.FFmpegError as error:
        raise _undecodable(data, name, error) from error
    if not (missing := set(indices) - pixels.keys()):
        return _Decoded(indices, pixels, seconds, start, duration)
    if n or decoded < MOST_SHOWN * whole:
        raise ContentError(f"{name} is truncated: frame {min(missing)} cannot be decoded")
    return _decoded(data, name, selection, decoded)


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
            return read_packets(container, data, name)[1]
    except av.FFmpegError as error:
        raise _undecodable(data, name, error) from error


def _undecodable(data: bytes, name: str, error: FFmpegError) -> ContentError:
    """Return the error for data that FFmpeg cannot decode, usually because it is truncated."""
    cut = find_cut(data)
    reason = error.strerror if cut is None else f"it is truncated ({cut.reason})"
    return ContentError(f"{name} cannot be decoded as a video: {reason}")


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
