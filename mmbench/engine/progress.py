"""How a run tells what it is doing. The engine talks to this interface, never to a terminal."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Told of each stage of a run."""

    def start(self, stage: str, total: int, done: int) -> None:
        """A stage begins: `total` requests, of which `done` are in the journal."""
        ...

    def advance(self, n: int) -> None:
        """`n` more requests are answered."""
        ...

    def finish(self) -> None:
        """The stage is over."""
        ...

    def note(self, line: str) -> None:
        """Something worth a line."""
        ...


class Silent:
    """Says nothing: the default from Python and under `--quiet`."""

    def start(self, stage: str, total: int, done: int) -> None:
        """Say nothing."""

    def advance(self, n: int) -> None:
        """Say nothing."""

    def finish(self) -> None:
        """Say nothing."""

    def note(self, line: str) -> None:
        """Say nothing."""
