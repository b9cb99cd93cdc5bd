"""Escapes for file names that are not UTF-8.

Python decodes an invalid byte of a file name to a lone surrogate, which can be neither encoded as
UTF-8 nor printed. Paths keep their surrogates, because the file can only be opened with them. In
other strings (ids, class names, messages), surrogates are escaped.
"""

from __future__ import annotations

import re

_SURROGATE = re.compile("[\ud800-\udfff]")
_FIRST_BYTE, _LAST_BYTE = 0xDC80, 0xDCFF  # the surrogates of the bytes 80 to FF


def escape_surrogates(text: str) -> str:
    r"""Return a string with lone surrogates escaped: `\xe9` for a byte, `\ud800` for others."""
    return text if text.isascii() else _SURROGATE.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code & 0xFF:02x}" if _FIRST_BYTE <= code <= _LAST_BYTE else f"\\u{code:04x}"


def escape_all(value: object) -> object:
    """Return a value of mappings, lists and scalars with the surrogates in its strings escaped."""
    if isinstance(value, str):
        return escape_surrogates(value)
    if isinstance(value, dict):
        return {escape_all(key): escape_all(inner) for key, inner in value.items()}
    return [escape_all(inner) for inner in value] if isinstance(value, list | tuple) else value
