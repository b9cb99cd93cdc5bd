"""Checkpoints of the reference models: weights, vocabularies and preprocessing settings."""

from __future__ import annotations

from importlib.resources import files


def packaged(name: str) -> str:
    """Return the folder of the packaged checkpoint called `name`, which may not exist."""
    return str(files("mmbench.reference") / "weights" / name)
