"""One display of the progress of several runs that share workers."""

from __future__ import annotations

from threading import Lock

from mmbench.cli.output.progress import Display


class SharedProgress:
    """The sums over several runs, in one display."""

    def __init__(self, display: Display, runs: int) -> None:
        self._display, self._runs = display, runs
        self._lock = Lock()
        self._is_shown = self._is_closed = False
        self._total = self._done = 0

    def part(self, name: str) -> PartProgress:
        """Return the progress of one run; `name` precedes the names of its stages."""
        return PartProgress(self, name)

    def start(self, stage: str, total: int, done: int) -> None:
        """Add a stage of a run to the sums."""
        with self._lock:
            if self._is_closed:
                return
            if self._is_shown:
                self._display.extend(stage, total, done)
            else:
                self._display.note(f"{stage}: {total:,}")
            self._total, self._done = self._total + total, self._done + done
            self._show()

    def advance(self, n: int) -> None:
        """Report that `n` more requests of any run are done."""
        with self._lock:
            if self._is_closed:
                return
            self._show()
            self._done += n
            self._display.advance(n)

    def note(self, line: str) -> None:
        """Report an event of any run in one line."""
        with self._lock:
            if not self._is_closed:
                self._display.note(line)

    def pause(self) -> None:
        """End the display until the next request is done."""
        with self._lock:
            self._is_shown = False
            self._display.finish()

    def close(self) -> None:
        """End the display; the threads of runs that go on show nothing any more."""
        with self._lock:
            self._is_closed = True
            self._display.finish()

    def _show(self) -> None:
        if not self._is_shown:
            self._is_shown = True
            self._display.start(f"{self._runs} runs", self._total, self._done)


class PartProgress:
    """The progress of one run among others."""

    def __init__(self, shared: SharedProgress, name: str) -> None:
        self._shared, self._name = shared, name

    def start(self, stage: str, total: int, done: int) -> None:
        """Start a stage with `total` requests, of which `done` are in the journal already."""
        self._shared.start(f"{self._name}: {stage}", total, done)

    def advance(self, n: int) -> None:
        """Report that `n` more requests are done."""
        self._shared.advance(n)

    def report_cost(self, cost: float) -> None:
        """Do nothing: endpoints, which have prices, run in this process."""

    def finish(self) -> None:
        """Do nothing: other runs go on."""

    def note(self, line: str) -> None:
        """Report an event in one line."""
        self._shared.note(line)
