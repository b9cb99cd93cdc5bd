"""Modules of other packages that metrics are compared with; each may be absent."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from platform import python_version
from types import ModuleType

_PARTS = ("torch", "torchvision")  # environments that differ in them verify different rows


def installed(package: str) -> str | None:
    """Return the version of a package, None where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


@cache
def environment() -> str:
    """Name this environment: `Python 3.11.7, torch 2.13.0`, with torchvision where it is here."""
    parts = [f"{name} {number}" for name in _PARTS if (number := installed(name))]
    return ", ".join([f"Python {python_version()}", *parts])


def library(name: str) -> ModuleType:
    """Import a module of another package. Raises ImportError, which skips the case.

    The error names what the package needs where that is missing, e.g. torchvision.
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
