"""The encoded packets of a video: limits, and whether the file is complete."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from mmbench.errors import ContentError
from mmbench.media.containers import default_stream, demuxed, is_image, is_mp4, missing_entries
from mmbench.media.truncation import Cut, find_cut, seconds_there
from mmbench.validation.inflation import is_inflated

if TYPE_CHECKING:
    from typing import TypeAlias, TypeGuard

    from av import VideoStream
    from av.container import InputContainer
    from av.packet import Packet
    from av.stream import Stream

    VideoPacket: TypeAlias = Packet[VideoStream]

# Limit of packets in a video: 3 GiB of Python objects, or 11 hours at 60 frames/s with audio.
MAX_PACKETS = 1 << 22

MOST_SHOWN = 0.9  # fraction of a video; if less is decoded, the video counts as truncated

_CLOCK = re.compile(r"(\d+):(\d+):(\d+(?:\.\d+)?)", re.ASCII)  # hours, minutes and seconds


def read_packets(
    container: InputContainer, data: bytes, name: str
) -> tuple[list[VideoPacket], int]:
    """Return the encoded packets of the video stream and the number of displayed frames.

    Raises ContentError, with `name` in its message, if there is no video stream, if it has no
    frames, if the file is truncated, and if it has too many packets.
    """
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


def from_first_key(packets: list[VideoPacket]) -> int:
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
    if ends and max(ends) < seconds - max(1.0, (1 - MOST_SHOWN) * seconds):
        there = seconds_there(float(max(ends)), seconds)
        raise ContentError(f"{name} is truncated: {there}")
