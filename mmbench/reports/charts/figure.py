"""Figures: a caption, a chart in two widths, and a table with the numbers of the chart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from mmbench.reports.charts.svg import Drawing
from mmbench.reports.pages.html import Content, Html, element
from mmbench.reports.pages.tables import Cell, Column, Row, table
from mmbench.text.number_format import format_interval, format_number

NARROW, WIDE = 288.0, 688.0  # widths in pixels: a telephone of 320 px, and a column of a page


class Chart(NamedTuple):
    """A chart: its title, a sentence that describes it, and a function that draws it.

    `draw` gets the width in pixels of the place. A drawing that needs more room may be wider; it
    is then scrolled. `columns` and `rows` are the table with the numbers of the chart.
    """

    title: str
    description: str
    draw: Callable[[float], Drawing]
    columns: Sequence[Column]
    rows: Sequence[Row]


def value_cell(value: float | None) -> Cell:
    """Return a cell with a number that is sorted by its exact value."""
    return Cell(format_number(value), value)


def interval_cell(low: float | None, high: float | None) -> Cell:
    """Return a cell with an interval that is sorted by its lower end."""
    return Cell(format_interval(low, high), low)


def count_cell(number: int) -> Cell:
    """Return a cell with a count."""
    return Cell(f"{number:,}", number)


def figure(chart: Chart, *below: Content, summary: str = "Numbers", unfold: bool = False) -> Html:
    """Return a figure with its caption, the chart, its table, and the content `below`.

    The table is folded, under the name `summary`, unless `unfold` is true.
    """
    return element(
        "figure",
        element("figcaption", chart.title),
        element("div", _image(chart, NARROW), class_="chart-narrow"),
        element("div", _image(chart, WIDE), class_="chart-wide"),
        element(
            "details",
            element("summary", summary),
            table(chart.title, chart.columns, chart.rows),
            open=unfold,
        ),
        below,
        class_="chart",
    )


def _image(chart: Chart, width: float) -> Html:
    """Return a drawing as an image with a name and a description for screen readers.

    A drawing that is wider than its place can be scrolled with the keyboard.
    """
    drawing = chart.draw(width)
    wide, high = round(drawing.width), round(drawing.height)
    image = element(
        "svg",
        element("title", chart.title),
        element("desc", chart.description),
        drawing.parts,
        role="img",
        width=wide,
        height=high,
        viewBox=f"0 0 {wide} {high}",
    )
    if drawing.width <= width:
        return image
    return element("div", image, class_="scroll", tabindex=0, role="region", aria_label=chart.title)
