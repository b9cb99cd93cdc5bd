"""Reading of text files in any Unicode encoding, and lookup of the first byte that is not text."""

from __future__ import annotations

from pathlib import Path

from mmbench.errors import DataError
from mmbench.validation.regular_files import read_regular

_BOM = b"\xef\xbb\xbf"
# A byte order mark of UTF-32 begins with a mark of UTF-16, so UTF-32 is tested first.
_WIDE = {b"\xff\xfe\0\0": "utf-32", b"\0\0\xfe\xff": "utf-32"}
_WIDE |= {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_NUL = "NUL character, as in UTF-16 without a byte order mark; save the file as UTF-8"
_PACKED = {b"\x1f\x8b": "compressed by gzip", b"PK\3\4": "a ZIP archive", b"PAR1": "Parquet"}


def read_file(path: Path, *, pipe: bool = False) -> bytes:
    """Return the contents of a text file as UTF-8 bytes without a byte order mark.

    UTF-16 and UTF-32 are recognised by their byte order marks and converted; other bytes are not
    checked. With `pipe`, the path may also be a named pipe (for a path that the user typed). Raises
    DataError.
    """
    try:
        data = path.read_bytes() if pipe and path.is_fifo() else read_regular(path)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error
    wide = wide_encoding(data)
    if not wide:
        return data.removeprefix(_BOM)
    try:
        return data.decode(wide).encode()
    except UnicodeDecodeError as error:
        reason = f"not {wide.upper()}, despite the byte order mark; save the file as UTF-8"
        raise DataError(f"{path}: byte {error.start}: {reason}") from error


def wide_encoding(data: bytes) -> str:
    """Return "utf-16" or "utf-32" if the bytes begin with its byte order mark, else ""."""
    return next((name for mark, name in _WIDE.items() if data.startswith(mark)), "")


def decode_text(data: bytes, path: Path) -> str:
    """Decode UTF-8. Raises DataError with line, column and byte offset of the first bad byte."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise malformed_at(path, data, error.start, describe_no_text(data), 1) from error
    if "\0" in text:
        raise malformed_at(path, data, data.index(b"\0"), _NUL, 1)
    return text


def describe_no_text(data: bytes) -> str:
    """Return a phrase for messages that says why bytes are not UTF-8 text, with advice."""
    packed = next((name for magic, name in _PACKED.items() if data.startswith(magic)), "")
    if packed:
        return f"the file is {packed}; unpack or convert it"
    return _NUL if b"\0" in data else "not UTF-8; save the file as UTF-8"


def is_no_text(data: bytes) -> bool:
    """Return whether bytes are certainly not UTF-8 text.

    This is so for archives, for Parquet files, and for bytes that contain a NUL.
    """
    return b"\0" in data or data.startswith(tuple(_PACKED))


def first_bad_byte(data: bytes) -> int:
    """Return the offset of the first byte that is not UTF-8; len(data) if all bytes are UTF-8."""
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return error.start
    return len(data)


def malformed_at(path: Path, data: bytes, offset: int, reason: str, first_line: int) -> DataError:
    """Return a DataError that gives the line, the column and the offset of a byte.

    `offset` is the byte's offset in `data`; `first_line` is the line of the file where `data`
    begins.
    """
    line = max(1, first_line) + data.count(b"\n", 0, offset)
    column = offset - (data.rfind(b"\n", 0, offset) + 1) + 1
    return DataError(f"{path}: line {line} column {column} (byte {offset}): {reason}")
