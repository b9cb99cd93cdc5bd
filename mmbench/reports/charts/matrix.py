"""Confusion matrices: the predicted class of the samples of each class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mmbench.reports.charts.figure import Chart, count_cell
from mmbench.reports.charts.scales import Scale
from mmbench.reports.charts.svg import ROW, Drawing, rect, text, text_width, titled
from mmbench.reports.pages.html import Html
from mmbench.reports.pages.tables import Cell, Column, Row, table
from mmbench.text.number_format import format_percent

MOST_CLASSES = 20  # a matrix with more classes is shown as a list of its most confused pairs
_MOST_PAIRS = 15
_LARGEST = 44.0  # longest side of a cell in pixels
_DARKEST = 0.5  # opacity of a cell with all samples of its row: text on it meets WCAG AA


def confusion_matrix(title: str, labels: Sequence[str], counts: NDArray[np.int64]) -> Chart:
    """Return a matrix of counts [c, c]: rows are the references, columns the outputs.

    The shade of a cell is its share of the row. The table lists all cells with samples, errors
    first.
    """
    totals = counts.sum(axis=1)
    right = int(np.trace(counts))
    pairs = _pairs(labels, counts)
    frequent = "; ".join(f"{a} as {b} {size:,} times" for a, b, size, _ in pairs[:5])
    description = (
        f"Rows are references, columns are outputs. {right:,} of {int(totals.sum()):,} samples are"
        f" on the diagonal. Most frequent errors: {frequent or 'none'}."
    )
    rows = [_pair_row(pair) for pair in pairs]
    rows += [
        _pair_row((name, name, int(counts[at, at]), share_of(int(counts[at, at]), int(totals[at]))))
        for at, name in enumerate(labels)
        if counts[at, at]
    ]

    def draw(width: float) -> Drawing:
        return _draw(labels, counts, width)

    return Chart(title, description, draw, _COLUMNS, rows)


_COLUMNS = [
    Column("reference"),
    Column("output"),
    Column("samples", number=True),
    Column("share of the reference", number=True),
]
_Pair = tuple[str, str, int, float]


def share_of(part: int, whole: int) -> float:
    """Return a part as a share of the whole; 0 for an empty whole."""
    return part / whole if whole else 0.0


def confused_pairs(title: str, labels: Sequence[str], counts: NDArray[np.int64]) -> Html:
    """Return a table with the most frequent errors of a matrix with many classes."""
    pairs = _pairs(labels, counts)
    number = f"{min(len(pairs), _MOST_PAIRS)} of {len(pairs):,} pairs"
    caption = f"{title}: the most frequent errors ({number})"
    return table(caption, _COLUMNS, [_pair_row(pair) for pair in pairs[:_MOST_PAIRS]])


def _pairs(labels: Sequence[str], counts: NDArray[np.int64]) -> list[_Pair]:
    """Return the errors as (reference, output, count, share of the reference), largest first."""
    totals = counts.sum(axis=1)
    wrong = counts - np.diag(np.diag(counts))
    rows, columns = np.nonzero(wrong)
    pairs = [
        (labels[a], labels[b], int(counts[a, b]), share_of(int(counts[a, b]), int(totals[a])))
        for a, b in zip(rows.tolist(), columns.tolist(), strict=True)
    ]
    return sorted(pairs, key=lambda pair: (-pair[2], -pair[3]))


def _pair_row(pair: _Pair) -> Row:
    reference, output, size, share = pair
    return Row(
        [Cell(reference), Cell(output), count_cell(size), Cell(format_percent(share), share)]
    )


def _draw(labels: Sequence[str], counts: NDArray[np.int64], width: float) -> Drawing:
    n = len(labels)
    longest = max(map(text_width, labels)) + 2
    smallest = max(ROW, *(5 + text_width(_short(size)) for size in counts.ravel().tolist()))
    names = min(longest, max(width * 0.2, min(150.0, width - 24 - n * smallest)))
    above = min(longest, 110.0)
    side = min(_LARGEST, max(smallest, (width - names - 24) / n))
    left, top = names + 24, above + 22
    end = left + side * n
    x, y = Scale(0, n, left, end), Scale(0, n, top, top + side * n)
    parts = [
        text((left + end) / 2, 12, "output", anchor="middle", css="muted"),
        text(11, (top + y.end) / 2, "reference", anchor="middle", css="muted", turned=True),
    ]
    for at, name in enumerate(labels):
        parts += [
            text(left - 5, y.at(at + 0.5) + 4, name, room=names, anchor="end"),
            text(x.at(at + 0.5) + 4, top - 5, name, room=above, turned=True),
        ]
    for row, line in enumerate(counts.tolist()):
        for column, size in enumerate(line):
            share = share_of(size, sum(line))
            part = f"{size:,} of {sum(line):,} ({format_percent(share)})"
            tip = f"{labels[row]} as {labels[column]}: {part}"
            cell = _cell(x.at(column), y.at(row), side, size, share, right=row == column)
            parts += [titled(tip, cell)] if size else cell
    return Drawing(max(width, end + 1), y.end + 2, parts)


def _cell(x: float, y: float, side: float, size: int, share: float, *, right: bool) -> list[Html]:
    """Return a cell with its count; from 1,000 on in thousands, and nothing for 0."""
    colour = "series-1" if right else "series-2"
    parts = [rect(x, y, side, side, f"cell {colour}", _DARKEST * share)]
    if size:
        parts.append(text(x + side / 2, y + side / 2 + 4, _short(size), anchor="middle"))
    return parts


def _short(size: int) -> str:
    return str(size) if size < 1000 else f"{size / 1000:.0f}k"
