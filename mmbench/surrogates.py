"""Text for names that are not UTF-8.

Python reads a byte of a file name that is not UTF-8 as a lone surrogate, which stands for no
character: it can be neither written as UTF-8 nor printed. Paths keep their surrogates, so that they
open the file. Ids, names of classes, messages and whatever else is text have them escaped.
"""

from __future__ import annotations

import re

_SURROGATE = re.compile("[\ud800-\udfff]")
_FIRST_BYTE, _LAST_BYTE = 0xDC80, 0xDCFF  # the surrogates that stand for the bytes 80 to FF


def escape_surrogates(text: str) -> str:
    r"""Return a text with each lone surrogate as `\xe9`, if it stands for a byte, or `\ud800`."""
    return text if text.isascii() else _SURROGATE.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code & 0xFF:02x}" if _FIRST_BYTE <= code <= _LAST_BYTE else f"\\u{code:04x}"


def escape_all(value: object) -> object:
    """Return a plain value, of mappings, lists and scalars, with the surrogates in it escaped."""
    if isinstance(value, str):
        return escape_surrogates(value)
    if isinstance(value, dict):
        return {escape_all(key): escape_all(inner) for key, inner in value.items()}
    return [escape_all(inner) for inner in value] if isinstance(value, list | tuple) else value
