"""Turns at a journal: runs in several threads of a process use a journal one after another.

So the second run finds what the first one computed, and computes nothing twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from weakref import WeakValueDictionary


class _Turn:
    """A lock, in a class to which weak references are possible."""

    def __init__(self) -> None:
        self.lock = Lock()


_turns: WeakValueDictionary[Path, _Turn] = WeakValueDictionary()
_lock = Lock()


@contextmanager
def turn(folder: Path) -> Iterator[None]:
    """Wait until no other thread uses the journal in a folder, and use it within the context."""
    with _lock:
        own = _turns.setdefault(folder, _Turn())
    with own.lock:
        yield
