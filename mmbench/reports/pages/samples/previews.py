"""Small copies of images and videos for pages."""

from __future__ import annotations

from fractions import Fraction
from io import BytesIO
from typing import TYPE_CHECKING

from mmbench.errors import ContentError
from mmbench.media.image import decode_image
from mmbench.media.sound import decode_sound
from mmbench.media.video import count_frames, decode_video
from mmbench.types import Frames, VideoFrames

if TYPE_CHECKING:
    from av.container import OutputContainer
    from PIL.Image import Image

_RATE = 8000  # Hz at which sounds are decoded to check them
MOST_FRAMES = 240  # frames of a video that `to_webm` encodes
MOST_PIXELS = 1 << 26  # pixels of these frames before they are scaled, 192 MiB


def decode_preview(
    data: bytes, name: str, modality: str, span: tuple[float, float] | None = None
) -> Image:
    """Decode an image, or the middle frame of a video, to a PIL image in RGB, upright.

    With a `span`, from start to end in seconds, it is the middle frame of this part of the video.
    Raises the errors of `decode_image` and `decode_video`: for a medium that is unreadable, is
    truncated or has too many pixels.
    """
    if modality != "video":
        return decode_image(data, name)
    from PIL import Image

    return Image.fromarray(decode_video(data, name, Frames(1), span=span).frames[0])


def check_sound(data: bytes, name: str) -> None:
    """Raise the errors of `decode_sound` for a file that is not audio, although it begins like it.

    A text in UTF-16 begins like a frame of MP3.
    """
    decode_sound(data, name, _RATE)


def shrink(picture: Image, side: int) -> bytes:
    """Return an image as WebP with at most `side` x `side` pixels; smaller images keep their size.

    The aspect ratio is kept. `picture` is not changed.
    """
    small = picture.copy()
    small.thumbnail((side, side))
    stream = BytesIO()
    small.save(stream, "WEBP", quality=82)
    return stream.getvalue()


def to_webm(data: bytes, name: str, side: int) -> bytes:
    """Return a silent copy of a video as WebM (VP8), for browsers that do not play the original.

    It has at most `MOST_FRAMES` frames, spread evenly, of at most `side` x `side` pixels. Raises
    the errors of `decode_video`, and ContentError if FFmpeg cannot encode the frames.
    """
    import av

    height, width = decode_video(data, name, Frames(1)).frames.shape[1:3]
    most = min(MOST_FRAMES, max(1, MOST_PIXELS // (height * width)))
    clip = decode_video(data, name, Frames(min(most, count_frames(data, name))))
    stream = BytesIO()
    try:
        with av.open(stream, "w", format="webm") as container:
            _encode(container, clip, min(1.0, side / max(height, width)))
    except (av.FFmpegError, av.codec.codec.UnknownCodecError) as error:
        raise ContentError(f"{name} cannot be recoded as WebM: {error}") from error
    return stream.getvalue()


def _encode(container: OutputContainer, clip: VideoFrames, scale: float) -> None:
    """Encode frames as VP8; their sides become even numbers of pixels, as VP8 chroma requires."""
    from av import VideoFrame
    from av.video.reformatter import VideoReformatter

    span = clip.seconds[-1] - clip.seconds[0]
    rate = Fraction((len(clip.seconds) - 1) / span if span > 0 else 1).limit_denominator(1000)
    height, width = (max(2, round(scale * size / 2) * 2) for size in clip.frames.shape[1:3])
    speed = {"deadline": "realtime", "cpu-used": "8", "threads": "1"}
    scaler = VideoReformatter()  # keeps its context, which takes longer than scaling a small frame
    track = container.add_stream("libvpx", rate=rate or 1, options=speed)
    track.width, track.height, track.pix_fmt = width, height, "yuv420p"
    track.bit_rate = 1_000_000
    for pixels in clip.frames:
        frame = VideoFrame.from_ndarray(pixels, format="rgb24")
        container.mux(track.encode(scaler.reformat(frame, width, height, "yuv420p")))
    container.mux(track.encode())
