"""Helpers for containers of audio and video opened with libavformat (PyAV)."""

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

_HEADER = 64  # bytes that hold the type of a Matroska document
_MEDIA_TYPES = {"avi": "video/x-msvideo", "asf": "video/x-ms-wmv", "gif": "image/gif"}
_IMAGES = ("avif", "heic", "mif1")  # major brands of MP4 files that contain one image


def open_container(data: bytes) -> InputContainer:
    """Open the bytes of an audio or video file without following references to other files.

    A playlist (ffconcat) may refer to local files, and a session description (SDP) to network
    addresses. Raises an error of PyAV for data that is not a container.
    """
    import av

    # Avoid a deadlock: torchvision enables logging through Python, which blocks decoding threads.
    av.logging.set_level(None)
    closed = {"protocol_whitelist": "none"}  # forbids opening referenced files
    return av.open(BytesIO(data), "r", metadata_errors="replace", options=closed)


def default_stream(streams: Iterable[S]) -> S | None:
    """Return the first stream marked as default, else the first stream, as players do.

    Cover images are skipped. Return None if there is no other stream.
    """
    from av.stream import Disposition

    candidates = [one for one in streams if not one.disposition & Disposition.attached_pic]
    marked = [one for one in candidates if one.disposition & Disposition.default]
    return next(iter(marked or candidates), None)


def is_image(container: InputContainer) -> bool:
    """Return whether a file is a still image, which FFmpeg reads as a video of one frame.

    GIF and animated PNG count as videos.
    """
    names = container.format.name
    return names.endswith("_pipe") or names == "ico" or _brand(container) in _IMAGES


def _brand(container: InputContainer) -> str:
    return str(container.metadata.get("major_brand", "")).strip()


def demuxed(packets: Iterator[Packet[S]]) -> Iterator[Packet[S]]:
    """Yield the packets of PyAV's `demux`, including the empty last packet of each stream.

    The empty packets make decoders return their last frames. Streams that begin in the middle of a
    file, as in a broadcast recording, have no empty packet.
    """
    try:
        yield from packets
    except IndexError:
        # PyAV raises IndexError after the last empty packet if the file has such a stream.
        return


def is_mp4(container: InputContainer) -> bool:
    """Return whether a container is MP4, MOV, M4A or 3GP."""
    return "mp4" in container.format.name


def media_type(container: InputContainer, data: bytes) -> str:
    """Return the media type of a video file, such as `video/mp4`; `data` are the file's bytes."""
    if is_mp4(container):
        return "video/quicktime" if _brand(container) == "qt" else "video/mp4"
    name = container.format.name
    if name.startswith("matroska"):
        return "video/webm" if b"webm" in data[:_HEADER] else "video/x-matroska"
    return _MEDIA_TYPES.get(name, "video/mpeg" if "mpeg" in name else f"video/x-{name}")


def missing_entries(container: InputContainer, stream: Stream, size: int) -> Cut | None:
    """Detect truncation of a stream in an MP4 file of `size` bytes by its frame index.

    An index entry gives the file offset of a frame; frames hidden by the edit list have no entry.
    Return None if all entries lie within the file, and for containers other than MP4, which have no
    complete index.
    """
    if not is_mp4(container):
        return None
    entries = stream.index_entries
    there = sum(entry.pos + entry.size <= size for entry in entries)
    if there == len(entries):
        return None
    return Cut(there / len(entries), f"{there} of {len(entries)} frames are present")
