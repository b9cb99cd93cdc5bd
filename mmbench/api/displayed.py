"""Values that are shown in a Python prompt and in a notebook: a title, a table and notes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from mmbench.cli.output.terminal import aligned, display_width, truncated
from mmbench.reports.pages.html import Html, element
from mmbench.text import plain

LINES, WIDTH = 10, 80  # of a text
_NOTES = 2  # notes in a text
_MOST_ROWS = 500  # rows of a table in a notebook


class Display(NamedTuple):
    """The content of a display: a title, rows below a header, and notes.

    The most important columns come first: a text omits the last ones if they do not fit. Columns
    with indices in `left` are left-aligned. All strings are shown literally: they may come from
    models and from files of others.
    """

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    left: Collection[int] = (0,)
    notes: Sequence[str] = ()


class Displayed:
    """The base class of values that show themselves in a prompt and in a notebook."""

    def _display(self) -> Display:
        raise NotImplementedError

    def __repr__(self) -> str:
        return display_text(self._display())

    def _repr_html_(self) -> str:
        return str(display_html(self._display()))


def display_text(display: Display) -> str:
    """Return a display as text of at most 10 lines, each of at most 80 cells."""
    notes = [plain(note, 4 * WIDTH) for note in display.notes]
    if len(notes) > _NOTES:
        notes = [*notes[: _NOTES - 1], f"and {len(notes) - _NOTES + 1} more notes"]
    room = LINES - 1 - len(notes)
    lines = [plain(display.title, 4 * WIDTH), *_table(display, room), *notes]
    return "\n".join(truncated(line, WIDTH) for line in lines)


def _table(display: Display, room: int) -> list[str]:
    if not display.rows:
        return []
    fitting = len(display.rows) < room
    shown = display.rows if fitting else display.rows[: room - 2]
    cells = [[plain(cell) for cell in row] for row in (display.header, *shown)]
    lines = _fitting(cells, display.left)
    left_out = len(display.rows) - len(shown)
    return lines if fitting else [*lines, f"and {left_out:,} more"]


def _fitting(rows: Sequence[Sequence[str]], left: Collection[int]) -> list[str]:
    """Return rows as aligned columns, without the last columns that are too wide for a line.

    Two columns always stay, and may be too wide.
    """
    for n in range(len(rows[0]), 1, -1):
        lines = aligned([row[:n] for row in rows], left)
        if all(display_width(line) <= WIDTH for line in lines):
            break
    return lines


def display_html(display: Display) -> Html:
    """Return a display as a heading, a table and notes; all texts are escaped."""
    shown = display.rows[:_MOST_ROWS]
    left_out = len(display.rows) - len(shown)
    notes = [*display.notes, *([f"and {left_out:,} more"] if left_out else [])]
    table = element(
        "table",
        element("thead", _row("th", display.header, display.left)),
        element("tbody", (_row("td", row, display.left) for row in shown)),
    )
    return element(
        "div",
        element("p", element("strong", display.title)),
        table if shown else None,
        [element("p", note) for note in notes],
        class_="mmbench",
    )


def _row(tag: str, cells: Sequence[str], left: Collection[int]) -> Html:
    sides = ("left" if at in left else "right" for at in range(len(cells)))
    return element(
        "tr",
        [
            element(tag, cell, style=f"text-align: {side}")
            for cell, side in zip(cells, sides, strict=True)
        ],
    )
