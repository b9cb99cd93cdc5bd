"""Dot-and-whisker charts: values with their 95 % intervals, one row for each name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from mmbench.reports.charts.figure import WIDE, Chart, count_cell, interval_cell, value_cell
from mmbench.reports.charts.scales import Scale, fitting_ticks, value_range
from mmbench.reports.charts.svg import (
    ROW,
    Drawing,
    line,
    marker,
    text,
    text_width,
    titled,
)
from mmbench.reports.pages.html import Html
from mmbench.reports.pages.tables import Cell, Column, Row
from mmbench.text.number_format import format_interval, format_number
from mmbench.types import ScoreInfo

_MOST_ROWS = 30  # rows of a chart; further rows are only in its table
_BOLD = 1.1  # width of bold text relative to that of plain text
_BOTTOM = 24.0  # room for the ticks
_MARKERS = {
    "run": ("circle", "dot"),
    "baseline": ("circle", "hollow"),
    "published": ("diamond", "dot"),
}
_SERIES = {"run": "series-1", "baseline": "series-6", "published": "series-2"}


class IntervalRow(NamedTuple):
    """A value with its interval. `kind` is run, baseline or published and sets the marker.

    `n` and `failed` are counts of samples, -1 if they are unknown.
    """

    name: str
    value: float | None
    low: float | None = None
    high: float | None = None
    kind: str = "run"
    n: int = -1
    failed: int = 0
    strong: bool = False


def score_row(
    name: str, score: ScoreInfo, kind: str = "run", *, strong: bool = False
) -> IntervalRow:
    """Return the row of a score. `strong` shows its name in bold."""
    ends = score.value, score.low, score.high
    return IntervalRow(name, *ends, kind, score.n, score.failed, strong)


def interval_chart(
    title: str,
    rows: Sequence[IntervalRow],
    *,
    name: str = "name",
    limits: tuple[float | None, float | None] = (None, None),
    reference: float | None = None,
    sign: str = "",
) -> Chart:
    """Return a chart with a row for each value; the first 30 rows are drawn.

    `name` is the header of the column of names, and `limits` are the ends of the metric's range. A
    vertical line marks the value `reference`. `sign` is "+" to show the sign of positive values.
    """
    drawn = rows[:_MOST_ROWS]
    texts = [_value_text(row, sign) for row in drawn]
    values = [format_number(row.value, sign=sign) for row in drawn]

    def draw(width: float) -> Drawing:
        return _draw(drawn, texts if width >= WIDE else values, width, limits, reference)

    numbers = [Column(column, number=True) for column in ("value", "95 %", "n", "failed")]
    return Chart(title, _description(rows), draw, [Column(name), *numbers], [*map(_row, rows)])


def _row(row: IntervalRow) -> Row:
    counts = [count_cell(row.n), count_cell(row.failed)] if row.n >= 0 else [Cell(""), Cell("")]
    cells = [Cell(row.name), value_cell(row.value), interval_cell(row.low, row.high), *counts]
    return Row(cells, kind="baseline" if row.kind == "baseline" else "")


def _description(rows: Sequence[IntervalRow]) -> str:
    values = "; ".join(f"{row.name}: {_value_text(row)}" for row in rows[:10])
    more = f"; and {len(rows) - 10} more" if len(rows) > 10 else ""
    return f"Values with 95 % intervals. {values}{more}."


def _value_text(row: IntervalRow, sign: str = "") -> str:
    interval = f" [{format_interval(row.low, row.high, sign)}]" if row.low is not None else ""
    return f"{format_number(row.value, sign=sign)}{interval}"


def _draw(
    rows: Sequence[IntervalRow],
    texts: Sequence[str],
    width: float,
    limits: tuple[float | None, float | None],
    reference: float | None,
) -> Drawing:
    """Draw names, whiskers and values in three columns; in a narrow place, whiskers are below."""
    low, high = value_range([reference, *(v for r in rows for v in r[1:4])], limits)
    narrow = width < WIDE
    values = _BOLD * max(map(text_width, texts))
    names = min(240.0, _BOLD * max(text_width(row.name) for row in rows) + 2)
    x = (
        Scale(low, high, 8.0, width - 8)
        if narrow
        else Scale(low, high, names + 16, width - values - 20)
    )
    pitch = 2 * ROW + 6 if narrow else ROW + 8
    bottom = 6 + pitch * len(rows)
    tops = [6 + pitch * at + (pitch / 2 if narrow else 0) for at in range(len(rows))]
    spans = [(top, 6 + pitch * (at + 1)) for at, top in enumerate(tops)]
    parts = _axis(x, bottom, spans)
    if reference is not None:
        parts += [line(x.at(reference), *_up(x.at(reference), span), "mark") for span in spans]
    for at, (row, value) in enumerate(zip(rows, texts, strict=True)):
        css = "strong" if row.strong else "muted" if row.kind == "baseline" else None
        middle = 6 + pitch * (at + 0.5)
        baseline = middle - 6 if narrow else middle + 4
        room = (width - text_width(value) * _BOLD - 12 if narrow else names) / _BOLD
        parts += [
            text(0, baseline, row.name, room=room, css=css),
            text(width, baseline, value, anchor="end", css=css),
            _whisker(x, middle + 10 if narrow else middle, row),
        ]
    return Drawing(width, bottom + _BOTTOM, parts)


def _up(x: float, span: tuple[float, float]) -> tuple[float, float, float]:
    """Return the other coordinates of a vertical line over a span of heights."""
    return span[0], x, span[1]


def _axis(x: Scale, bottom: float, spans: Sequence[tuple[float, float]]) -> list[Html]:
    """Return the axis with its ticks, and grid lines over `spans`, where no text is."""
    parts = [line(x.start, bottom, x.end, bottom, "axis")]
    for tick, label in fitting_ticks(x.low, x.high, x.end - x.start):
        half = text_width(label) / 2
        middle = min(max(x.at(tick), half), x.end + 8 - half)
        parts += [line(x.at(tick), *_up(x.at(tick), span), "gridline") for span in spans]
        parts.append(text(middle, bottom + 16, label, anchor="middle", css="muted"))
    return parts


def _whisker(x: Scale, y: float, row: IntervalRow) -> Html:
    shape, css = _MARKERS[row.kind]
    colour = _SERIES[row.kind]
    parts = []
    if row.low is not None and row.high is not None:
        start, end = x.at(row.low), x.at(row.high)
        parts.append(line(start, y, end, y, f"whisker {colour}"))
        parts += [line(at, y - 4, at, y + 4, f"whisker {colour}") for at in (start, end)]
    if row.value is not None:
        parts.append(marker(shape, x.at(row.value), y, 4.5, f"{css} {colour}"))
    return titled(f"{row.name}: {_value_text(row)}", *parts)
