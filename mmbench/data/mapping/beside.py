"""Media beside a file of references: images, sounds, films. Nothing is read.

Outputs are scored without them. A medium that is not there fails only for the metric that looks
at it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from mmbench.columns import Mapped, packed
from mmbench.data.mapping.media_files import find_images, no_path
from mmbench.data.readers.folders import entries
from mmbench.errors import DataError
from mmbench.surrogates import escape_surrogates
from mmbench.types import Broken, Content, Modality

SOUNDS = (".flac", ".wav", ".ogg", ".oga", ".opus", ".mp3", ".m4a", ".aac", ".aiff")
FILMS = (".mp4", ".avi", ".mkv", ".mov", ".webm", ".mpg", ".mpeg", ".m4v")
MEDIA: tuple[Modality, ...] = ("image", "audio", "video")
KINDS = {"image": "image", "audio": "sound", "video": "video", "text": "text"}


def optional_images(
    wanted: Sequence[Sequence[str]], beside: Path, source: str
) -> Sequence[Content]:
    """As `find_images`, but where none of them all is there each is Broken."""
    return optional_media(wanted, beside, source, "image")


def optional_media(
    wanted: Sequence[Sequence[str]], beside: Path, source: str, modality: Modality
) -> Sequence[Content]:
    """As `optional_images`, for images, sounds or films."""
    # One look for an image that many questions are about.
    keys = [tuple(names) for names in wanted]
    each = list(dict.fromkeys(keys))
    try:
        found = dict(zip(each, find_images(each, beside, source, modality), strict=True))
    except DataError:
        missing = partial(_missing, beside=beside, modality=modality)
        return Mapped(missing, packed([names[0] for names in keys]))
    return [found[key] for key in keys]


def _missing(name: str, beside: Path, modality: Modality) -> Broken:
    kind = KINDS[modality]
    reason = no_path(name) or f"no {kind} file {name}: give --data FOLDER with {kind}s"
    return Broken(reason, str(Path(beside, name)))


def sounds_in(folder: Path) -> dict[str, str]:
    """The sounds in a folder: name without the ending → path."""
    files = [file for file in entries(folder) if file.suffix.lower() in SOUNDS]
    return {escape_surrogates(file.stem): str(file) for file in reversed(files)}
