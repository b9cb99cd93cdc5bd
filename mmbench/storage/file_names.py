"""Names that become names of files and folders: which are valid, and how other texts are escaped.

A task's name is a folder and a page of a board, so `name_fault` is strict. Records and samples come
from elsewhere: `component_fault` only refuses names that lead to another place or are not
printable, and `escaped` turns any text into a file name that works on all systems.
"""

from __future__ import annotations

import re
import unicodedata
from hashlib import blake2b

LONGEST = 100  # characters of a name; a run's files add about 100 bytes to a name of their own
_BYTES = 200  # of a name in UTF-8; most file systems take 255
_MARKS = frozenset("-_.+")
# Names of devices on Windows, with any suffix.
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE | re.DOTALL)
_INDEX = "readme"  # README.md is the index of a board
_SEPARATORS = frozenset("/\\:")
_FORBIDDEN = frozenset('%<>:"\\|?*')  # in a file name, somewhere


def name_fault(name: str) -> str:
    """Return why a name cannot be the name of a task, "" if it can.

    A name has 1 to 100 letters and digits of any language and `-`, `_`, `.`, `+`; it begins with a
    letter, a digit or `_`, does not end with a dot, and is not a reserved name (CON, NUL, README
    …).
    """
    if not name or len(name) > LONGEST or len(name.encode("utf-8", "replace")) > _BYTES:
        return f"a name has 1 to {LONGEST} characters"
    forbidden = sorted({c for c in name if unicodedata.category(c)[0] not in "LMN"} - _MARKS)
    if forbidden:
        return f"a name has letters, digits and - _ . + only, not {' '.join(map(ascii, forbidden))}"
    if name[0] in "-.+" or name[-1] == ".":
        return "a name begins with a letter or a digit, and does not end with a dot"
    return "it is a reserved name" if _DEVICE.fullmatch(name) or name.lower() == _INDEX else ""


def component_fault(name: str) -> str:
    """Return why a name cannot be that of a file in a folder, "" if it can."""
    if not name or name.startswith(".") or _SEPARATORS & {*name} or not name.isprintable():
        return "is not a valid file name"
    return "is too long" if len(name.encode()) > _BYTES else ""


def escaped(part: str) -> str:
    """Return a text as a file name: characters that some system refuses become %XX.

    A text that is too long is cut, and ends with % and a hash of the whole text.
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
