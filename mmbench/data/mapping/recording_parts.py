"""Recordings of which samples are parts, such as the segments of a meeting."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import TypeVar

from mmbench.columns import ABSENT
from mmbench.data.readers.records import is_missing, parse_number
from mmbench.media.inside import MediaInFile
from mmbench.media.recordings import RecordingParts
from mmbench.types import Content, InvalidContent, Media, PlaceInFile

T = TypeVar("T")


def parts_of_recordings(
    contents: Sequence[Content | T], places: Sequence[PlaceInFile | None]
) -> list[Content | T]:
    """Return contents in which an audio file with a place is replaced by its part at this place.

    All parts of a recording share one object, so that their content keys are stored together.
    Audio that is not in a file of its own cannot be cut and becomes an InvalidContent; other
    contents are returned unchanged.
    """
    parts = list(contents)
    rows: dict[str, list[int]] = {}
    for at, (content, place) in enumerate(zip(contents, places, strict=True)):
        if place is not None and isinstance(content, Media):
            if content.read is None:
                rows.setdefault(content.name, []).append(at)
            else:
                parts[at] = InvalidContent(
                    f"{content.name}: a part is cut only out of an audio file; write it to a file"
                )
    for file, numbers in rows.items():
        ranges = [place for place in (places[at] for at in numbers) if place is not None]
        recording = RecordingParts(Path(file), ranges)
        for number, (at, place) in enumerate(zip(numbers, ranges, strict=True)):
            reader = MediaInFile(recording, number)
            parts[at] = Media("audio", part_name(file, place), reader, place.seconds)
    return parts


def ranges_of_parts(contents: Iterable[object]) -> str:
    """Return a hash of the recordings and ranges of all parts in a column; "" without parts."""
    media = (one.read for one in contents if isinstance(one, Media))
    parts = [one for one in media if isinstance(one, MediaInFile)]
    places = [part.file.place(part.number) for part in parts]
    return blake2b(repr(places).encode(), digest_size=16).hexdigest() if places else ""


def part_name(file: str, place: PlaceInFile) -> str:
    """Return the name of a part of a recording, for messages and pages."""
    start = place.start or 0.0
    end = "the end" if place.seconds is None else f"{_number(start + place.seconds)} s"
    channel = "" if place.channel is None else f", channel {place.channel}"
    return f"{file} from {_number(start)} to {end}{channel}"


def part_id(file: str, offset: float | None) -> str:
    """Return the id of a part of a file that has no other id: `talk.wav#12.5`.

    The id of a part at the beginning, and of the whole file, is the name of the file.
    """
    return f"{file}#{offset:.10g}" if offset else file


def parse_seconds(cell: object) -> float | None:
    """Return a number of seconds; None for a missing or empty cell. Raises ValueError."""
    return None if cell is ABSENT or is_missing(cell) or cell == "" else parse_number(cell)


def parse_offset(cell: object) -> float | None:
    """Return the beginning of a part in seconds; None for a missing cell. Raises ValueError."""
    seconds = parse_seconds(cell)
    if seconds is not None and seconds < 0:
        raise ValueError("give a number of seconds of at least 0")
    return seconds


def _number(seconds: float) -> str:
    return f"{seconds:.3f}".rstrip("0").rstrip(".")
