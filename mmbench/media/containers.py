"""What libavformat tells of an open container, for sounds and for videos."""

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
    """Open the bytes of a sound or a video, and nothing that they name.

    A playlist (ffconcat) names files of this machine, a session description (SDP) addresses to
    listen at and send to. Raises an error of PyAV for what is no container.
    """
    import av

    # A decoding thread that logs through Python waits for this one; torchvision turns that on.
    av.logging.set_level(None)
    closed = {"protocol_whitelist": "none"}  # for what is opened from within
    return av.open(BytesIO(data), "r", metadata_errors="replace", options=closed)


def default_stream(streams: Iterable[S]) -> S | None:
    """Return the stream that a player shows: the first that is marked as default, else the first.

    The picture on the cover of a sound is no stream of a video. None where nothing is left.
    """
    from av.stream import Disposition

    candidates = [one for one in streams if not one.disposition & Disposition.attached_pic]
    marked = [one for one in candidates if one.disposition & Disposition.default]
    return next(iter(marked or candidates), None)


def is_image(container: InputContainer) -> bool:
    """Return whether a file is one image, which FFmpeg shows as a video of one frame.

    GIF and animated PNG are videos.
    """
    names = container.format.name
    return names.endswith("_pipe") or names == "ico" or _brand(container) in _IMAGES


def _brand(container: InputContainer) -> str:
    return str(container.metadata.get("major_brand", "")).strip()


def demuxed(packets: Iterator[Packet[S]]) -> Iterator[Packet[S]]:
    """Yield the packets that `demux` of a container gives, an empty one of each stream included.

    The empty ones make decoders give their last frames. Streams that begin within the file, as in a
    recording of a broadcast, are not among them.
    """
    try:
        yield from packets
    except IndexError:
        # PyAV ends with it, behind the last empty packet, where libavformat found such a stream.
        return


def is_mp4(container: InputContainer) -> bool:
    """Return whether a container is of the family of MP4: MOV, M4A, 3GP."""
    return "mp4" in container.format.name


def missing_entries(container: InputContainer, stream: Stream, size: int) -> Cut | None:
    """Return what is missing of a stream of an MP4 of `size` bytes, by the index of its frames.

    An entry of the index says where a frame is; frames that the edit list hides have none. Other
    containers have no index, or an incomplete one.
    """
    if not is_mp4(container):
        return None
    entries = stream.index_entries
    there = sum(entry.pos + entry.size <= size for entry in entries)
    if there == len(entries):
        return None
    return Cut(there / len(entries), f"{there} of {len(entries)} frames are there")
