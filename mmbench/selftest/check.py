"""One thing that must hold of a task."""

from __future__ import annotations

from typing import NamedTuple


class Check(NamedTuple):
    """What must hold, and whether it does. None: it could not be tried, and `told` says why."""

    what: str
    passed: bool | None
    told: str
