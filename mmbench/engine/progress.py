"""The interface through which a run reports its progress, independent of terminals."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """An observer of the stages of a run."""

    def start(self, stage: str, total: int, done: int) -> None:
        """Start a stage with `total` requests, of which `done` are in the journal already."""
        ...

    def advance(self, n: int) -> None:
        """Report that `n` more requests are done."""
        ...

    def report_cost(self, cost: float) -> None:
        """Report the cost of the run so far; this is called only in runs with a price."""
        ...

    def finish(self) -> None:
        """End the stage."""
        ...

    def note(self, line: str) -> None:
        """Report an event in one line."""
        ...


class Silent:
    """Progress without output: the default in Python and under `--quiet`."""

    def start(self, stage: str, total: int, done: int) -> None:
        """Do nothing."""

    def advance(self, n: int) -> None:
        """Do nothing."""

    def report_cost(self, cost: float) -> None:
        """Do nothing."""

    def finish(self) -> None:
        """Do nothing."""

    def note(self, line: str) -> None:
        """Do nothing."""
