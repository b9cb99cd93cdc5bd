"""Imports of other packages as references of metrics; each package may be missing."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from platform import python_version
from types import ModuleType

_PARTS = ("torch", "torchvision")  # environments with different ones can run different rows


def installed(package: str) -> str | None:
    """Return the version of a package, None if it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


@cache
def environment() -> str:
    """Return the environment: `Python 3.11.7, torch 2.13.0`, with torchvision if installed."""
    parts = [f"{name} {number}" for name in _PARTS if (number := installed(name))]
    return ", ".join([f"Python {python_version()}", *parts])


def library(name: str) -> ModuleType:
    """Import a module of another package. Raises ImportError, which skips the case.

    If a dependency of the package is missing, e.g. torchvision, the error names it.
    """
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        package, missing = name.partition(".")[0], str(error.name).partition(".")[0]
        if missing == package:
            raise
        hint = ": `make test-torchvision` compares with it" if missing == "torchvision" else ""
        reason = f"{package} needs {missing}, which is not installed{hint}"
        raise ModuleNotFoundError(reason, name=error.name) from error
