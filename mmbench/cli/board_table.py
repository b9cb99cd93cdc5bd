"""Leaderboards in a terminal: tables that are split by columns where the screen is narrow."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

from mmbench import speed
from mmbench.board import label, margin, number, rtfx_cell
from mmbench.text import plain
from mmbench.types import RunRecord

if TYPE_CHECKING:
    from rich.table import Table

Column = list[str]
"""The header of a column, then a cell for each run."""

_MODEL_WIDTH = 20  # longer names of models are folded where the columns do not fit otherwise
_TITLE = 2000  # what sets the table apart from others stands at the end
_FRAME = 3  # a border and two blanks for each column


def show(records: list[RunRecord], title: str, width: int | None = None) -> str:
    """Return one table under its caption, with a part for each direction.

    A part that is wider than `width` (by default that of the terminal) is split: each piece repeats
    the column of the models. The headline's margin follows the metrics of its direction.
    """
    from rich.console import Console
    from rich.text import Text

    out = StringIO()
    console = Console(file=out, width=width)
    console.print(Text(plain(title, _TITLE)))
    models = ["model", *(plain(label(record)) for record in records)]
    for direction, metrics in _directions(records[0]).items():
        heading = plain(direction)
        for piece in _pieces(models, _columns(records, direction, metrics), console.width):
            console.print(_table(heading, models, piece))
            heading = ""
    return out.getvalue()


def _columns(records: list[RunRecord], direction: str, metrics: list[str]) -> list[Column]:
    """Return the columns of a direction: its metrics, the margin, the speed, the failures."""
    columns = [
        [name.removesuffix(f"[{direction}]"), *(number(r.scores.get(name)) for r in records)]
        for name in metrics
    ]
    headline = records[0].headline
    if headline in metrics:
        columns.append(["± 95 %", *(margin(r.scores.get(r.headline)) for r in records)])
    if speed.has_column(records):
        columns.append([speed.COLUMN, *map(rtfx_cell, records)])
    columns.append(["failed", *(str(r.counts.get("failed", 0)) for r in records)])
    return [[plain(cell) for cell in column] for column in columns]


def _pieces(models: Column, columns: list[Column], width: int) -> list[list[Column]]:
    """Split columns so that each piece fits into `width` next to the models; one is the least."""
    first = 1 + _FRAME + min(_width(models), _MODEL_WIDTH)
    pieces: list[list[Column]] = [[]]
    used = first
    for column in columns:
        used += _FRAME + _width(column)
        if used > width and pieces[-1]:
            pieces.append([])
            used = first + _FRAME + _width(column)
        pieces[-1].append(column)
    return pieces


def _width(column: Column) -> int:
    return max(map(len, column))


def _table(heading: str, models: Column, columns: list[Column]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(heading) if heading else None, title_justify="left")
    table.add_column(models[0], overflow="fold")
    for column in columns:
        table.add_column(Text(column[0]), justify="right", no_wrap=True)
    for row in zip(models[1:], *(column[1:] for column in columns), strict=True):
        table.add_row(*map(Text, row))
    return table


def _directions(record: RunRecord) -> dict[str, list[str]]:
    """Return the names of the scores by their direction."""
    found: dict[str, list[str]] = {}
    for name in record.scores:
        found.setdefault(_direction(name), []).append(name)
    return found


def _direction(name: str) -> str:
    """Return the part in brackets of `recall@1[text-to-image]`; nothing for `wer[basic]`."""
    direction = name.partition("[")[2].rstrip("]")
    return direction if "-to-" in direction else ""
