"""Comparison of a worker's libraries with those of the driver."""

from __future__ import annotations

from mmbench.engine import identity
from mmbench.engine.workers.messages import NodeFacts

_SHOWN = 4  # packages that a message lists


def version_differences(facts: NodeFacts, device: str) -> str:
    """Return why a worker cannot compute the same outputs as the driver, or "".

    `device` is the type of device that the run uses.
    """
    if facts.device != device:
        return f"it runs on {facts.device}, and the run on {device}"
    here = identity.all_versions()
    names = sorted({*here, *facts.versions})
    lines = [
        f"{name} {facts.versions.get(name, identity.ABSENT)} (the driver has"
        f" {here.get(name, identity.ABSENT)})"
        for name in names
        if facts.versions.get(name, identity.ABSENT) != here.get(name, identity.ABSENT)
    ]
    if not lines:
        return ""
    more = f" and {len(lines) - _SHOWN} more" if len(lines) > _SHOWN else ""
    return f"it has {', '.join(lines[:_SHOWN])}{more}; install the same versions"
