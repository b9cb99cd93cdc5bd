"""Detection of MP4 frame tables that declare more frames than the file can hold.

libavformat allocates memory for the declared number of frames, and a file of a kilobyte may declare
a billion (ISO/IEC 14496-12, `stsz`, `stz2` and `trun`).
"""

from __future__ import annotations

from collections.abc import Iterator

from mmbench.errors import ContentError
from mmbench.media.chunks import ChunkLayout, chunks, layout_of

_PARENTS = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl", b"moof", b"traf"})
_COUNT_AT = {b"stsz": 8, b"stz2": 8, b"trun": 4}  # offset of the frame count in a table
_DEEPEST = 5  # moov, trak, mdia, minf, stbl


def refuse_false_table(data: bytes, name: str) -> None:
    """Raise ContentError if an MP4 frame table declares more frames than the file has bytes."""
    layout_and_start = layout_of(data)
    if layout_and_start is None or not layout_and_start[0].size_first:
        return
    claimed = max(_counts(data, layout_and_start[0]), default=0)
    if claimed > len(data):
        raise ContentError(
            f"{name} is truncated or damaged: it declares {claimed:,} frames in {len(data):,} bytes"
        )


def _counts(data: bytes, layout: ChunkLayout, depth: int = 0) -> Iterator[int]:
    for box in chunks(data, layout, 0):
        body = slice(box.start, None if box.size is None else box.start + max(0, box.size))
        if box.id in _PARENTS and depth < _DEEPEST:
            yield from _counts(data[body], layout, depth + 1)
        elif box.id in _COUNT_AT:
            at = box.start + _COUNT_AT[box.id]
            yield int.from_bytes(data[at : at + 4], "big")
