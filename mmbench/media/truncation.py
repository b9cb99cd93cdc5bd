"""Detection of truncated audio and video files from their bytes.

A file is truncated if it ends before a position that its own headers declare: the end of the chunk,
box or segment with the media, or of the last page, packet, tag, element or block. Formats without
such declarations (raw MPEG audio and AAC) are not checked here.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from mmbench.media.animations import GIF, PNG, ends_within_a_block, ends_within_a_chunk
from mmbench.media.chunks import Chunk, ChunkLayout, chunks, layout_of
from mmbench.media.matroska import EBML, ends_within_an_element, segment_of


class Cut(NamedTuple):
    """A truncation that was detected in a file.

    `share` is the fraction of the media that is present, 0 if unknown. `reason` is a phrase for
    messages.
    """

    share: float
    reason: str


# Packet sizes of MPEG-TS in bytes (ISO 13818-1; 192 on Blu-ray, 204 with error correction), with
# the offset of the sync byte in a packet.
_TS_PACKETS = ((188, 0), (192, 4), (204, 0))
_TS_SYNC = b"G"
_TS_LOOKED_AT = 50  # packets compared to determine the packet size

_FLV_TAGS = {8, 9, 18}  # audio, video, script


def find_cut(data: bytes) -> Cut | None:
    """Detect truncation of an audio or video file; None if it is complete or cannot be checked."""
    if data.startswith(b"OggS"):
        return _torn("page") if _ends_within_a_page(data) else None
    if data.startswith(b"FLV\x01"):
        return _torn("tag") if _ends_within_a_tag(data) else None
    if data.startswith(EBML):
        return _matroska(data)
    if data.startswith(GIF):
        return _torn("block") if ends_within_a_block(data) else None
    if data.startswith(PNG):
        return _torn("chunk") if ends_within_a_chunk(data) else None
    if data.startswith(b".snd"):
        return _sun_audio(data)
    if data.startswith(b"NIST_1A"):
        return _sphere(data)
    if (layout_and_start := layout_of(data)) is not None:
        return _chunked(data, *layout_and_start)
    return _torn("packet") if _ends_within_a_packet(data) else None


def seconds_there(there: float, whole: float) -> str:
    """Return "1.5 of 3.0 seconds are present", for `there` and `whole` seconds.

    The numbers have 3 decimals if they would be equal with one.
    """
    digits = 1 if whole >= 1 and whole - there >= 0.1 else 3
    return f"{there:.{digits}f} of {whole:.{digits}f} seconds are present"


def _torn(part: str) -> Cut:
    return Cut(0.0, f"its last {part} is incomplete")


def _share(there: int, claimed: int, slack: int = 0) -> Cut | None:
    """Return the truncation of a file with `there` of `claimed` media bytes, None if complete.

    The file counts as complete if at most `slack` bytes are missing.
    """
    there = max(0, there)
    if there >= claimed - slack:
        return None
    return Cut(there / claimed, f"{there:,} of {claimed:,} bytes are present")


def _chunked(data: bytes, layout: ChunkLayout, start: int) -> Cut | None:
    every = _sized(data, list(chunks(data, layout, start)))
    media = [(c.id, c.start, c.size) for c in every if c.id in layout.payload and c.size]
    if not media:
        return None
    last, begin, size = media[-1]
    cut = _share(len(data) - begin, size, layout.slack)
    # If there are several such chunks (MP4 fragments), their original number is unknown.
    several = sum(id == last for id, _, _ in media) > 1
    return _torn("part") if cut is not None and several else cut


def _sized(data: bytes, every: list[Chunk]) -> list[Chunk]:
    """Return the chunks `every`, with the size of the last chunk filled in if it is unknown.

    The size comes from the `ds64` chunk of an RF64 file (EBU Tech 3306).
    """
    large = next((chunk for chunk in every if chunk.id == b"ds64"), None)
    if large is None or not every or every[-1].id != b"data" or every[-1].size is not None:
        return every
    size = int.from_bytes(data[large.start + 8 : large.start + 16], "little")
    return [*every[:-1], every[-1]._replace(size=size or None)]


def _matroska(data: bytes) -> Cut | None:
    """Return the truncation of a Matroska file, detected from the declared size of its segment.

    In a live recording, which declares no size, the last element is checked instead.
    """
    segment = segment_of(data)
    if segment is None:
        return None
    start, size = segment
    if size is None:
        return _torn("element") if ends_within_an_element(data, start) else None
    return _share(len(data) - start, size)


def _sun_audio(data: bytes) -> Cut | None:
    start, size = (int.from_bytes(data[at : at + 4], "big") for at in (4, 8))
    return None if size in (0, 0xFFFFFFFF) else _share(len(data) - start, size)


def _sphere(data: bytes) -> Cut | None:
    """Return the truncation of a NIST SPHERE file, detected from the sample count in its header."""
    head = data[:1024].split(b"end_head")[0]
    size = data[8:16].strip()
    fields = dict(re.findall(rb"(\w+) -(?:i|s\d+) (\d+)", head))
    names = (b"sample_count", b"channel_count", b"sample_n_bytes")
    coding = re.search(rb"sample_coding -s\d+ (\S+)", head)
    compressed = (
        coding is not None and b"," in coding[1]
    )  # such as pcm,embedded-shorten, without a fixed sample size
    if compressed or not size.isdigit() or any(name not in fields for name in names):
        return None
    samples, channels, width = (int(fields[name]) for name in names)
    return _share(len(data) - int(size), samples * channels * width)


def _ends_within_a_page(data: bytes) -> bool:
    """Return whether the last page of an Ogg file is truncated (RFC 3533).

    A missing end-of-stream flag does not count, since broadcast recordings have none.
    """
    at = data.rfind(b"OggS")
    if at + 27 > len(data):
        return True
    segments = data[at + 26]
    table = data[at + 27 : at + 27 + segments]
    return at + 27 + segments + sum(table) > len(data)


def _ends_within_a_tag(data: bytes) -> bool:
    """Return whether the last tag of a Flash video is truncated.

    The size field after the last tag may be missing. The video ends at the first data that is not a
    tag.
    """
    at = int.from_bytes(data[5:9], "big") + 4
    while at + 11 <= len(data):
        if data[at] & 0x1F not in _FLV_TAGS:
            return False
        at += 11 + int.from_bytes(data[at + 1 : at + 4], "big")
        if at > len(data):
            return True
        at += 4
    return at < len(data) and data[at] & 0x1F in _FLV_TAGS


def _ends_within_a_packet(data: bytes) -> bool:
    """Return whether the last packet of an MPEG-TS file is truncated.

    MPEG-TS has neither a length nor a frame count, so truncation between two packets is not
    detected. Trailing data that does not begin like a packet is ignored. libavformat's flag for
    corrupt packets is not used, because it also marks places where complete files were joined.
    """
    for size, at in _TS_PACKETS:
        if set(data[at : size * _TS_LOOKED_AT : size]) == set(_TS_SYNC):
            rest = data[len(data) - len(data) % size :]
            return bool(rest) and rest[at : at + 1] in (b"", _TS_SYNC)
    return False
