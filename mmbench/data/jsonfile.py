"""JSON files read into typed values, with errors that say where in the file they are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TypeVar

import msgspec

from mmbench.errors import DataError

T = TypeVar("T")

_BOM = b"\xef\xbb\xbf"
_BYTE = re.compile(r" \(byte (\d+)\)$")


def read_file(path: Path) -> bytes:
    """The bytes of a file, without a UTF-8 byte order mark. Raises DataError."""
    try:
        return path.read_bytes().removeprefix(_BOM)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error


def decode_json(data: bytes, as_type: type[T], path: Path, *, line: int = 0, inside: str = "") -> T:
    """Decode JSON into a msgspec type; `line` or `inside` (an entry) name the part of a file it is.

    Raises DataError with the file and, for malformed JSON, the line, the column (from 1, in bytes)
    and the offset of the fault; for JSON of another shape the entry: `$.annotations[3]`.
    """
    try:
        return msgspec.json.decode(data, type=as_type)
    except msgspec.ValidationError as error:
        raise DataError(f"{_place(path, line, inside)}: {error}") from error
    except UnicodeDecodeError as error:
        raise _malformed(path, data, _bad_utf8(data), "not UTF-8", line) from error
    except msgspec.DecodeError as error:
        found = _BYTE.search(str(error))
        offset = int(found.group(1)) if found else len(data)
        raise _malformed(path, data, offset, _BYTE.sub("", str(error)), line) from error
    except RecursionError as error:
        raise DataError(f"{_place(path, line, inside)}: nested too deep to be read") from error


def decode_text(data: bytes, path: Path) -> str:
    """Decode UTF-8. Raises DataError with file, line, column and offset of the first bad byte."""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise _malformed(path, data, error.start, "not UTF-8", 1) from error


def _place(path: Path, line: int, inside: str) -> str:
    place = f"{path} line {line}" if line else str(path)
    return f"{place}: {inside}" if inside else place


def _bad_utf8(data: bytes) -> int:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return error.start
    return len(data)


def _malformed(path: Path, data: bytes, offset: int, reason: str, first_line: int) -> DataError:
    line = max(1, first_line) + data.count(b"\n", 0, offset)
    column = offset - (data.rfind(b"\n", 0, offset) + 1) + 1
    return DataError(f"{path}: line {line} column {column} (byte {offset}): {reason}")
