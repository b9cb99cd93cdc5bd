"""Splitting of chained Ogg files, which hold consecutive streams (e.g. recordings of web radio)."""

from __future__ import annotations

from collections.abc import Iterator

_PAGE, _HEADER = b"OggS", 27
_BEGINS = 2  # the flag of the first page of a logical stream


def links(data: bytes) -> list[bytes]:
    """Split a chained Ogg file into its links, which are complete Ogg files (RFC 3533, section 4).

    Each link begins with the first pages of its streams. Other data is returned as a single link.
    """
    if not data.startswith(_PAGE):
        return [data]
    starts, beginning = [0], True
    for at, flags in _pages(data):
        begins = bool(flags & _BEGINS)
        if begins and not beginning:
            starts.append(at)
        beginning = begins
    ends = [*starts[1:], len(data)]
    return [data[start:end] for start, end in zip(starts, ends, strict=True)]


def _pages(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield the offset and the header flags of each page."""
    at = data.find(_PAGE)
    while 0 <= at <= len(data) - _HEADER:
        yield at, data[at + 5]
        body = at + _HEADER + data[at + 26]
        at = data.find(_PAGE, body + sum(data[at + _HEADER : body]))
