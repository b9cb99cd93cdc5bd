"""Media beside a file of references: images, sounds, films. Nothing is read.

Outputs are scored without them. A medium that is not there fails only for the metric that looks
at it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mmbench.data.folder import EXTENSIONS
from mmbench.data.images import find_images
from mmbench.data.records import Record, optional
from mmbench.data.system_names import entries
from mmbench.errors import DataError
from mmbench.types import Broken, Content, Media, Modality

SOUNDS = (".flac", ".wav", ".ogg", ".oga", ".opus", ".mp3", ".m4a", ".aac", ".aiff")
FILMS = (".mp4", ".avi", ".mkv", ".mov", ".webm", ".mpg", ".mpeg", ".m4v")
MEDIA: tuple[Modality, ...] = ("image", "audio", "video")
_KINDS = {"image": "image", "audio": "sound", "video": "video", "text": "text"}


def optional_images(wanted: Sequence[Sequence[str]], beside: Path, source: str) -> list[Content]:
    """As `find_images`, but where none of them all is there each is Broken."""
    return optional_media(wanted, beside, source, "image")


def optional_media(
    wanted: Sequence[Sequence[str]], beside: Path, source: str, modality: Modality
) -> list[Content]:
    """As `optional_images`, for images, sounds or films."""
    # One look for an image that many questions are about.
    keys = [tuple(names) for names in wanted]
    each = list(dict.fromkeys(keys))
    try:
        found = dict(zip(each, find_images(each, beside, source, modality), strict=True))
    except DataError:
        what = _KINDS[modality]
        why = f"no {what} file {{}}: give --data FOLDER with {what}s"
        return [Broken(why.format(names[0])) for names in keys]
    return [found[key] for key in keys]


def columns_of_media(record: Record) -> dict[Modality, str]:
    """Of a row the paths in its columns image, audio and video, and in `file` by its ending.

    Raises DataError for a `file` whose ending is that of no medium.
    """
    paths: dict[Modality, str] = {}
    for name in ("image", "audio", "video"):
        path = optional(record, name)
        if path:
            paths[name] = path
    path = optional(record, "file")
    return paths | {_modality(path, record): path} if path else paths


def _modality(path: str, record: Record) -> Modality:
    suffix = Path(path).suffix.lower()
    kinds: list[tuple[Modality, tuple[str, ...]]] = [
        ("image", EXTENSIONS),
        ("audio", SOUNDS),
        ("video", FILMS),
    ]
    for modality, suffixes in kinds:
        if suffix in suffixes:
            return modality
    raise DataError(
        f"{record.where}: file is {path!r}: an image, a sound or a film is needed;"
        " name the column image, audio or video where its ending does not tell"
    )


def media_of(records: Sequence[Record], beside: Path, source: str) -> list[dict[str, Content]]:
    """For each row its media, by modality. Images are found as `find_images` does it."""
    paths = [columns_of_media(record) for record in records]
    names = [[path["image"]] for path in paths if "image" in path]
    images = iter(optional_images(names, beside, source))
    rows = []
    for row in paths:
        media: dict[str, Content] = {}
        for modality, path in row.items():
            name = str(beside / path)
            media[modality] = next(images) if modality == "image" else Media(modality, name)
        rows.append(media)
    return rows


def sounds_in(folder: Path) -> dict[str, str]:
    """The sounds in a folder: name without the ending → path."""
    files = [file for file in entries(folder) if file.suffix.lower() in SOUNDS]
    return {file.stem: str(file) for file in reversed(files)}
