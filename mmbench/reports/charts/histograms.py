"""Histograms: bars for ranks, errors and other counts, and columns for scores per sample."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mmbench.reports.charts.figure import WIDE, Chart, count_cell
from mmbench.reports.charts.scales import Scale, fitting_ticks
from mmbench.reports.charts.svg import ROW, Drawing, line, rect, text, text_width, titled
from mmbench.reports.pages.html import Html
from mmbench.reports.pages.tables import Cell, Column, Row
from mmbench.text import count
from mmbench.text.number_format import format_number, format_percent

_COLUMNS = 20  # columns of a histogram of scores
_BAR = 15.0  # thickness of a horizontal bar


class Bar(NamedTuple):
    """A horizontal bar: its name and its count. `mark` is a text at a line below the bar."""

    name: str
    size: int
    css: str = "series-1"
    mark: str = ""


def bar_chart(title: str, bars: Sequence[Bar], noun: str, name: str, whole: int = 0) -> Chart:
    """Return a chart with a horizontal bar for each count.

    `noun` is the noun for one counted item, and `name` the header of the column of names. Shares
    are shares of `whole`, by default of the sum of all bars.
    """
    total = sum(bar.size for bar in bars)
    shares = [bar.size / (whole or total or 1) for bar in bars]
    columns = [Column(name), Column("count", number=True), Column("share", number=True)]
    rows = [
        Row([Cell(bar.name, at), count_cell(bar.size), Cell(format_percent(share), share)])
        for at, (bar, share) in enumerate(zip(bars, shares, strict=True))
    ]
    numbers = [f"{bar.name}: {bar.size:,}" for bar in bars]
    marks = [bar.mark for bar in bars if bar.mark]
    description = f"{count(total, noun)}. {'; '.join([*numbers, *marks])}."

    def draw(width: float) -> Drawing:
        return _draw_bars(bars, shares, width)

    return Chart(title, description, draw, columns, rows)


def _draw_bars(bars: Sequence[Bar], shares: Sequence[float], width: float) -> Drawing:
    sizes = [
        f"{bar.size:,} ({format_percent(share)})" for bar, share in zip(bars, shares, strict=True)
    ]
    names = min(width * 0.35, max(text_width(bar.name) for bar in bars) + 2)
    numbers = max(map(text_width, sizes))
    x = Scale(0, max(1, *(bar.size for bar in bars)), names + 8, width - numbers - 10)
    parts: list[Html] = []
    y = 4.0
    for bar, size in zip(bars, sizes, strict=True):
        shape = rect(x.start, y, x.at(bar.size) - x.start, _BAR, f"bar {bar.css}")
        parts += [
            text(names, y + 12, bar.name, room=names, anchor="end"),
            titled(f"{bar.name}: {size}", shape),
            text(x.at(bar.size) + 6, y + 12, size, css="muted"),
        ]
        y += _BAR + 6
        if bar.mark:
            parts += _mark(bar.mark, y, names, width)
            y += ROW
    return Drawing(width, y, parts)


def _mark(label: str, y: float, names: float, width: float) -> list[Html]:
    """Return a dashed line across the bars, with its text in the middle of the line."""
    middle, start = y + ROW / 2 - 3, names + 8
    room = width - start - 16
    end = start + 8 + min(text_width(label), room)
    return [
        line(0, middle, start, middle, "mark"),
        text(start + 4, middle + 4, label, room=room),
        line(end + 4, middle, width, middle, "mark"),
    ]


def histogram(
    title: str, values: NDArray[np.float64], name: str, mean: float | None = None
) -> Chart:
    """Return a histogram of the finite `values` [n], in 20 bins of equal width.

    `name` is the name of the value, and a dashed line marks the value `mean`.
    """
    known = values[np.isfinite(values)]
    counts, edges = np.histogram(known, _COLUMNS, _range_of(known))
    sizes, ends = counts.tolist(), edges.tolist()
    columns = [Column(name), Column("samples", number=True), Column("share", number=True)]
    spans = [_span(ends[at], ends[at + 1]) for at in range(len(sizes))]
    rows = [
        Row([Cell(span, ends[at]), count_cell(size), Cell(format_percent(size / len(known)), size)])
        for at, (span, size) in enumerate(zip(spans, sizes, strict=True))
    ]
    middle = float(np.median(known))
    description = (
        f"{name} of {count(len(known), 'sample')}: lowest {format_number(float(known.min()))},"
        f" median {format_number(middle)}, highest {format_number(float(known.max()))}."
    )

    def draw(width: float) -> Drawing:
        return _draw_histogram(sizes, ends, spans, name, mean, width)

    return Chart(title, description, draw, columns, rows)


def _range_of(values: NDArray[np.float64]) -> tuple[float, float]:
    """Return the range of a histogram: [0, 1] for fractions, otherwise that of the values."""
    low, high = float(values.min()), float(values.max())
    if low >= 0 and high <= 1:
        return 0.0, 1.0
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _span(low: float, high: float) -> str:
    return f"{low:.4g} to {high:.4g}"


def _draw_histogram(
    sizes: Sequence[int],
    ends: Sequence[float],
    spans: Sequence[str],
    name: str,
    mean: float | None,
    width: float,
) -> Drawing:
    height = 180.0 if width >= WIDE else 150.0
    top = 10.0 + (0 if mean is None else ROW)
    y = Scale(0, max(1, *sizes), height, top)
    y_ticks = [(tick, label) for tick, label in fitting_ticks(0, y.high, 260) if tick == int(tick)]
    x = Scale(ends[0], ends[-1], max(text_width(label) for _, label in y_ticks) + 8, width - 10)
    parts = [part for tick, label in y_ticks for part in _level(x, y.at(tick), label)]
    for at, (size, span) in enumerate(zip(sizes, spans, strict=True)):
        start, wide = x.at(ends[at]) + 1, x.at(ends[at + 1]) - x.at(ends[at]) - 2
        shape = rect(start, y.at(size), wide, height - y.at(size), "bar series-1")
        parts.append(titled(f"{name} {span}: {count(size, 'sample')}", shape))
    parts += _value_axis(x, height, name)
    if mean is not None and isfinite(mean):
        parts += [
            line(x.at(mean), top - 4, x.at(mean), height, "mark"),
            _inside(x.at(mean), top - 8, f"mean of the samples {format_number(mean)}", width),
        ]
    return Drawing(width, height + 40, parts)


def _level(x: Scale, y: float, label: str) -> list[Html]:
    grid = line(x.start, y, x.end, y, "gridline")
    return [grid, text(x.start - 6, y + 4, label, anchor="end", css="muted")]


def _value_axis(x: Scale, y: float, name: str) -> list[Html]:
    """Return the axis of the values, with its ticks and the name of the value."""
    room = x.end - x.start
    ticks = fitting_ticks(x.low, x.high, room)
    return [
        line(x.start, y, x.end, y, "axis"),
        *(_inside(x.at(tick), y + 16, label, x.end + 10, css="muted") for tick, label in ticks),
        text((x.start + x.end) / 2, y + 34, name, room=room, anchor="middle", css="muted"),
    ]


def _inside(x: float, y: float, label: str, width: float, css: str | None = None) -> Html:
    """Return a label centred at `x`, moved so that it lies within the drawing."""
    half = text_width(label) / 2
    return text(min(max(x, half), width - half), y, label, anchor="middle", css=css)
