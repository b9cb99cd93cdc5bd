"""File name extensions of images, audio files and videos, in lower case."""

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
