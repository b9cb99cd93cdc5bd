"""The interface of readers of outputs of other programs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from mmbench.types import Outputs


class OutputReader(Protocol):
    """A function that reads what a model answered, written by another program.

    It is registered under the extension of its files: `@mmbench.register("outputs", ".xyz")`.
    """

    def __call__(self, path: Path, /) -> Outputs:
        """Return id → value. Raises DataError, with file and line, for what cannot be read."""
        ...


class TableReader(Protocol):
    """An OutputReader of tables: it has a second parameter, which is called `fields`."""

    def __call__(self, path: Path, fields: Mapping[str, str], /) -> Outputs:
        """Return id → value, from the columns that the user names by `--field`.

        `fields` has the names of the columns under `prediction` and `id`, as far as they are given.
        Raises DataError, with file and line, and UnknownName for a column that is not there.
        """
        ...
