"""Messages about files in a board that were skipped because they could not be read."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence

from mmbench.text import count, plain

_SHOWN = 5


def describe_unreadable(lines: Sequence[str]) -> str:
    """Return a message with the number of skipped files and a line for each of the first files."""
    faults = list(dict.fromkeys(lines))
    more = len(faults) - _SHOWN
    listed_lines = [f"  {plain(line, 300)}" for line in faults[:_SHOWN]]
    listed_lines += [f"  and {more} more"] if more > 0 else []
    return "\n".join([f"skipped {count(len(faults), 'file')} that cannot be read:", *listed_lines])


def warn_of_unreadable(lines: Sequence[str]) -> None:
    """Warn about skipped files; the warning refers to the code that called mmbench."""
    if lines:
        warnings.warn(describe_unreadable(lines), stacklevel=_caller_level())


def _caller_level() -> int:
    """Return the level of the first caller outside mmbench, as `warn_of_unreadable` counts it."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("mmbench."):
        level, frame = level + 1, frame.f_back
    return level
