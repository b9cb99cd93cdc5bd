"""Charts of indexes: recall against exact search by queries per second, with the Pareto front."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import isfinite, log10

from mmbench.reports.charts.figure import WIDE, Chart, value_cell
from mmbench.reports.charts.scales import Scale, fitting_ticks, ticks, value_range
from mmbench.reports.charts.svg import (
    ROW,
    SERIES,
    Drawing,
    line,
    marker,
    series,
    text,
    text_width,
    titled,
)
from mmbench.reports.index_tables import IndexPoint
from mmbench.reports.pages.html import Html
from mmbench.reports.pages.tables import Cell, Column, Row
from mmbench.text.number_format import format_number, format_rate

_SHAPES = ("circle", "square", "diamond")  # for the first six indexes, the next six, …
_MOST = 18  # indexes that are drawn; the others are only in the table
_BOTTOM = 40.0  # room for the ticks and the name of the x axis


def recall_speed_chart(title: str, points: Sequence[IndexPoint]) -> Chart | None:
    """Return a chart of indexes; the lines connect those of the Pareto front.

    Return None if fewer than two indexes have a recall and a speed.
    """
    known = [point for point in points if _is_known(point)][:_MOST]
    if len(known) < 2:
        return None
    description = (
        f"Recall@10 against exact search by queries per second: {'; '.join(map(_tip, known))}."
    )
    columns = [Column("index"), *(Column(name, number=True) for name in ("exact@10", "queries/s"))]
    rows = [
        Row([
            Cell(point.name),
            value_cell(point.recall),
            Cell(format_rate(point.speed or 0.0), point.speed),
        ])
        for point in known
    ]  # fmt: skip
    return Chart(title, description, lambda width: _draw(known, width), columns, rows)


def _is_known(point: IndexPoint) -> bool:
    recall, speed = point.recall, point.speed
    return recall is not None and speed is not None and isfinite(recall) and 0 < speed < 1e15


def _tip(point: IndexPoint) -> str:
    front = ", on the front" if point.on_front else ""
    speed = f"{format_rate(point.speed or 0.0)} queries/s"
    return f"{point.name}: recall {format_number(point.recall)}, {speed}{front}"


def _draw(points: Sequence[IndexPoint], width: float) -> Drawing:
    height = 240.0 if width >= WIDE else 190.0
    low, high = value_range([point.recall for point in points], (0.0, 1.0))
    y_ticks = fitting_ticks(low, high, 340)
    left = max(text_width(label) for _, label in y_ticks) + 28
    first, last = value_range([_place(point) for point in points])
    x, y = Scale(first, last, left, width - 14), Scale(low, high, height - _BOTTOM, 12)
    parts: list[Html] = []
    for tick, label in y_ticks:
        parts += [
            line(x.start, y.at(tick), x.end, y.at(tick), "gridline"),
            text(x.start - 6, y.at(tick) + 4, label, anchor="end", css="muted"),
        ]
    parts += _speed_axis(x, y.start)
    parts.append(
        text(12, (y.start + y.end) / 2, "exact@10", anchor="middle", css="muted", turned=True)
    )
    spots = [(x.at(_place(point)), y.at(point.recall or 0.0)) for point in points]
    front = sorted(spot for spot, point in zip(spots, points, strict=True) if point.on_front)
    parts += [line(*one, *other, "mark") for one, other in pairwise(front)]
    for number, (spot, point) in enumerate(zip(spots, points, strict=True)):
        parts.append(titled(_tip(point), _sign(number, *spot)))
    legend = _legend(points, width, height)
    return Drawing(width, height + ROW * (1 + len(legend) // 2), [*parts, *legend])


def _place(point: IndexPoint) -> float:
    """Return the place on the logarithmic axis of the speed."""
    return log10(point.speed or 1.0)


def _speed_axis(x: Scale, bottom: float) -> list[Html]:
    """Return the axis of the speed, with ticks at 1, 2 and 5 times the powers of ten that fit."""
    parts = [line(x.start, bottom, x.end, bottom, "axis")]
    free = x.start - 20
    for place, label in _speed_ticks(x.low, x.high):
        middle, half = x.at(place), text_width(label) / 2
        parts.append(line(middle, bottom, middle, bottom + 4, "axis"))
        if middle - half >= free and middle + half <= x.end + 14:
            parts.append(text(middle, bottom + 16, label, anchor="middle", css="muted"))
            free = middle + half + 8
    middle = (x.start + x.end) / 2
    parts.append(text(middle, bottom + 34, "queries per second", anchor="middle", css="muted"))
    return parts


def _speed_ticks(low: float, high: float) -> list[tuple[float, str]]:
    """Return round speeds within the range of logarithms, as places with texts."""
    powers = range(int(low) - 2, int(high) + 2)
    steps = (1, 2, 5) if high - low < 3 else (1,)
    round_speeds = [step * 10.0**power for power in powers for step in steps]
    inside = [speed for speed in round_speeds if low <= log10(speed) <= high]
    if len(inside) < 2:
        inside = ticks(10**low, 10**high, 4)
    return [(log10(speed), f"{speed:,.12g}") for speed in inside if speed > 0]


def _sign(number: int, x: float, y: float) -> Html:
    shape = _SHAPES[number // SERIES % len(_SHAPES)]
    return marker(shape, x, y, 5, f"dot {series(number)}")


def _legend(points: Sequence[IndexPoint], width: float, top: float) -> list[Html]:
    """Return pairs of a sign and the name of its index, one below the other."""
    parts = []
    for number, point in enumerate(points):
        baseline = top + ROW * (number + 1)
        name = f"{point.name} (front)" if point.on_front else point.name
        parts += [_sign(number, 14, baseline - 4), text(28, baseline, name, room=width - 32)]
    return parts
