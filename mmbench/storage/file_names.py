"""Names of files and folders: validation of names, and conversion of any string to a file name.

The name of a task is also the name of a folder and of a page on a board, so `name_fault` is strict.
Names of records and samples come from other sources: `component_fault` only rejects names that lead
to another folder or cannot be printed, and `escaped` converts any string to a file name that is
valid on all systems.
"""

from __future__ import annotations

import re
import unicodedata
from hashlib import blake2b

LONGEST = 100  # characters of a name; names of a run's files are about 100 bytes longer
_BYTES = 200  # bytes of a name in UTF-8; most file systems allow 255
_MARKS = frozenset("-_.+")
# Device names on Windows, which are reserved with any suffix.
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE | re.DOTALL)
_INDEX = "readme"  # README.md is the index of a board
_SEPARATORS = frozenset("/\\:")
_FORBIDDEN = frozenset('%<>:"\\|?*')  # in file names on some systems


def name_fault(name: str) -> str:
    """Return the reason why a string cannot be the name of a task; "" if it can.

    A name has 1 to 100 characters: letters and digits of any language and `-`, `_`, `.`, `+`. It
    begins with a letter, a digit or `_`, does not end with a dot, and is not a reserved name (CON,
    NUL, README …).
    """
    if not name or len(name) > LONGEST or len(name.encode("utf-8", "replace")) > _BYTES:
        return f"a name has 1 to {LONGEST} characters"
    forbidden = sorted({c for c in name if unicodedata.category(c)[0] not in "LMN"} - _MARKS)
    if forbidden:
        return f"a name has letters, digits and - _ . + only, not {' '.join(map(ascii, forbidden))}"
    if name[0] in "-.+" or name[-1] == ".":
        return "a name begins with a letter, a digit or _, and does not end with a dot"
    return "the name is reserved" if _DEVICE.fullmatch(name) or name.lower() == _INDEX else ""


def component_fault(name: str) -> str:
    """Return the reason why a string cannot be the name of a file in a folder; "" if it can."""
    if not name or name.startswith(".") or _SEPARATORS & {*name} or not name.isprintable():
        return "is not a valid file name"
    return "is too long" if len(name.encode()) > _BYTES else ""


def escaped(part: str) -> str:
    """Convert a string to a file name: characters that some systems forbid become %XX.

    A string that is too long is truncated, and ends with % and a hash of the complete string.
    """
    safe = "".join(c if c.isprintable() and c not in _FORBIDDEN else _percent(c) for c in part)
    if safe.startswith(".") or _DEVICE.fullmatch(safe):
        safe = _percent(safe[0]) + safe[1:]
    data = safe.encode()
    if len(data) <= _BYTES:
        return safe or "%"
    whole = blake2b(part.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    return f"{data[: _BYTES - 20].decode(errors='ignore')}%{whole}"


def _percent(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "surrogatepass"))
