"""Lines, lists and tables of plain text, fitted to the width of a terminal.

Widths are in terminal cells: a Chinese character takes two cells. Without a width (stdout is a pipe
or a file), nothing is wrapped or split, so that grep finds complete lines.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TextIO
from unicodedata import category, east_asian_width

from mmbench.storage.unreadable import describe_unreadable
from mmbench.text import printable

_NARROWEST = 40  # the minimal width assumed for a terminal
_DEFAULT_WIDTH = 80  # the width if the terminal does not report it
_TEXT = 24  # the minimal width of a wrapped last column
_GAP = 2  # blanks between columns
_HANG = 4  # extra indent of the continuation lines of a wrapped line
_PARTS = re.compile(r"[^/@ ]*[/@ ]|[^/@ ]+")  # a name is folded after these characters
_WIDE = re.compile(r" *[^\u1100-\U0003ffff]+|.")  # Chinese characters and emoji one by one

Row = Sequence[str]


def screen_width(file: TextIO) -> int | None:
    """Return the width of the terminal that a stream writes to; None if it is not a terminal."""
    if not file.isatty():
        return None
    columns = os.environ.get("COLUMNS", "")
    typed = int(columns) if columns.isdecimal() else 0
    return max(_NARROWEST, typed or os.get_terminal_size(file.fileno()).columns or _DEFAULT_WIDTH)


def show(lines: Iterable[str], file: TextIO | None = None) -> None:
    """Print lines, wrapped at the width of the terminal.

    Control and formatting characters are replaced, so that the lines are safe to print.
    """
    file = file or sys.stdout
    width = screen_width(file)
    for line in lines:
        print("\n".join(wrapped(printable(line), width)), file=file)
    file.flush()


def display_width(text: str) -> int:
    """Return the number of terminal cells that a text takes."""
    if text.isascii():
        return len(text)
    return sum(0 if _is_mark(char) else 1 + (east_asian_width(char) in "WF") for char in text)


def _is_mark(char: str) -> bool:
    """Return whether a character has width 0, such as a combining accent or a vowel sign."""
    return category(char) in ("Mn", "Me") or "\u1160" <= char <= "\u11ff"


def truncated(text: str, width: int) -> str:
    """Return the beginning of a text that fits into `width` cells; `…` marks the omitted rest."""
    if display_width(text) <= width:
        return text
    cut = text[:width]
    while display_width(cut) >= width:
        cut = cut[:-1]
    return f"{cut}…"


def wrapped(line: str, width: int | None, hang: int | None = None) -> list[str]:
    """Wrap a line between words; continuation lines are indented by `hang` cells.

    If a word fits only with a smaller indent, it is indented less. A word longer than a line is not
    broken.
    """
    text = line.lstrip(" ")
    indent = len(line) - len(text)
    if width is None or display_width(line) <= width:
        return [line]
    after = indent + _HANG if hang is None else hang
    lines, current = [], " " * indent
    for word in _words(text):
        longer = f"{current}{word}"
        if display_width(longer.rstrip()) > width and current.strip():
            lines.append(current.rstrip())
            word = word.lstrip()
            room = width - display_width(word)
            longer = " " * (after if room < 0 else min(after, room)) + word
        current = longer
    return [*lines, current.rstrip()]


def _words(text: str) -> Iterator[str]:
    """Yield words with the spaces before them; each double-width character is a separate word."""
    for word in re.findall(r" *[^ ]+", text):
        yield from _WIDE.findall(word) if display_width(word) > len(word) else [word]


def aligned(rows: Sequence[Row], left: Collection[int]) -> list[str]:
    """Return rows as lines with aligned columns.

    The columns with indices in `left` are left-aligned, the other columns right-aligned.
    """
    lines = []
    widths = _widths(rows)
    for row in rows:
        blanks = [
            " " * (width - display_width(cell)) for cell, width in zip(row, widths, strict=True)
        ]
        padded = [
            cell + blank if at in left else blank + cell
            for at, (cell, blank) in enumerate(zip(row, blanks, strict=True))
        ]
        lines.append((" " * _GAP).join(padded).rstrip())
    return lines


def listing(rows: Sequence[Row], width: int | None, indent: int = 0) -> list[str]:
    """Return rows as a list: names in the first column, the other cells wrapped next to them.

    On a narrow terminal, a long name is on a separate line.
    """
    if not rows:
        return []
    left = " " * indent
    lines = [left + line for line in aligned(rows, left=range(len(rows[0])))]
    if width is None or all(display_width(line) <= width for line in lines):
        return lines
    names = [display_width(row[0]) for row in rows]
    room = max((n for n in names if n <= width // 3), default=0)
    start = indent + (room + _GAP if room else _HANG)
    return [line for row in rows for line in _entry(row, start, width, indent)]


def _entry(row: Row, start: int, width: int, indent: int) -> list[str]:
    text = "  ".join(filter(None, row[1:]))
    name = " " * indent + row[0]
    if display_width(name) + _GAP > start:
        return [name, *wrapped(" " * start + text, width, start)] if text else [name]
    return wrapped(f"{name}{' ' * (start - display_width(name))}{text}".rstrip(), width, start)


def table(
    rows: Sequence[Row], left: Collection[int], width: int | None, indent: int = 0
) -> list[str]:
    """Return rows as aligned columns that fit into `width`; the first row is the header.

    If the last column contains text and there is enough room, it is wrapped. Otherwise the table is
    split by columns into pieces, one below the other; each piece repeats the first column, and long
    names in it are folded.
    """
    spaces = " " * indent
    whole = [spaces + line for line in aligned(rows, left)]
    if width is None or all(display_width(line) <= width for line in whole):
        return whole
    last = len(rows[0]) - 1
    room = width - indent - sum(w + _GAP for w in _widths([row[:-1] for row in rows]))
    if last in left and room >= _TEXT:
        return _with_texts(rows, left, width, indent)
    columns = [list(column) for column in zip(*rows, strict=True)]
    first = min(max(map(display_width, columns[0])), (width - indent) // 2)
    lines: list[str] = []
    for piece in _pieces(columns, first, width - indent):
        lines += [""] if lines else []
        left_columns = {0, *(at + 1 for at, number in enumerate(piece) if number in left)}
        piece_rows = [[row[0], *(row[number] for number in piece)] for row in rows]
        lines += [spaces + line for line in aligned(_folded(piece_rows, first), left_columns)]
    return lines


def _widths(rows: Sequence[Row]) -> list[int]:
    return [max(map(display_width, column)) for column in zip(*rows, strict=True)]


def _with_texts(rows: Sequence[Row], left: Collection[int], width: int, indent: int) -> list[str]:
    starts = [" " * indent + line for line in aligned([[*row[:-1], "|"] for row in rows], left)]
    lines = []
    for start, row in zip(starts, rows, strict=True):
        line = start.removesuffix("|") + row[-1]
        lines += wrapped(line.rstrip(), width, display_width(start) - 1)
    return lines


def _pieces(columns: Sequence[list[str]], first: int, width: int) -> list[list[int]]:
    """Return the column indices of each piece of a table, without the first column.

    Each piece has at least one column. `first` is the width of the first column.
    """
    pieces: list[list[int]] = [[]]
    used = first
    for number, column in enumerate(columns[1:], 1):
        wide = _GAP + max(map(display_width, column))
        if used + wide > width and pieces[-1]:
            pieces.append([])
            used = first
        used += wide
        pieces[-1].append(number)
    return pieces


def _folded(rows: Sequence[Row], width: int) -> list[Row]:
    """Return rows whose first cells fit into `width`; a wider cell continues in additional rows."""
    return [
        [part, *(row[1:] if nth == 0 else [""] * (len(row) - 1))]
        for row in rows
        for nth, part in enumerate(fold(row[0], width))
    ]


def fold(name: str, width: int) -> list[str]:
    """Break a name after a slash, an `@` or a space; continuation lines are indented by two."""
    lines = [""]
    for part in _PARTS.findall(name):
        if lines[-1].strip() and display_width(lines[-1] + part.rstrip()) > width:
            lines.append("  ")
        lines[-1] += part
        while display_width(lines[-1].rstrip()) > width:
            cut = next(
                n for n in range(len(lines[-1]), 0, -1) if display_width(lines[-1][:n]) <= width
            )
            lines[-1:] = [lines[-1][:cut], "  " + lines[-1][cut:]]
    return [line.rstrip() for line in lines]


def report_unreadable(lines: Sequence[str]) -> None:
    """Print to stderr the number and the names of skipped files."""
    if lines:
        show(f"mmbench: warning: {describe_unreadable(lines)}".splitlines(), sys.stderr)


def report_stale(lines: Sequence[str]) -> None:
    """Print to stderr which pages of groups were not built again, and why."""
    show([f"mmbench: warning: {printable(line)}" for line in lines], sys.stderr)
