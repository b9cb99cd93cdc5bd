"""Properties of an open libavformat container, for audio and video."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import TYPE_CHECKING, TypeVar

from mmbench.media.truncation import Cut

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.stream import Stream

S = TypeVar("S", bound="Stream")

_IMAGES = ("avif", "heic", "mif1")  # brands of MP4 that hold one image


def open_container(data: bytes) -> InputContainer:
    """Open the bytes of an audio or video file, without following references to other files.

    A playlist (ffconcat) names local files, a session description (SDP) network addresses. Raises
    an error of PyAV for data that is not a container.
    """
    import av

    # A decoding thread that logs through Python waits for this thread; torchvision enables that.
    av.logging.set_level(None)
    closed = {"protocol_whitelist": "none"}  # for files that the container refers to
    return av.open(BytesIO(data), "r", metadata_errors="replace", options=closed)


def default_stream(streams: Iterable[S]) -> S | None:
    """Return the stream that a player shows: the first one marked as default, else the first.

    Cover images are not video streams. Return None if no stream is left.
    """
    from av.stream import Disposition

    candidates = [one for one in streams if not one.disposition & Disposition.attached_pic]
    marked = [one for one in candidates if one.disposition & Disposition.default]
    return next(iter(marked or candidates), None)


def is_image(container: InputContainer) -> bool:
    """Return whether a file is a single image, which FFmpeg reads as a video of one frame.

    GIF and animated PNG are videos.
    """
    names = container.format.name
    return names.endswith("_pipe") or names == "ico" or _brand(container) in _IMAGES


def _brand(container: InputContainer) -> str:
    return str(container.metadata.get("major_brand", "")).strip()


def demuxed(packets: Iterator[Packet[S]]) -> Iterator[Packet[S]]:
    """Yield the packets from `demux` of a container, including an empty packet per stream.

    The empty packets make decoders return their last frames. Streams that begin within the file, as
    in a broadcast recording, have none.
    """
    try:
        yield from packets
    except IndexError:
        # PyAV raises it after the last empty packet if libavformat found such a stream.
        return


def is_mp4(container: InputContainer) -> bool:
    """Return whether a container is of the MP4 family: MP4, MOV, M4A, 3GP."""
    return "mp4" in container.format.name


def missing_entries(container: InputContainer, stream: Stream, size: int) -> Cut | None:
    """Return how much of a stream of an MP4 of `size` bytes is missing, by its frame index.

    An index entry gives the position of a frame; frames hidden by the edit list have none. Other
    containers have no index, or an incomplete one.
    """
    if not is_mp4(container):
        return None
    entries = stream.index_entries
    there = sum(entry.pos + entry.size <= size for entry in entries)
    if there == len(entries):
        return None
    return Cut(there / len(entries), f"{there} of {len(entries)} frames are there")
