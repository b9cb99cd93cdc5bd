"""Exit codes of the commands (docs/cli.md lists them)."""

from __future__ import annotations

import signal
from collections.abc import Iterable, Sequence

DONE, FAILED, USER, SAMPLES, UNCLEAR, BUG, INTERRUPTED = 0, 1, 2, 3, 4, 70, 130
_INTERRUPTIONS = (INTERRUPTED, 128 + signal.SIGTERM, 128 + getattr(signal, "SIGHUP", 1))
_WORST_FIRST = (*_INTERRUPTIONS, BUG, USER, SAMPLES, UNCLEAR, FAILED)


def until_interrupted(codes: Iterable[int]) -> list[int]:
    """Return the exit codes in `codes` up to the first code that means an interruption."""
    collected: list[int] = []
    for code in codes:
        collected.append(code)
        if code in _INTERRUPTIONS:
            break
    return collected


def worst(codes: Sequence[int]) -> int:
    """Return the worst of several exit codes, which is the exit code of the command."""
    return next((code for code in _WORST_FIRST if code in codes), DONE)
