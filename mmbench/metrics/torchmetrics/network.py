"""A block on network connections during a computation, which prevents silent downloads."""

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
    """Make all connections of this thread fail with a ConnectionError within the context.

    Unix sockets are not affected.
    """
    _add_hook()
    token = _closed.set(True)
    try:
        yield
    finally:
        _closed.reset(token)


@cache
def _add_hook() -> None:
    """Add the audit hook that blocks connections.

    It is added only once, because Python cannot remove an audit hook.
    """
    sys.addaudithook(_refuse)


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if not event.startswith("socket.") or not _closed.get():
        return
    to_host = event == "socket.connect" and isinstance(arguments[1], tuple)
    if to_host or event in ("socket.getaddrinfo", "socket.gethostbyname"):
        raise ConnectionError("a metric may not fetch anything from the network")
