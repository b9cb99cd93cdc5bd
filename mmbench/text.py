"""Named text rules. Model outputs and data are hostile strings wherever they are shown."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

# Control characters move a terminal's cursor, and bidirectional marks reverse what stands around
# them; both survive in file names, captions and model outputs.
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|!&~])")


def plain(text: str, limit: int = 200) -> str:
    """One line that is safe to print: no control or formatting characters, at most `limit` long."""
    spaced = " ".join(text.split())
    shown = "".join("\ufffd" if unicodedata.category(c) in _HIDDEN else c for c in spaced)
    return shown if len(shown) <= limit else f"{shown[: limit - 1]}…"


def markdown(text: str, limit: int = 200) -> str:
    """A cell of a Markdown table that shows `text` and nothing else: no link, tag or column."""
    return _MARKDOWN.sub(r"\\\1", plain(text, limit))


def csv_cell(text: str, limit: int = 200) -> str:
    """A CSV cell that no spreadsheet takes for a formula (a leading = + - @ gets an apostrophe)."""
    shown = plain(text, limit)
    return f"'{shown}" if shown[:1] in {"=", "+", "-", "@"} else shown


def count(number: int, noun: str) -> str:
    """`1 image`, `5,000 images`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def listed(names: Iterable[str], most: int = 5) -> str:
    """The first few names, and how many more there are: `a, b, c and 12 more`."""
    shown = list(names)
    more = f" and {len(shown) - most} more" if len(shown) > most else ""
    return ", ".join(plain(name, 80) for name in shown[:most]) + more
