"""The error for an unusable cache: one line with the file and advice."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mmbench.errors import UserError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def cache_errors(path: Path) -> Iterator[None]:
    """Convert an OSError that is raised in the `with` block to a UserError.

    `path` is the cache file that the block uses.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise unusable_cache(path, reason, full=error.errno in _FULL) from error


def unusable_cache(path: Path, reason: str, *, full: bool = False) -> UserError:
    """Return the error for a cache file that cannot be read or written."""
    if full:
        verb, advice = "write to", "make room (`mmbench cache prune`) or set MMBENCH_CACHE"
    else:
        verb = "use"
        advice = "make it writable, move it away, or set MMBENCH_CACHE to another folder"
    return UserError(
        f"cannot {verb} the cache {path}: {reason}; finished results are kept; {advice},"
        " then repeat the command"
    )
