"""Progress on stderr: a bar with rate and remaining time in a terminal, else plain lines."""

from __future__ import annotations

import os
import sys
from time import monotonic
from typing import TYPE_CHECKING, Protocol

from mmbench.cli.output.terminal import show
from mmbench.engine.progress import Progress, Silent
from mmbench.text import plain
from mmbench.text.number_format import format_cost, format_rate, format_seconds

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

    from mmbench.engine.execution.executor import Executor

_LIBRARIES = ("HF_DATASETS", "HF_HUB")
# The interval between lines: minimum and maximum in seconds, and as a share of the stage.
_EVERY, _SELDOM, _SHARE = 10.0, 300.0, 0.1


class Display(Progress, Protocol):
    """A progress display, whose current stage can grow."""

    def extend(self, stage: str, total: int, done: int) -> None:
        """Add the requests of another stage, of which `done` are in the journal already."""
        ...


def make_progress(*, quiet: bool, executor: Executor | None = None) -> Display:
    """Return the progress display for stderr: a bar on a terminal, otherwise lines.

    The rate is also shown per worker if `executor` has several workers. Progress bars of libraries
    are disabled unless stderr is a terminal.
    """
    terminal = sys.stderr.isatty()
    if quiet or not terminal:
        for (
            library
        ) in _LIBRARIES:  # the libraries read these variables when they are imported, later
            os.environ.setdefault(f"{library}_DISABLE_PROGRESS_BARS", "1")
    if quiet:
        return _NoDisplay()
    return Bar(executor) if terminal else Lines(executor)


class _NoDisplay(Silent):
    """No progress."""

    def extend(self, stage: str, total: int, done: int) -> None:
        """Do nothing."""


class _Rate:
    """The number of items per second since the first one was finished.

    Before it, workers start and models are loaded, which would make the first rates too low.
    """

    def __init__(self) -> None:
        self._items, self._first = 0, 0.0

    def count(self, n: int) -> float:
        """Count `n` finished items; return the rate, or 0.0 while it is unknown."""
        now = monotonic()
        if not self._first:
            self._first = now
            return 0.0
        self._items += n
        return self._items / max(now - self._first, 1e-9)


def _rate_text(rate: float, executor: Executor | None) -> str:
    """Return a rate, with the rate per worker if there are several."""
    workers = executor.workers if executor is not None else None
    each = f" ({format_rate(rate / workers)}/s per worker)" if workers and workers > 1 else ""
    return f"{format_rate(rate)}/s{each}"


class Lines:
    """Progress as plain lines: a line at the start of a stage, then lines at growing intervals.

    The intervals are at least ten seconds. A stage of one minute has six lines; a stage of one hour
    has about fifty.
    """

    def __init__(self, executor: Executor | None = None) -> None:
        self._executor = executor

    def start(self, stage: str, total: int, done: int) -> None:
        """Print the start of a stage."""
        self._stage, self._total, self._done, self._rate = stage, total, done, _Rate()
        self._began = self._last = monotonic()
        self._cost = ""
        if total:
            self._announce(stage, total, done)

    def _announce(self, stage: str, total: int, done: int) -> None:
        before = f", {done:,} of them already done" if done else ""
        self.note(f"{stage}: {total:,}{before}")

    def extend(self, stage: str, total: int, done: int) -> None:
        """Add the requests of another stage, and print its start."""
        self._total, self._done = self._total + total, self._done + done
        self._announce(stage, total, done)

    def advance(self, n: int) -> None:
        """Count `n` finished items, and print a line if the interval has passed."""
        self._done += n
        rate, now = self._rate.count(n), monotonic()
        if now - self._last >= min(max(_EVERY, _SHARE * (now - self._began)), _SELDOM):
            self._last = now
            done = f"{self._stage}: {self._done:,} of {self._total:,}"
            self.note(f"{done}{self._speed(rate)}{self._cost}")

    def _speed(self, rate: float) -> str:
        if not rate:
            return ""
        left = (self._total - self._done) / rate
        return f", {_rate_text(rate, self._executor)}, {format_seconds(left)} left"

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

    def __init__(self, executor: Executor | None = None) -> None:
        self._executor = executor
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
        self._rate, self._cost = _Rate(), ""
        self._bar.start()

    def extend(self, stage: str, total: int, done: int) -> None:
        """Add the requests of another stage to the bar."""
        if self._bar is not None:
            current = self._bar.tasks[0]
            whole = (current.total or 0) + total
            done += int(current.completed)
            self._bar.update(self._task, total=whole, completed=done, description=plain(stage))

    def advance(self, n: int) -> None:
        """Move the bar by `n` finished items."""
        if self._bar is not None:
            rate = self._rate.count(n)
            text = f"{_rate_text(rate, self._executor)}{self._cost}" if rate else ""
            self._bar.update(self._task, advance=n, rate=text)

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
