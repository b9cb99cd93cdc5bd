"""No connection to the network while a library computes, so that it cannot fetch in silence."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

_closed: ContextVar[bool] = ContextVar("closed", default=False)


@contextmanager
def no_network() -> Iterator[None]:
    """Make every connection of this thread fail with a ConnectionError while the block runs.

    Sockets of the file system stay open.
    """
    _add_hook()
    token = _closed.set(True)
    try:
        yield
    finally:
        _closed.reset(token)


@cache
def _add_hook() -> None:
    """Add the hook once: Python has no way to take one away."""
    sys.addaudithook(_refuse)


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if not event.startswith("socket.") or not _closed.get():
        return
    to_host = event == "socket.connect" and isinstance(arguments[1], tuple)
    if to_host or event in ("socket.getaddrinfo", "socket.gethostbyname"):
        raise ConnectionError("a metric may not fetch anything from the network")
