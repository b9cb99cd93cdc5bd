"""What reads outputs of other programs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from mmbench.types import Outputs


class OutputReader(Protocol):
    """A function that reads what a model answered, written by another program.

    It is registered under the extension of its files: `@mmbench.register("outputs", ".xyz")`. One
    of tables has a second parameter `fields`: the columns that the user names by `--field`.
    """

    def __call__(self, path: Path, fields: Mapping[str, str] = ..., /) -> Outputs:
        """Return id → value. Raises DataError, with file and line, for what cannot be read."""
        ...
