"""The interface of what writes finished runs: into a board, a page, a tracker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from mmbench.protocols.datasets import Dataset
from mmbench.types import RunRecord

Rows = Mapping[str, Sequence[object]]  # of a run, by column: see `mmbench.engine.recording.rows`


class Reporter(Protocol):
    """A function of a finished run: its record, its rows, and the samples that it was run on."""

    def __call__(self, record: RunRecord, rows: Rows, samples: Dataset | None, /) -> str:
        """Write the run and return where: a path or an address.

        `samples` are None where stored outputs were measured again. Raises UserError.
        """
        ...
