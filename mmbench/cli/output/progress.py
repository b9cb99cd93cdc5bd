"""Progress: a bar with rate and time left on a terminal, plain lines elsewhere; all on stderr."""

from __future__ import annotations

import os
import sys
from time import monotonic
from typing import TYPE_CHECKING

from mmbench.cli.output.terminal import show
from mmbench.engine.progress import Progress, Silent
from mmbench.text import plain
from mmbench.text.number_format import format_rate, format_seconds

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

_LIBRARIES = ("HF_DATASETS", "HF_HUB")
_EVERY, _SELDOM, _SHARE = 10.0, 300.0, 0.1  # seconds between lines: least, most, share of a stage


def make_progress(*, quiet: bool) -> Progress:
    """Return the progress for stderr: a bar on a terminal, else lines.

    Libraries show their own bars only on a terminal.
    """
    terminal = sys.stderr.isatty()
    if quiet or not terminal:
        for library in _LIBRARIES:  # read when they are imported, later than this
            os.environ.setdefault(f"{library}_DISABLE_PROGRESS_BARS", "1")
    if quiet:
        return Silent()
    return Bar() if terminal else Lines()


class Lines:
    """A line at the start of a stage, then lines at growing intervals of ten seconds and more.

    A stage of a minute has six lines, a stage of an hour about fifty.
    """

    def start(self, stage: str, total: int, done: int) -> None:
        """Print the start of a stage."""
        self._stage, self._total, self._done, self._first = stage, total, done, done
        self._began = self._last = monotonic()
        before = f", of which {done:,} were done before" if done else ""
        self.note(f"{stage}: {total:,}{before}")

    def advance(self, n: int) -> None:
        """Count, and print a line at intervals."""
        self._done += n
        now = monotonic()
        if now - self._last >= min(max(_EVERY, _SHARE * (now - self._began)), _SELDOM):
            self._last = now
            rate = (self._done - self._first) / (now - self._began)
            left = (self._total - self._done) / rate
            done = f"{self._stage}: {self._done:,} of {self._total:,}"
            self.note(f"{done}, {format_rate(rate)}/s, {format_seconds(left)} left")

    def finish(self) -> None:
        """Do nothing: the result follows."""

    def note(self, line: str) -> None:
        """Print one line on stderr."""
        print(plain(line), file=sys.stderr, flush=True)


class Bar:
    """A rich progress bar."""

    def __init__(self) -> None:
        self._bar: RichProgress | None = None

    def start(self, stage: str, total: int, done: int) -> None:
        """Show a bar that starts at the requests in the journal."""
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        rate = TextColumn("{task.fields[rate]}")
        name = TextColumn("{task.description}", markup=False)
        columns = (name, BarColumn(), MofNCompleteColumn(), rate)
        self._bar = Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True))
        self._task = self._bar.add_task(plain(stage), total=total, completed=done, rate="")
        self._began, self._computed = monotonic(), 0
        self._bar.start()

    def advance(self, n: int) -> None:
        """Move the bar."""
        if self._bar is not None:
            self._computed += n
            rate = self._computed / max(monotonic() - self._began, 1e-9)
            self._bar.update(self._task, advance=n, rate=f"{format_rate(rate)}/s")

    def finish(self) -> None:
        """Stop the bar. May be called twice."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def note(self, line: str) -> None:
        """Print one line above the bar."""
        if self._bar is not None:
            self._bar.console.print(plain(line), markup=False, highlight=False)
        else:
            show([plain(line)], sys.stderr)
