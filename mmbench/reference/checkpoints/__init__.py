"""Checkpoints of the reference models: weights, and all that their inputs need."""

from __future__ import annotations

from importlib.resources import files


def packaged(name: str) -> str:
    """Return the folder of the packaged checkpoint of a name, which may not exist."""
    return str(files("mmbench.reference") / "weights" / name)
