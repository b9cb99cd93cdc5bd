"""Reports of the files in a board that could not be read and were skipped."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from mmbench.cli.output.terminal import show
from mmbench.storage.unreadable import describe_unreadable


def report_unreadable(lines: Sequence[str]) -> None:
    """Count and name on stderr the files that were skipped."""
    if lines:
        show(f"mmbench: warning: {describe_unreadable(lines)}".splitlines(), sys.stderr)
