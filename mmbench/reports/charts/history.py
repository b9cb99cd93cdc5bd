"""The chart of a metric's history: a line for each training run, with intervals and changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mmbench.comparison.history import Point, line_name, point_name
from mmbench.reports.charts.figure import (
    Chart,
    count_cell,
    figure,
    interval_cell,
    value_cell,
)
from mmbench.reports.charts.history_drawing import CHANGES, change_text, draw_history
from mmbench.reports.charts.svg import Drawing
from mmbench.reports.pages.html import Html, element
from mmbench.reports.pages.tables import Cell, Column, Row
from mmbench.text.number_format import format_number, format_p_value


def history_chart(
    points: Sequence[Point],
    *,
    title: str = "",
    limits: tuple[float | None, float | None] = (None, None),
    links: Mapping[str, str] | None = None,
) -> Html:
    """Return a figure with the history of a metric, as returned by `mmbench.history`.

    The x axis is the step if a line is ordered by step; models without a step are then dashed
    horizontal lines. Otherwise the points are at equal distances. Vertical lines are 95 %
    intervals, and triangles are significant changes from the previous point of the line. `limits`
    are the ends of the metric's range. `links` maps run ids to pages, for the table. Without
    points, the figure says so.
    """
    metric = points[0].metric if points else ""
    caption = title or f"{metric} over checkpoints, with 95 % intervals"
    if not any(point.value is not None for point in points):
        nothing = element("p", "No run has a value for this metric.")
        return element("figure", element("figcaption", caption), nothing, class_="chart")

    def draw(width: float) -> Drawing:
        return draw_history(points, width, limits)

    rows = [_row(point, links or {}) for point in points]
    return figure(Chart(caption, _description(points, metric), draw, _columns(metric), rows))


def _columns(metric: str) -> list[Column]:
    numbers = [Column(name, number=True) for name in (metric, "95 %", "n", "failed")]
    p_value = Column("p (Holm)", number=True, better="lower")
    return [
        Column("checkpoint"),
        Column("line"),
        *numbers,
        Column("change"),
        p_value,
        Column("run"),
    ]


def _row(point: Point, links: Mapping[str, str]) -> Row:
    target = links.get(point.run)
    p_value = "" if point.p_holm is None else format_p_value(point.p_holm)
    return Row([
        Cell(point_name(point), point.step),
        Cell(f"{point.line + 1}: {line_name(point)}", point.line),
        value_cell(point.value),
        interval_cell(point.low, point.high),
        count_cell(point.n),
        count_cell(point.failed),
        Cell(change_text(point)),
        Cell(p_value, point.p_holm),
        Cell(element("a", point.run, href=target) if target else point.run),
    ])  # fmt: skip


def _description(points: Sequence[Point], metric: str) -> str:
    lines = dict.fromkeys(point.line for point in points)
    parts = []
    for number in lines:
        own = [point for point in points if point.line == number and point.value is not None]
        if own:
            first, last = own[0], own[-1]
            parts.append(
                f"{line_name(first)}: {format_number(first.value)} at {point_name(first)} to"
                f" {format_number(last.value)} at {point_name(last)}"
            )
    changes = [sum(point.change == change for point in points) for change in CHANGES]
    more = f"; and {len(parts) - 6} more lines" if len(parts) > 6 else ""
    return (
        f"{metric}. {'; '.join(parts[:6])}{more}. Significant changes: {changes[0]} better,"
        f" {changes[1]} worse."
    )
