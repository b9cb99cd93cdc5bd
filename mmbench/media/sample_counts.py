"""Parsing of the headers of FLAC and MP3 files that declare the duration of the file."""

from __future__ import annotations

# For MPEG audio (ISO 11172-3, 13818-3), by the two version bits: samples per frame of layer III,
# and sampling rates in Hz by the two rate bits.
_VERSIONS = {3: (1152, (44100, 48000, 32000)), 2: (576, (22050, 24000, 16000))}
_VERSIONS[0] = (576, (11025, 12000, 8000))

# Offset of the Xing header from the end of the 4-byte frame header, which is the size of the side
# information, by version bits and whether the audio is mono.
_SIDE = {(3, False): 32, (3, True): 17, (2, False): 17, (2, True): 9, (0, False): 17, (0, True): 9}
_VBRI_AT = 36
_XING = (b"Xing", b"Info")
_LOOKED_THROUGH = 1 << 16  # bytes in which the first frame of an MP3 is searched


def declared_seconds(data: bytes) -> float | None:
    """Return the duration declared by a FLAC or MP3 file.

    It is read from STREAMINFO, or from the Xing, Info or VBRI header of an MP3. Return None if it
    is unknown (FLAC from a pipe declares 0) and for other formats.
    """
    return _flac(data[8:26]) if data.startswith(b"fLaC") else _mp3(data[:_LOOKED_THROUGH])


def without_tags(data: bytes) -> bytes:
    """Remove leading ID3v2 tags (titles, cover art) and the zeros that pad the last tag.

    If there is a tag, libsndfile does not find the end of a WAV; if there is padding, it does not
    find the header of an MP3.
    """
    at = 0
    while data[at : at + 3] == b"ID3" and len(data) >= at + 10:
        size = 0
        for byte in data[at + 6 : at + 10]:
            size = size << 7 | byte & 0x7F
        at += 10 + size + (10 if data[at + 5] & 0x10 else 0)
    return data[at:].lstrip(b"\0") if at else data


def _flac(streaminfo: bytes) -> float | None:
    """Return the duration in seconds that a STREAMINFO block declares (RFC 9639, section 8.2).

    The block has 20 bits for the sampling rate and 36 bits for the sample count.
    """
    packed = int.from_bytes(streaminfo[10:18], "big")
    rate, samples = packed >> 44, packed & ((1 << 36) - 1)
    return samples / rate if rate and samples else None


def has_xing(data: bytes) -> bool:
    """Return whether the first frame of an MP3 contains a Xing or Info header."""
    head = data[:_LOOKED_THROUGH]
    at = _first_frame(head)
    return at is not None and head[_xing_at(head, at) :][:4] in _XING


def _mp3(head: bytes) -> float | None:
    """Return the duration in seconds from the Xing, Info or VBRI header of an MP3, else None.

    It is computed from the frame count. Samples that the encoder added at both ends are subtracted
    if the LAME header declares them.
    """
    first = _first_frame(head)
    if first is None:
        return None
    per_frame, rates = _VERSIONS[head[first + 1] >> 3 & 3]
    frames, added = _frames(head, _xing_at(head, first), first + _VBRI_AT)
    return max(0, frames * per_frame - added) / rates[head[first + 2] >> 2 & 3] if frames else None


def declared_bytes(data: bytes) -> tuple[int, int] | None:
    """Return the actual and the declared size in bytes of an MP3 with a Xing or Info header.

    Both are counted from the frame that contains the header. Return None if no header declares a
    size.
    """
    head = data[:_LOOKED_THROUGH]
    first = _first_frame(head)
    if first is None:
        return None
    at = _xing_at(head, first)
    flags = int.from_bytes(head[at + 4 : at + 8], "big")
    if head[at : at + 4] not in _XING or not flags & 2:
        return None
    at += 8 + 4 * (flags & 1)
    return len(data) - first, int.from_bytes(head[at : at + 4], "big")


def _first_frame(head: bytes) -> int | None:
    at = head.find(b"\xff")
    while 0 <= at < len(head) - 3:
        if _is_frame(head[at : at + 4]):
            return at
        at = head.find(b"\xff", at + 1)
    return None


def _xing_at(head: bytes, first: int) -> int:
    return first + 4 + _SIDE[head[first + 1] >> 3 & 3, head[first + 3] >> 6 == 3]


def _is_frame(head: bytes) -> bool:
    """Return whether four bytes are a frame header of MPEG audio, layer III."""
    sync = head[0] == 0xFF and head[1] & 0xE0 == 0xE0
    layer, version = head[1] >> 1 & 3, head[1] >> 3 & 3
    bitrate, rate = head[2] >> 4, head[2] >> 2 & 3
    return sync and layer == 1 and version != 1 and bitrate != 15 and rate != 3


def _frames(head: bytes, xing: int, vbri: int) -> tuple[int, int]:
    """Return the frame count and the number of samples that the encoder added; 0 means unknown.

    `xing` and `vbri` are the offsets of these headers in `head`.
    """
    if head[vbri : vbri + 4] == b"VBRI":
        return int.from_bytes(head[vbri + 14 : vbri + 18], "big"), 0
    if head[xing : xing + 4] not in _XING:
        return 0, 0
    flags = int.from_bytes(head[xing + 4 : xing + 8], "big")
    if not flags & 1:
        return 0, 0
    lame = xing + 8 + 4 * bool(flags & 1) + 4 * bool(flags & 2) + 100 * bool(flags & 4)
    lame += 4 * bool(flags & 8)
    # 12 bits each: samples added at the start and at the end.
    padding = int.from_bytes(head[lame + 21 : lame + 24], "big")
    known = head[lame : lame + 4] in (b"LAME", b"Lavf", b"Lavc")
    added = (padding >> 12) + (padding & 0xFFF) if known else 0
    return int.from_bytes(head[xing + 8 : xing + 12], "big"), added
