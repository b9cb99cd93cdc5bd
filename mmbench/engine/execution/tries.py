"""Tries of runs: a run that is only tried ends when it needs the model.

When many runs share workers, further runs are tried, so that those with cached outputs finish at
once.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_is_try: ContextVar[bool] = ContextVar("is_try", default=False)


class NeedsModel(BaseException):
    """The end of a try: some outputs are not cached. No error, so no handler of errors takes it."""


@contextmanager
def only_try() -> Iterator[None]:
    """Only try what this thread runs within the context."""
    token = _is_try.set(True)
    try:
        yield
    finally:
        _is_try.reset(token)


def is_try() -> bool:
    """Return whether this thread only tries a run."""
    return _is_try.get()


def end_try() -> None:
    """Raise NeedsModel if this thread only tries a run."""
    if is_try():
        raise NeedsModel
