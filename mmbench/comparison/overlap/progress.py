"""Progress in rows of a training list, of which many requests of a model are a part."""

from __future__ import annotations

from mmbench.engine.progress import Progress, Silent


class RowProgress(Silent):
    """A progress that counts the rows of a training list.

    Before `begin`, the stages of a model that embeds the test set are shown; later ones are not.
    """

    def __init__(self, display: Progress, total: int) -> None:
        self._display, self._total, self._begun = display, total, False

    def begin(self) -> None:
        """Start to count rows."""
        self._begun = True
        self._display.start("training rows", self._total, 0)

    def rows_done(self, rows: int) -> None:
        """Report that so many more rows were compared."""
        self._display.advance(rows)

    def start(self, stage: str, total: int, done: int) -> None:
        """Show a stage of the test set."""
        if not self._begun:
            self._display.start(stage, total, done)

    def advance(self, n: int) -> None:
        """Show the progress with the test set."""
        if not self._begun:
            self._display.advance(n)

    def finish(self) -> None:
        """End a stage of the test set."""
        if not self._begun:
            self._display.finish()

    def note(self, line: str) -> None:
        """Show an event."""
        self._display.note(line)
