"""Imports of scikit-learn, which is an optional package."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from mmbench.errors import MissingExtra


def check_scikit_learn(what: str) -> None:
    """Raise MissingExtra if scikit-learn is not installed; `what` needs it. Nothing is imported."""
    if find_spec("sklearn") is None:
        raise MissingExtra(what, "scikit-learn", "mmbench[probe]")


def scikit_learn(module: str, what: str) -> Any:
    """Import a module of scikit-learn. Raises MissingExtra if it is not installed."""
    check_scikit_learn(what)
    return import_module(f"sklearn.{module}")
