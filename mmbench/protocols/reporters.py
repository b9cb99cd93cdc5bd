"""The interface of reporters, which write finished runs to a board, a page or a tracker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from mmbench.types import RunRecord, StoredSample, TrainingRun, TrainingStep

# The rows of a run by column: see `mmbench.engine.recording.rows`.
Rows = Mapping[str, Sequence[object]]


class StoredSamples(Protocol):
    """The samples of a data set by role and id: their inputs, references and tags."""

    @property
    def labels(self) -> list[str]:
        """Return the class names; [] if the data have none."""
        ...

    def __len__(self) -> int:
        """Return the number of samples of all roles."""
        ...

    def ids(self, role: str, /) -> list[str]:
        """Return the ids of the samples with a role, in order."""
        ...

    def get(self, role: str, ident: str, /) -> StoredSample | None:
        """Return a sample, or None if it is not stored."""
        ...


class Reporter(Protocol):
    """A function that takes the record, the rows and the samples of a finished run."""

    def __call__(self, record: RunRecord, rows: Rows, samples: StoredSamples | None, /) -> str:
        """Write the run and return its location: a path or a URL.

        `samples` is None if they are not known, as after `rescore` in a board without them. `rows`
        is empty for a stored run without rows. Raises UserError if the run cannot be written.
        """
        ...


@runtime_checkable
class ChecksSettings(Protocol):
    """A reporter that can test its settings before a run: a login, the URL of a server."""

    def check(self) -> None:
        """Return if runs can be reported. Raises UserError; the message says what to type next."""
        ...


class TrainingLog(Protocol):
    """A log of one training run, which is open during the training."""

    def add(self, step: TrainingStep, /) -> None:
        """Log a step. Raises UserError."""
        ...

    def close(self, *, failed: bool) -> str:
        """Write what is left and return the location: a path or a URL. Raises UserError.

        `failed` is true if the training did not end as planned.
        """
        ...


@runtime_checkable
class LogsTraining(Protocol):
    """A reporter that can also log the steps of `mmbench train`."""

    def training(self, run: TrainingRun, /) -> TrainingLog:
        """Open a log for a training run that is about to start. Raises UserError."""
        ...
