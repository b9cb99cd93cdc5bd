"""JSON files decoded into typed values, with errors that give the place in the file."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from mmbench.data.readers.file_bytes import (
    describe_no_text,
    first_bad_byte,
    is_no_text,
    malformed_at,
)
from mmbench.data.readers.file_formats import describe_bytes
from mmbench.errors import DataError
from mmbench.text import listed, plain, repeated
from mmbench.validation.safe_parse import TooDeep, parse_json

T = TypeVar("T")

_NO_JSON = (b"NaN", b"Infinity", b"-Infinity")
# Types that keep every key of an object.
_COMPLETE: tuple[object, ...] = (
    *(Any, dict[str, Any]),
    *(object, dict[str, object], dict[str, msgspec.Raw], dict[str, list[str]]),
)
_ESCAPED_COLONS = (b"\\u003a", b"\\u003A")
# A lone UTF-16 surrogate, which msgspec rejects: half of a pair without the other half.
_HALF_CHARACTER = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])")
_BYTE = re.compile(r" \(byte (\d+)\)$")


def decode_json(data: bytes, as_type: type[T], path: Path, *, line: int = 0, inside: str = "") -> T:
    """Decode JSON into a msgspec type.

    `line` (a line of JSONL) or `inside` (an entry of a JSON file) gives the place of `data` in the
    file, for messages. Raises DataError: for malformed JSON with the line, the column (from 1, in
    bytes) and the byte offset; for JSON of another type with the path of the entry, such as
    `$.annotations[3]`. A duplicate key in an object is an error too, except if it is decoded into a
    struct, which keeps only some of the keys.
    """
    try:
        content = parse_json(data, as_type)
    except (TooDeep, msgspec.ValidationError) as error:
        raise DataError(f"{_place(path, line, inside)}: {error}") from error
    except UnicodeDecodeError as error:
        raise malformed_at(
            path, data, first_bad_byte(data), describe_no_text(data), line
        ) from error
    except msgspec.DecodeError as error:
        if not (line or inside or data.lstrip().startswith((b"{", b"["))):
            what = f" is {describe_bytes(data)}, not JSON"
            what = f": {describe_no_text(data)}" if is_no_text(data) else what
            raise DataError(f"{path}{what}") from error
        position = _BYTE.search(str(error))
        offset = int(position.group(1)) if position else len(data)
        reason = _reason(data, offset) or _BYTE.sub("", str(error))
        raise malformed_at(path, data, offset, reason, line) from error
    if as_type in _COMPLETE:
        _refuse_repeated_keys(data, content, _place(path, line, inside))
    return content


def _refuse_repeated_keys(data: bytes, content: object, place: str) -> None:
    """Raise DataError for a duplicate key in an object of the JSON `data`.

    `content` is the decoded JSON, which has only the last value of a duplicate key. Every key is
    followed by a colon, so the encoded `content` has fewer colons than `data` if a key is
    duplicated. The objects themselves are examined, which is slow, only if the number of colons
    differs or a colon is escaped. `place` begins the message.
    """
    if may_hide_colons(data) or data.count(b":") != msgspec.json.encode(content).count(b":"):
        json.loads(data, parse_int=str, object_pairs_hook=lambda pairs: _single_keys(pairs, place))


def may_hide_colons(data: bytes) -> bool:
    """Return whether JSON may contain escaped colons, so that counting colons is unreliable."""
    return any(colon in data for colon in _ESCAPED_COLONS)


def _single_keys(pairs: list[tuple[str, object]], place: str) -> dict[str, object]:
    entries = dict(pairs)
    if len(entries) < len(pairs):
        twice = repeated(key for key, _ in pairs)
        start = plain(", ".join(f"{key}: {value}" for key, value in pairs), 80)
        raise DataError(
            f"{place}: each key of an object must occur once, but in {{{start}}} these are"
            f" repeated: {listed(twice)}; remove or rename them"
        )
    return entries


def _reason(data: bytes, offset: int) -> str:
    """Return a likely reason why JSON is malformed at an offset, or "" if none is known."""
    if half := _HALF_CHARACTER.search(data, max(0, offset - 12)):
        escape = half[0].decode()
        return f"{escape} is half of a character (a lone surrogate); write the whole character"
    if is_no_text(data):
        return describe_no_text(data)
    start = offset - data.startswith(
        b"-", offset - 1
    )  # for -Infinity, the error is at the second byte
    constant = next((name for name in _NO_JSON if data.startswith(name, start)), b"").decode()
    return f"{constant} is not valid in JSON; write null, or omit the key" if constant else ""


def _place(path: Path, line: int, inside: str) -> str:
    place = f"{path} line {line}" if line else str(path)
    return f"{place}: {inside}" if inside else place
