"""The interface of output readers, which read files that another program wrote."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from mmbench.types import Outputs


class OutputReader(Protocol):
    """A function that reads model outputs from a file that another program wrote.

    It is registered under the file extension: `@mmbench.register("outputs", ".xyz")`.
    """

    def __call__(self, path: Path, /) -> Outputs:
        """Return the outputs by id. Raises DataError with file and line if the file is invalid."""
        ...


class TableReader(Protocol):
    """An OutputReader of tables; its second parameter must be called `fields`."""

    def __call__(self, path: Path, fields: Mapping[str, str], /) -> Outputs:
        """Return the outputs by id, from the columns that the user selects with `--field`.

        `fields` holds the selected column names under the keys `prediction` and `id`. Raises
        DataError, with file and line, if the file is invalid, and UnknownName for a missing column.
        """
        ...
