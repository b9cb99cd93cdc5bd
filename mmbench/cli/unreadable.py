"""What commands say of files in a board that are no records, and that they passed over."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from mmbench.text import count, plain

_SHOWN = 5


def report_unreadable(lines: Sequence[str]) -> None:
    """Count and name on stderr the files that were passed over, each once."""
    faults = list(dict.fromkeys(lines))
    if not faults:
        return
    more = len(faults) - _SHOWN
    shown = [f"  {plain(line, 300)}" for line in faults[:_SHOWN]]
    shown += [f"  and {more} more"] if more > 0 else []
    head = f"mmbench: warning: {count(len(faults), 'file')} passed over, no record or its rows:"
    print("\n".join([head, *shown]), file=sys.stderr)
