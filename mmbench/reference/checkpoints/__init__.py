"""Checkpoints of the reference models: weights beside what a model needs to run."""

from __future__ import annotations

from importlib.resources import files


def packaged(name: str) -> str:
    """Return the folder of the packaged checkpoint of a name, whether or not there is one."""
    return str(files("mmbench.reference") / "weights" / name)
