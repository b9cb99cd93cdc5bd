"""Progress in a notebook: a bar in the output of the cell, which disappears when it is complete."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from time import monotonic
from typing import Protocol

from mmbench.cli.output.progress import make_progress
from mmbench.engine.progress import Progress, Silent
from mmbench.reports.pages.html import element
from mmbench.text import plain
from mmbench.text.number_format import format_cost, format_rate, format_seconds

_EVERY = 0.2  # seconds between two updates


class Handle(Protocol):
    """The place of a displayed object, as `IPython.display.display` returns it."""

    def update(self, value: object, /) -> None:
        """Show another object in this place."""
        ...


class BarState:
    """What a bar shows: a stage, its finished and its total requests, and a remark."""

    def __init__(self, stage: str, total: int, done: int, remark: str) -> None:
        self.stage, self.total, self.done, self.remark = plain(stage), total, done, plain(remark)

    def __repr__(self) -> str:
        remark = f", {self.remark}" if self.remark else ""
        return f"{self.stage}: {self.done:,} of {self.total:,}{remark}"

    def _repr_html_(self) -> str:
        bar = element("progress", value=self.done, max=max(1, self.total))
        return str(element("div", bar, f" {self!r}", class_="mmbench"))


class Empty:
    """An output without content."""

    def __repr__(self) -> str:
        return ""

    def _repr_html_(self) -> str:
        return ""


class NotebookBar:
    """Progress as a bar in a notebook; `display` shows an object and returns its place."""

    def __init__(self, display: Callable[[object], Handle]) -> None:
        self._display = display
        self._handle: Handle | None = None

    def start(self, stage: str, total: int, done: int) -> None:
        """Show the bar of a stage; the `done` requests are in the journal already."""
        self._stage, self._total, self._done, self._computed = stage, total, done, 0
        self._began, self._shown, self._cost = monotonic(), 0.0, ""
        self._show()

    def advance(self, n: int) -> None:
        """Move the bar by `n` finished requests."""
        self._done, self._computed = self._done + n, self._computed + n
        if monotonic() - self._shown >= _EVERY:
            self._show()

    def report_cost(self, cost: float) -> None:
        """Store the cost, to show it with the next update."""
        self._cost = f", cost {format_cost(cost)}"

    def finish(self) -> None:
        """Remove the bar. This may be called twice."""
        if self._handle is not None:
            self._handle.update(Empty())

    def note(self, line: str) -> None:
        """Do nothing: the record has the notes that matter."""

    def _show(self) -> None:
        self._shown = monotonic()
        state = BarState(self._stage, self._total, self._done, self._remark())
        if self._handle is None:
            self._handle = self._display(state)
        else:
            self._handle.update(state)

    def _remark(self) -> str:
        if not self._computed:
            return ""
        rate = self._computed / max(monotonic() - self._began, 1e-9)
        left = format_seconds((self._total - self._done) / rate)
        return f"{format_rate(rate)}/s, {left} left{self._cost}"


def progress_display(progress: bool | None) -> Progress:
    """Return the progress display of a function in Python.

    In a notebook it is a bar; elsewhere it is the display of `mmbench run` on stderr if `progress`
    is true, and nothing if it is None. If `progress` is false, there is none.
    """
    if progress is False:
        return Silent()
    display = notebook_display()
    if display is not None:
        return NotebookBar(display)
    return make_progress(quiet=False) if progress else Silent()


def notebook_display() -> Callable[[object], Handle] | None:
    """Return the function that displays an object in the notebook of this process, else None.

    A process that has not imported IPython is no notebook; neither is IPython in a terminal.
    """
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is None or not hasattr(shell, "kernel"):
        return None
    display = import_module("IPython.display")

    def show(value: object) -> Handle:
        handle: Handle = display.display(value, display_id=True)
        return handle

    return show
