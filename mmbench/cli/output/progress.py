"""Progress on stderr: a bar with rate and remaining time in a terminal, else plain lines."""

from __future__ import annotations

import os
import sys
from time import monotonic
from typing import TYPE_CHECKING

from mmbench.cli.output.terminal import show
from mmbench.engine.progress import Progress, Silent
from mmbench.text import plain
from mmbench.text.number_format import format_cost, format_rate, format_seconds

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

_LIBRARIES = ("HF_DATASETS", "HF_HUB")
# The interval between lines: minimum and maximum in seconds, and as a share of the stage.
_EVERY, _SELDOM, _SHARE = 10.0, 300.0, 0.1


def make_progress(*, quiet: bool) -> Progress:
    """Return the progress display for stderr: a bar on a terminal, otherwise lines.

    Progress bars of libraries are disabled unless stderr is a terminal.
    """
    terminal = sys.stderr.isatty()
    if quiet or not terminal:
        for (
            library
        ) in _LIBRARIES:  # the libraries read these variables when they are imported, later
            os.environ.setdefault(f"{library}_DISABLE_PROGRESS_BARS", "1")
    if quiet:
        return Silent()
    return Bar() if terminal else Lines()


class Lines:
    """Progress as plain lines: a line at the start of a stage, then lines at growing intervals.

    The intervals are at least ten seconds. A stage of one minute has six lines; a stage of one hour
    has about fifty.
    """

    def start(self, stage: str, total: int, done: int) -> None:
        """Print the start of a stage."""
        self._stage, self._total, self._done, self._first = stage, total, done, done
        self._began = self._last = monotonic()
        self._cost = ""
        before = f", {done:,} of them already done" if done else ""
        self.note(f"{stage}: {total:,}{before}")

    def advance(self, n: int) -> None:
        """Count `n` finished items, and print a line if the interval has passed."""
        self._done += n
        now = monotonic()
        if now - self._last >= min(max(_EVERY, _SHARE * (now - self._began)), _SELDOM):
            self._last = now
            rate = (self._done - self._first) / (now - self._began)
            left = (self._total - self._done) / rate
            done = f"{self._stage}: {self._done:,} of {self._total:,}"
            self.note(f"{done}, {format_rate(rate)}/s, {format_seconds(left)} left{self._cost}")

    def report_cost(self, cost: float) -> None:
        """Store the cost, to show it in the next line."""
        self._cost = f", cost {format_cost(cost)}"

    def finish(self) -> None:
        """Do nothing: the command prints the result next."""

    def note(self, line: str) -> None:
        """Print one line to stderr."""
        print(plain(line), file=sys.stderr, flush=True)


class Bar:
    """Progress as a bar of the library rich."""

    def __init__(self) -> None:
        self._bar: RichProgress | None = None

    def start(self, stage: str, total: int, done: int) -> None:
        """Show a bar; the `done` requests that are already in the journal count as finished."""
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
        self._began, self._computed, self._cost = monotonic(), 0, ""
        self._bar.start()

    def advance(self, n: int) -> None:
        """Move the bar by `n` finished items."""
        if self._bar is not None:
            self._computed += n
            rate = self._computed / max(monotonic() - self._began, 1e-9)
            self._bar.update(self._task, advance=n, rate=f"{format_rate(rate)}/s{self._cost}")

    def report_cost(self, cost: float) -> None:
        """Store the cost, to show it when the bar next moves."""
        self._cost = f", cost {format_cost(cost)}"

    def finish(self) -> None:
        """Stop the bar. This may be called twice."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def note(self, line: str) -> None:
        """Print one line above the bar."""
        if self._bar is not None:
            self._bar.console.print(plain(line), markup=False, highlight=False)
        else:
            show([plain(line)], sys.stderr)
