"""Iteration over the chunks of a media file: RIFF, AIFF, W64, CAF, VOC, MP4 boxes, ASF objects.

In all of these formats, a file is a list of chunks, each with an id, a size and a body. The formats
differ in field widths, byte order, and whether the size includes the id and size fields.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple


class ChunkLayout(NamedTuple):
    """The layout of chunks in a file format."""

    id: int  # width of the id in bytes
    size: int  # width of the size field in bytes
    order: Literal["little", "big"]
    payload: frozenset[bytes]  # ids of the chunks that contain audio or video data
    counted: bool = False  # whether the size includes the id and size fields
    align: int = 1  # alignment of chunks in bytes
    size_first: bool = False  # whether the size precedes the id, as in ISO boxes
    slack: int = 0  # payload bytes that may be missing from a complete file


class Chunk(NamedTuple):
    """A chunk of a file: its id, and the size of its body in bytes.

    `size_at` and `start` are the file offsets of the size field and of the body. `size` is None if
    the writer of the file did not know it. The declared body may extend beyond the end of the file.
    """

    id: bytes
    size_at: int
    start: int
    size: int | None


_W64_RIFF = bytes.fromhex("726966662e91cf11a5d628db04c10000")
_W64_DATA = bytes.fromhex("64617461f3acd3118cd100c04f8edb8a")
_ASF_HEADER = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_ASF_DATA = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")
_ISO_FIRST = {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"styp", b"moof", b"sidx"}

# Some programs that write WAV or AIFF include the header in the declared size of the samples.
_SLACK = 64

_WAV = ChunkLayout(4, 4, "little", frozenset({b"data"}), align=2, slack=_SLACK)
_WAV_BIG = _WAV._replace(order="big")
_AVI = ChunkLayout(4, 4, "little", frozenset({b"RIFF"}), align=2)
_AIFF = ChunkLayout(4, 4, "big", frozenset({b"SSND", b"BODY"}), align=2, slack=_SLACK)
_W64 = ChunkLayout(16, 8, "little", frozenset({_W64_DATA}), counted=True, align=8)
_CAF = ChunkLayout(4, 8, "big", frozenset({b"data"}))
_VOC = ChunkLayout(1, 3, "little", frozenset({b"\x01", b"\x02", b"\x09"}))
_ASF = ChunkLayout(16, 8, "little", frozenset({_ASF_HEADER, _ASF_DATA}), counted=True)
_ISO = ChunkLayout(
    4, 4, "big", frozenset({b"mdat", b"moov", b"moof"}), counted=True, size_first=True
)


def layout_of(data: bytes) -> tuple[ChunkLayout, int] | None:
    """Return the chunk layout of a file and the offset of its first chunk.

    Return None for formats without chunks.
    """
    first, form = data[:4], data[8:12]
    if first in (b"RIFF", b"RF64", b"BW64"):
        return (_AVI, 0) if form in (b"AVI ", b"AVIX") else (_WAV, 12)
    if first == b"RIFX":
        return _WAV_BIG, 12
    if first == b"FORM" and form in (b"AIFF", b"AIFC", b"8SVX", b"16SV"):
        return _AIFF, 12
    if first == b"caff":
        return _CAF, 8
    if data[:16] == _W64_RIFF:
        return _W64, 40
    if data[:16] == _ASF_HEADER:
        return _ASF, 0
    if data[:20] == b"Creative Voice File\x1a":
        return _VOC, int.from_bytes(data[20:22], "little")
    return (_ISO, 0) if data[4:8] in _ISO_FIRST else None


def chunks(data: bytes, layout: ChunkLayout, start: int) -> Iterator[Chunk]:
    """Yield the chunks from offset `start` on, up to and including a chunk of unknown size."""
    at, head = start, layout.id + layout.size
    while at + head <= len(data):
        chunk = _chunk(data, layout, at)
        yield chunk
        if chunk.size is None or chunk.size < 0:
            return
        at = chunk.start + chunk.size
        at += -at % layout.align


def _chunk(data: bytes, layout: ChunkLayout, at: int) -> Chunk:
    id_at, size_at = (at + layout.size, at) if layout.size_first else (at, at + layout.id)
    id = data[id_at : id_at + layout.id]
    start = at + layout.id + layout.size
    size = int.from_bytes(data[size_at : size_at + layout.size], layout.order)
    if layout.size_first and size == 1:  # an ISO box of more than 4 GB: 64 bits after the id
        size, start = int.from_bytes(data[start : start + 8], "big"), start + 8
    if _is_placeholder(size, layout.size):
        return Chunk(id, size_at, start, None)
    size -= start - at if layout.counted else 0
    unknown = id in layout.payload and (size < 0 or (size == 0 and _is_raw(data, layout, start)))
    return Chunk(id, size_at, start, None if unknown else size)


def _is_placeholder(size: int, width: int) -> bool:
    """Return whether a size field of `width` bytes means "unknown", as in a file written to a pipe.

    In fields of 32 bits, the placeholder is all ones in FFmpeg, 0x7FFFF000 (WAV) or 0x7F000000
    (AIFF) in SoX, and 0x80000000 in arecord, each with a small offset for the header size. In
    fields of 64 bits, sizes from 2⁶² on, which no file can have, count as unknown.
    """
    if width == 8:
        return size >= 1 << 62
    near = (0x7F000000, 0x7FFFF000, 0x80000000, 0xFFFFFFFF)
    return width == 4 and any(abs(size - one) < 1 << 16 for one in near)


def _is_raw(data: bytes, layout: ChunkLayout, at: int) -> bool:
    """Return whether media data begins at offset `at`, rather than a chunk or the end of file."""
    if at + layout.id + layout.size > len(data):
        return at < len(data)
    id_at = at + layout.size * layout.size_first
    id = data[id_at : id_at + layout.id]
    return not all(32 <= byte < 127 for byte in id[:4])
