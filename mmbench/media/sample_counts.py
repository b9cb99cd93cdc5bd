"""Tags and headers at the start of FLAC and MP3 files, which declare the length."""

from __future__ import annotations

# Of MPEG audio (ISO 11172-3, 13818-3), by the two bits of the version: samples in a frame of layer
# III, and the sampling rates of the first of three kinds.
_VERSIONS = {3: (1152, (44100, 48000, 32000)), 2: (576, (22050, 24000, 16000))}
_VERSIONS[0] = (576, (11025, 12000, 8000))

# Offset of the Xing header after the four bytes of a frame's header: after its side
# information, by version and whether the sound is mono.
_SIDE = {(3, False): 32, (3, True): 17, (2, False): 17, (2, True): 9, (0, False): 17, (0, True): 9}
_VBRI_AT = 36
_XING = (b"Xing", b"Info")
_LOOKED_THROUGH = 1 << 16  # bytes, for the first frame of an MP3


def declared_seconds(data: bytes) -> float | None:
    """Return the length by STREAMINFO, or by the Xing, Info or VBRI header of an MP3.

    Return None if it is unknown (a FLAC from a pipe has 0) and for other formats.
    """
    return _flac(data[8:26]) if data.startswith(b"fLaC") else _mp3(data[:_LOOKED_THROUGH])


def without_tags(data: bytes) -> bytes:
    """Return audio without leading ID3v2 tags, which hold titles and cover art.

    Zeros after the last tag are its padding. libsndfile misses the end of a WAV after a tag, and
    the header of an MP3 after such zeros.
    """
    at = 0
    while data[at : at + 3] == b"ID3" and len(data) >= at + 10:
        size = 0
        for byte in data[at + 6 : at + 10]:
            size = size << 7 | byte & 0x7F
        at += 10 + size + (10 if data[at + 5] & 0x10 else 0)
    return data[at:].lstrip(b"\0") if at else data


def _flac(streaminfo: bytes) -> float | None:
    """Return the seconds in STREAMINFO (RFC 9639, 8.2): 20 bits of rate, 36 of samples."""
    packed = int.from_bytes(streaminfo[10:18], "big")
    rate, samples = packed >> 44, packed & ((1 << 36) - 1)
    return samples / rate if rate and samples else None


def has_xing(data: bytes) -> bool:
    """Return whether the first frame of an MP3 holds a Xing or Info header."""
    head = data[:_LOOKED_THROUGH]
    at = _first_frame(head)
    return at is not None and head[_xing_at(head, at) :][:4] in _XING


def _mp3(head: bytes) -> float | None:
    """Return the length of the frames that the header in the first frame counts.

    The samples that the encoder added at both ends, by LAME's header, are subtracted.
    """
    first = _first_frame(head)
    if first is None:
        return None
    per_frame, rates = _VERSIONS[head[first + 1] >> 3 & 3]
    frames, added = _frames(head, _xing_at(head, first), first + _VBRI_AT)
    return max(0, frames * per_frame - added) / rates[head[first + 2] >> 2 & 3] if frames else None


def declared_bytes(data: bytes) -> tuple[int, int] | None:
    """Return how many bytes of an MP3 exist, and how many its Xing or Info header counts.

    Both begin with the frame that holds the header. Return None if no header counts them.
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
    """Return whether four bytes are the header of a frame of MPEG audio, layer III."""
    sync = head[0] == 0xFF and head[1] & 0xE0 == 0xE0
    layer, version = head[1] >> 1 & 3, head[1] >> 3 & 3
    bitrate, rate = head[2] >> 4, head[2] >> 2 & 3
    return sync and layer == 1 and version != 1 and bitrate != 15 and rate != 3


def _frames(head: bytes, xing: int, vbri: int) -> tuple[int, int]:
    """Return the number of frames, and of samples that the encoder added; 0 if unknown."""
    if head[vbri : vbri + 4] == b"VBRI":
        return int.from_bytes(head[vbri + 14 : vbri + 18], "big"), 0
    if head[xing : xing + 4] not in _XING:
        return 0, 0
    flags = int.from_bytes(head[xing + 4 : xing + 8], "big")
    if not flags & 1:
        return 0, 0
    lame = xing + 8 + 4 * bool(flags & 1) + 4 * bool(flags & 2) + 100 * bool(flags & 4)
    lame += 4 * bool(flags & 8)
    padding = int.from_bytes(
        head[lame + 21 : lame + 24], "big"
    )  # 12 bits each: at the start and the end
    known = head[lame : lame + 4] in (b"LAME", b"Lavf", b"Lavc")
    added = (padding >> 12) + (padding & 0xFFF) if known else 0
    return int.from_bytes(head[xing + 8 : xing + 12], "big"), added
