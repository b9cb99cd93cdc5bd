"""Reports of the files in a board that could not be read and were skipped."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from mmbench.cli.columns import show
from mmbench.text import count, plain

_SHOWN = 5


def report_unreadable(lines: Sequence[str]) -> None:
    """Count and name on stderr the files that were skipped, each once."""
    faults = list(dict.fromkeys(lines))
    if not faults:
        return
    more = len(faults) - _SHOWN
    shown = [f"  {plain(line, 300)}" for line in faults[:_SHOWN]]
    shown += [f"  and {more} more"] if more > 0 else []
    head = f"mmbench: warning: skipped {count(len(faults), 'file')} that cannot be read:"
    show([head, *shown], sys.stderr)
