"""The interface of readers of outputs from other programs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from mmbench.types import Outputs


class OutputReader(Protocol):
    """A function that reads the outputs of a model from a file of another program.

    It is registered under the file extension: `@mmbench.register("outputs", ".xyz")`.
    """

    def __call__(self, path: Path, /) -> Outputs:
        """Return id → value. Raises DataError, with file and line, if the file is invalid."""
        ...


class TableReader(Protocol):
    """An OutputReader of tables, with a second parameter named `fields`."""

    def __call__(self, path: Path, fields: Mapping[str, str], /) -> Outputs:
        """Return id → value, from the columns that the user selects with `--field`.

        `fields` holds the given column names under `prediction` and `id`. Raises DataError, with
        file and line, and UnknownName for a missing column.
        """
        ...
