"""Parsing of element sizes in Matroska and WebM files (RFC 8794, RFC 9559)."""

from __future__ import annotations

EBML = bytes.fromhex("1a45dfa3")

_SEGMENT, _CLUSTER = bytes.fromhex("18538067"), bytes.fromhex("1f43b675")

# Elements of segments and clusters: seek head, info, tracks, chapters, attachments, cues, tags;
# timestamp, position, size of the last cluster, simple block, block group; void, checksum.
_HELD = {
    bytes.fromhex(one)
    for one in (
        *("114d9b74", "1549a966", "1654ae6b", "1043a770", "1941a469", "1c53bb6b", "1254c367"),
        *("e7", "a7", "ab", "a3", "a0", "ec", "bf"),
    )
}


def segment_of(data: bytes) -> tuple[int, int | None] | None:
    """Return the offset and size in bytes of the segment's body.

    The size is None in a live recording. Return None if the file ends before the segment.
    """
    size, at = _number(data, 4)
    at += size
    if data[at : at + 4] != _SEGMENT or at + 5 > len(data):
        return None
    size, start = _number(data, at + 4)
    return start, None if _is_unknown(size, start - at - 4) else size


def ends_within_an_element(data: bytes, at: int) -> bool:
    """Return whether the last element of a segment of unknown size is truncated.

    `at` is the offset of the first element of the segment. The segment ends at the first data that
    is not an element of a segment.
    """
    while at < len(data):
        id_end = at + 9 - max(1, data[at].bit_length())
        id = data[at:id_end]
        size, start = _number(data, id_end)
        if id == _CLUSTER:
            at = start  # continue with the elements inside the cluster
        elif id in _HELD and not _is_unknown(size, start - id_end):
            at = start + size
        else:
            return False
    return at > len(data)


def _number(data: bytes, at: int) -> tuple[int, int]:
    """Parse a variable-length integer at offset `at`.

    Return the integer without its length marker, and the offset of its end.
    """
    width = 9 - data[at].bit_length() if at < len(data) else 1
    value = int.from_bytes(data[at : at + width], "big")
    return value & ((1 << 7 * width) - 1), at + width


def _is_unknown(size: int, width: int) -> bool:
    return size == (1 << 7 * width) - 1
