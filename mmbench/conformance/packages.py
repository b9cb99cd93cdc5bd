"""Imports of the packages that serve as references; each package may be missing."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from platform import python_version
from types import ModuleType

_PARTS = ("torch", "torchvision")  # their versions decide which cases can run


def installed(package: str) -> str | None:
    """Return the version of a distribution package, or None if it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


@cache
def environment() -> str:
    """Return the versions of Python, torch and torchvision: `Python 3.11.7, torch 2.13.0`."""
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
        hint = "; run `make test-torchvision`" if missing == "torchvision" else ""
        reason = f"{package} needs {missing}, which is not installed{hint}"
        raise ModuleNotFoundError(reason, name=error.name) from error
