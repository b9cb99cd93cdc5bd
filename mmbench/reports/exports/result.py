"""The result of an export."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, TypeAlias

from mmbench.reports.exports.options import ExportOptions
from mmbench.storage.records import StoredRun


class Exported(NamedTuple):
    """The places that an export wrote, and notes on what it left out."""

    places: Sequence[str]
    notes: Sequence[str] = ()


Exporter: TypeAlias = Callable[[Sequence[StoredRun], "Path | None", ExportOptions], Exported]
