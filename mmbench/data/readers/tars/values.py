"""The values of members that are not media: texts, numbers, JSON and arrays.

The types of extensions are those of webdataset/webdataset `src/webdataset/autodecode.py` (commit
e0953f9). Formats whose decoding may run code (pickles, PyTorch files) are refused.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from io import BytesIO
from typing import Any, Literal

from mmbench.columns import pack
from mmbench.data.readers.folders import modality_by_ending
from mmbench.types import Modality
from mmbench.validation.safe_parse import parse_json

MOST_TEXT = 16 << 20  # bytes of a text file, or of a member that holds a value

_TEXTS = ("txt", "text", "transcript", "caption", "html", "htm")
_NUMBERS = ("cls", "cls2", "class", "count", "index", "inx", "id")
_JSON = ("json", "jsn")
_ARRAY = "npy"
_CODE = ("pyd", "pickle", "pkl", "pth", "pt", "ten", "tb")
_WHOLE_NUMBER = re.compile(r"-?\d{1,18}")

# How the lines of a text are read: as one text, unchanged; as a list of texts; or as a list only if
# there are several lines.
Lines = Literal["one", "list", "several"]


def last_ending(extension: str) -> str:
    """Return the last part of an extension or name in lower case: jpg for left.JPG."""
    return extension.rpartition(".")[2].lower()


def member_modality(extension: str) -> Modality | None:
    """Return the modality of members with an extension; None if they are not media."""
    return modality_by_ending(f"x.{last_ending(extension)}")


def is_json(extension: str) -> bool:
    """Return whether members with an extension are JSON."""
    return last_ending(extension) in _JSON


def is_value(extension: str) -> bool:
    """Return whether `decode_member` decodes members with an extension, or with a name."""
    return last_ending(extension) in (*_TEXTS, *_NUMBERS, *_JSON, _ARRAY)


def refuse_undecodable(extension: str, size: int) -> None:
    """Raise ValueError for a member that `decode_member` does not decode, or that is too large.

    `size` is in bytes.
    """
    ending = last_ending(extension)
    if ending in _CODE:
        raise ValueError(f"files .{ending} may run code when they are read; store .json or .npy")
    if not is_value(extension):
        raise ValueError(f"files .{ending} are not read as values; store .txt, .json, .cls or .npy")
    if size > MOST_TEXT:
        raise ValueError(f"it has {size:,} bytes, more than the limit of {MOST_TEXT:,}")


def decode_member(extension: str, data: bytes, lines: Lines) -> Any:
    """Return the value of a member: a string, a list of strings, JSON, or the lists of an array.

    A number is returned as a string; `as_numbers` converts a whole column. Raises ValueError for
    data of another format.
    """
    ending = last_ending(extension)
    if ending in _JSON:
        return parse_json(data)
    if ending == _ARRAY:
        return decode_array(data)
    text = data.decode("utf-8-sig")
    return text.strip() if ending in _NUMBERS else _split_lines(text, lines)


def _split_lines(text: str, lines: Lines) -> str | list[str]:
    if lines == "one":
        return text
    if lines == "list":
        return text.splitlines()  # as CLIP_benchmark
    text = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")
    return text.split("\n") if "\n" in text else text


def as_numbers(extension: str, cells: Sequence[Any]) -> Sequence[Any]:
    """Return the cells of a column of numbers as integers, if all of them are; else unchanged.

    Cells of other columns, and None, are returned unchanged.
    """
    if last_ending(extension) not in _NUMBERS:
        return cells
    if not all(cell is None or _WHOLE_NUMBER.fullmatch(cell) for cell in cells):
        return cells
    return pack([None if cell is None else int(cell) for cell in cells])


def decode_array(data: bytes) -> Any:
    """Return a NumPy array in the format `.npy` as nested lists of numbers, booleans or strings.

    Raises ValueError for an array of Python objects, which is a pickle, and for a header that does
    not fit the data.
    """
    import numpy as np
    from numpy.lib import format as npy

    stream = BytesIO(data)
    version = npy.read_magic(stream)
    readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    if version not in readers:
        raise ValueError(f"it is an .npy file of the unknown version {version[0]}.{version[1]}")
    shape, by_column, dtype = readers[version](stream)
    if dtype.hasobject:
        raise ValueError("it is an .npy file of Python objects, which may run code when read")
    values = 1
    for length in shape:
        values *= length
    rest = data[stream.tell() :]
    if min(shape, default=0) < 0 or values * dtype.itemsize != len(rest) or not dtype.itemsize:
        raise ValueError(f"its header does not fit its data of {len(rest):,} bytes")
    array = np.frombuffer(rest, dtype).reshape(shape, order="F" if by_column else "C")
    return array.tolist()
