"""File name extensions of images, audio files and videos, and formats of browsers."""

from __future__ import annotations

from mmbench.types import Modality

IMAGES = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".avif", ".gif", ".bmp", ".tif", ".tiff"),
    *(".jp2", ".ppm", ".pgm", ".pbm", ".tga"),
)
SOUNDS = (
    *(".flac", ".wav", ".ogg", ".oga", ".opus", ".mp3", ".m4a", ".aac", ".aiff", ".aif", ".au"),
    *(".caf", ".w64", ".wma", ".sph"),
)
VIDEOS = (".mp4", ".avi", ".mkv", ".mov", ".webm", ".mpg", ".mpeg", ".m4v", ".wmv")
ENDINGS: dict[Modality, tuple[str, ...]] = {"image": IMAGES, "audio": SOUNDS, "video": VIDEOS}

HEAD = 64  # bytes at the start of a file that `web_ending` reads

# Media types of the formats that browsers show or play, by the ending of file names. SVG is not
# among them, because it may contain scripts and references to other files.
WEB_TYPES = {
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".bmp": "image/bmp",
    ".wav": "audio/wav",
    ".flac": "audio/flac",
    ".ogg": "audio/ogg",
    ".mp3": "audio/mpeg",
    ".aac": "audio/aac",
    ".m4a": "audio/mp4",
    ".mp4": "video/mp4",
    ".mov": "video/quicktime",
    ".webm": "video/webm",
    ".ogv": "video/ogg",
}

# The first bytes of a file, by modality (https://mimesniff.spec.whatwg.org, sections 6 and 7).
_STARTS = {
    "image": (
        (b"\xff\xd8\xff", ".jpg"),
        (b"\x89PNG\r\n\x1a\n", ".png"),
        (b"GIF87a", ".gif"),
        (b"GIF89a", ".gif"),
        (b"BM", ".bmp"),
    ),
    "audio": ((b"fLaC", ".flac"), (b"OggS", ".ogg"), (b"ID3", ".mp3")),
    "video": ((b"OggS", ".ogv"), (b"GIF87a", ".gif"), (b"GIF89a", ".gif")),
}
_RIFF = {("image", b"WEBP"): ".webp", ("audio", b"WAVE"): ".wav"}
_EBML = b"\x1a\x45\xdf\xa3"  # the start of Matroska and WebM


def web_ending(data: bytes, modality: str) -> str:
    """Return the file name ending for the format of a medium if browsers show or play it, else "".

    The format is read from the first `HEAD` bytes, not from a name. A browser may still lack the
    codec inside a container.
    """
    for start, ending in _STARTS.get(modality, ()):
        if data.startswith(start):
            return ending
    if data[:4] == b"RIFF":
        return _RIFF.get((modality, data[8:12]), "")
    if data[4:8] == b"ftyp":
        return _mp4_ending(data[8:12], modality)
    if data.startswith(_EBML):
        return ".webm" if modality == "video" and b"webm" in data[:HEAD] else ""
    return _frame_ending(data) if modality == "audio" else ""


def _mp4_ending(brand: bytes, modality: str) -> str:
    if modality == "image":
        return ".avif" if brand == b"avif" else ""
    if modality == "audio":
        return ".m4a"
    return ".mov" if brand == b"qt  " else ".mp4"


def _frame_ending(data: bytes) -> str:
    """Return the ending for audio that begins with a frame of MPEG audio, else ""."""
    if len(data) < 2 or data[0] != 0xFF or data[1] & 0xE0 != 0xE0:
        return ""
    return ".mp3" if data[1] & 0x06 else ".aac"  # AAC frames have the layer 0
