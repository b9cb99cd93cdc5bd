"""The result of an export."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, TypeAlias

from mmbench.reports.exports.options import ExportOptions
from mmbench.storage.own_files import Maker, write_own_file
from mmbench.storage.records import StoredRun


class Exported(NamedTuple):
    """The places that an export wrote, and notes on what it left out."""

    places: Sequence[str]
    notes: Sequence[str] = ()


def write_export(file: Path, data: bytes, marker: bytes) -> str:
    """Write the file of an export, and return its path.

    `marker` are bytes that each export of this format contains. Raises UserError for a file of
    another program, and if the file cannot be written.
    """
    return write_own_file(file, data, Maker("mmbench export", marker), "--file")


Exporter: TypeAlias = Callable[[Sequence[StoredRun], "Path | None", ExportOptions], Exported]
