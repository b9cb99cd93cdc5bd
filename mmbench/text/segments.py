"""Segments of recordings: who speaks when, and the words.

A segment is stored as a JSON object with the keys of SegLST, the format of the CHiME challenges:

    {"speaker": "A", "start_time": 1.5, "end_time": 4.0, "words": "good morning"}

Times are in seconds. Diarisation has no `words`, and a transcript may have no times. A reference
with evaluation regions is {"segments": […], "regions": [[start, end], …]}; otherwise a reference is
the list of its segments, like an output. Source of the keys: fgnt/meeteval 0.4.3,
meeteval/io/seglst.py; `start`, `end` and `text` are the names in the outputs of WhisperX and of
OpenAI's `diarized_json`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from mmbench.errors import DataError
from mmbench.text import plain

Region = tuple[float, float]  # start and end in seconds

_STARTS, _ENDS = ("start_time", "start"), ("end_time", "end")
_LATEST = 1e9  # seconds


class Segment(NamedTuple):
    """A part of a recording in which a speaker talks, from `start` to `end` in seconds.

    `start` and `end` are None if the times are unknown, and `words` is None if the text is unknown.
    """

    speaker: str
    start: float | None = None
    end: float | None = None
    words: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the segment as a JSON object, without the keys whose values are unknown."""
        keys = ("speaker", "start_time", "end_time", "words")
        return {key: value for key, value in zip(keys, self, strict=True) if value is not None}


def make_segment(
    speaker: object, start: object, end: object, words: str | None, where: str
) -> Segment:
    """Return a segment with valid values.

    A speaker is a text or an integer, a time a finite number or the decimal text of one. Raises
    DataError, with a message that begins with `where`, for other values, for a segment that ends
    before it starts, and if only one of the times is known.
    """
    if isinstance(speaker, bool) or not isinstance(speaker, str | int) or speaker == "":
        raise DataError(f"{where}: the speaker is {plain(repr(speaker), 40)}; give a name")
    if (start is None) != (end is None):
        missing = "start" if start is None else "end"
        raise DataError(f"{where} has no {missing}; give both times, or neither")
    if start is None:
        return Segment(str(speaker), words=words)
    first, last = parse_seconds(start, "start", where), parse_seconds(end, "end", where)
    if last < first:
        raise DataError(f"{where} ends at {last:g} s, before it starts at {first:g} s")
    return Segment(str(speaker), first, last, words)


def parse_seconds(value: object, name: str, where: str) -> float:
    """Return a time in seconds, given as a number or as its decimal text.

    Raises DataError, which calls the time `name`, for NaN, for times beyond 10⁹ seconds, and for
    anything that is not a number.
    """
    number = math.nan
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        with suppress(ValueError, OverflowError):
            number = float(value)
    if not abs(number) <= _LATEST:
        raise DataError(f"{where}: the {name} is {plain(repr(value), 40)}; give seconds")
    return number


def parse_segment(cells: object, where: str) -> Segment:
    """Return the segment in a JSON object.

    Times may be `start` and `end`, and the text may be `text`. `words` may also be a list of words,
    but a list of objects, one for each word, is not read if there is a `text`. Raises DataError
    with a message that begins with `where`.
    """
    if not isinstance(cells, Mapping):
        raise DataError(f"{where} is {plain(repr(cells), 40)}; give an object with a speaker")
    if "speaker" not in cells:
        raise DataError(f"{where} has no speaker; it has {plain(', '.join(map(str, cells)), 60)}")
    start, end = (_first(cells, names) for names in (_STARTS, _ENDS))
    return make_segment(cells["speaker"], start, end, _words(cells, where), where)


def _first(cells: Mapping[str, object], names: Sequence[str]) -> object:
    return next((cells[name] for name in names if cells.get(name) is not None), None)


def _words(cells: Mapping[str, object], where: str) -> str | None:
    words = cells.get("words")
    if words is None or (isinstance(words, list) and isinstance(cells.get("text"), str)):
        words = cells.get("text")
    if isinstance(words, list) and all(isinstance(word, str) for word in words):
        return " ".join(words)
    if words is not None and not isinstance(words, str):
        raise DataError(f"{where}: the words are {plain(repr(words), 40)}; give a text")
    return words


def parse_segments(value: object, where: str) -> list[Segment]:
    """Return the segments of an output: a list of JSON objects, or an object with `segments`.

    Raises DataError with a message that begins with `where`.
    """
    cells = value.get("segments") if isinstance(value, Mapping) else value
    if not isinstance(cells, list | tuple):
        raise DataError(
            f"{where} is {plain(repr(value), 40)}; give a list of segments, objects with the keys"
            " speaker, start_time, end_time and words"
        )
    return [
        parse_segment(one, f"{where}: segment {number}")
        for number, one in enumerate(cells, start=1)
    ]


def parse_reference(target: object, where: str) -> Any:
    """Return a reference as `segments_of` and `regions_of` read it.

    Raises DataError, with a message that begins with `where`, for invalid segments and regions.
    """
    segments = [segment.as_json() for segment in parse_segments(target, where)]
    if not isinstance(target, Mapping) or target.get("regions") is None:
        return segments
    try:
        return {"segments": segments, "regions": [list(one) for one in regions_of(target) or []]}
    except DataError as error:
        raise DataError(f"{where}: {error}") from error


def _is_region(region: object) -> bool:
    """Return whether a value is [start, end], two numbers of seconds in this order."""
    if not isinstance(region, list | tuple) or len(region) != 2:
        return False
    numbers = [isinstance(one, int | float) and not isinstance(one, bool) for one in region]
    return all(numbers) and -_LATEST <= region[0] <= region[1] <= _LATEST


def segments_of(value: Any) -> list[Segment]:
    """Return the segments of an output or a reference in the stored form (`Segment.as_json`)."""
    cells = value["segments"] if isinstance(value, Mapping) else value
    keys = ("start_time", "end_time", "words")
    return [Segment(one["speaker"], *map(one.get, keys)) for one in cells]


def regions_of(target: Any) -> list[Region] | None:
    """Return the evaluation regions of a reference; None if the whole recording is evaluated.

    Raises DataError for invalid regions.
    """
    regions = target.get("regions") if isinstance(target, Mapping) else None
    if regions is None:
        return None
    if not isinstance(regions, list) or not all(map(_is_region, regions)):
        raise DataError("the regions of the reference are not a list of [start, end] in seconds")
    return [(float(start), float(end)) for start, end in regions]


def holds_segments(value: object) -> bool:
    """Return whether a value is a non-empty list of segments, or a reference with segments."""
    cells = value.get("segments") if isinstance(value, Mapping) else value
    return (
        isinstance(cells, list)
        and bool(cells)
        and all(isinstance(one, Mapping) and "speaker" in one for one in cells)
    )


def format_segments(value: object) -> str | None:
    """Return segments as lines for people, such as `0.00-2.50 A: good morning`.

    The evaluation regions of a reference are in a last line. Return None for a value that has no
    segments, and for invalid segments, which a stored row from an untrusted source may have.
    """
    if not holds_segments(value):
        return None
    try:
        valid = parse_reference(value, "")
    except DataError:
        return None
    regions = regions_of(valid)
    evaluated = ", ".join(f"{start:.2f}-{end:.2f}" for start, end in regions or [])
    lines = [*map(_line, segments_of(valid)), *([f"evaluated: {evaluated}"] if regions else [])]
    return "\n".join(lines)


def _line(segment: Segment) -> str:
    times = "" if segment.start is None else f"{segment.start:.2f}-{segment.end:.2f} "
    return f"{times}{segment.speaker}" + (f": {segment.words}" if segment.words else "")
