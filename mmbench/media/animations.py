"""Detection of truncated animated GIF and PNG files.

FFmpeg reads a truncated file as a shorter animation without an error.
"""

from __future__ import annotations

GIF = (b"GIF87a", b"GIF89a")
PNG = b"\x89PNG\r\n\x1a\n"

_EXTENSION, _IMAGE = 0x21, 0x2C


def ends_within_a_block(data: bytes) -> bool:
    """Return whether the last block of a GIF is truncated (GIF89a specification, section 15 ff.).

    A missing trailer does not count as truncation, since some encoders leave it out.
    """
    at = 13 + _colours(data, 10)
    while at < len(data):
        kind = data[at]
        if kind == _EXTENSION:
            at += 2  # the introducer and the label
        elif kind == _IMAGE:
            at += 10 + _colours(data, at + 9) + 1  # the descriptor, and the code size
        else:  # the trailer, or not a block
            return False
        while at < len(data) and data[at]:  # sub-blocks; an empty one is the last
            at += 1 + data[at]
        at += 1
    return at > len(data)


def _colours(data: bytes, at: int) -> int:
    """Return the size in bytes of the colour table that the flag byte at offset `at` declares."""
    flags = data[at] if at < len(data) else 0
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def ends_within_a_chunk(data: bytes) -> bool:
    """Return whether a PNG ends before the end of its IEND chunk."""
    at = len(PNG)
    while at + 12 <= len(data):
        if data[at + 4 : at + 8] == b"IEND":
            return False
        at += 12 + int.from_bytes(data[at : at + 4], "big")
    return True
