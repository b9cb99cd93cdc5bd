"""The interface of reporters, which write finished runs to a board, a page or a tracker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from mmbench.protocols.datasets import Dataset
from mmbench.types import RunRecord

# The rows of a run by column: see `mmbench.engine.recording.rows`.
Rows = Mapping[str, Sequence[object]]


class Reporter(Protocol):
    """A function that takes the record, the rows and the samples of a finished run."""

    def __call__(self, record: RunRecord, rows: Rows, samples: Dataset | None, /) -> str:
        """Write the run and return its location: a path or a URL.

        `samples` is None if stored outputs were rescored. Raises UserError if the run cannot be
        written.
        """
        ...
