"""The drawing of a history: lines, intervals, changes, axes and legend."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import NamedTuple

from mmbench.comparison.history import Point, line_name, point_name
from mmbench.reports.charts.figure import WIDE
from mmbench.reports.charts.scales import Scale, fitting_ticks, value_range
from mmbench.reports.charts.svg import (
    ROW,
    SERIES,
    Drawing,
    line,
    marker,
    polyline,
    series,
    shorten,
    text,
    text_width,
    titled,
)
from mmbench.reports.pages.html import Html
from mmbench.text.number_format import format_interval, format_number

_SHAPES = ("circle", "square", "diamond")  # for the first six lines, the next six, …
CHANGES = {"better": "up", "worse": "down"}
_Sign = Callable[[float, float], Html]  # draws the sign of a legend entry at (x, y)
_BOTTOM = 40.0  # room for the ticks and the name of the x axis
_MOST_LEGEND = 24  # lines of the legend; further lines are only in the table


class _Axes(NamedTuple):
    """The scales of the plot, and the x value of each point by its position in the history."""

    x: Scale
    y: Scale
    places: Sequence[float | None]
    by_step: bool


def draw_history(
    points: Sequence[Point], width: float, limits: tuple[float | None, float | None]
) -> Drawing:
    """Draw a history with at least one value; `limits` are the ends of the metric's range."""
    height = 240.0 if width >= WIDE else 190.0
    values = [v for point in points for v in (point.value, point.low, point.high)]
    low, high = value_range(values, limits)
    y = Scale(low, high, height - _BOTTOM, 12)
    y_ticks = fitting_ticks(low, high, 340)
    left = max(text_width(label) for _, label in y_ticks) + 10
    by_step = any(point.order == "step" for point in points)
    places = [_place(at, point, by_step) for at, point in enumerate(points)]
    known = [place for place in places if place is not None]
    first, last = min(known), max(known)
    spread = (last - first) or 1.0
    x = Scale(first - spread * 0.02, last + spread * 0.02, left, width - 12)
    axes = _Axes(x, y, places, by_step)
    parts = [part for tick, label in y_ticks for part in _y_tick(axes, tick, label)]
    parts += _x_axis(axes, points)
    numbers = list(dict.fromkeys(point.line for point in points))
    for number in numbers:
        parts += _line(axes, points, number)
    levels = {p.line for at, p in enumerate(points) if places[at] is None}
    legend = _legend(points, numbers, levels, width, height)
    return Drawing(width, height + ROW * (1 + len(legend) // 2), [*parts, *legend])


def _place(at: int, point: Point, by_step: bool) -> float | None:
    """Return the x value of a point; None for a point without a step among points with steps."""
    if not by_step:
        return float(at)
    return float(point.step) if point.order == "step" and point.step is not None else None


def _y_tick(axes: _Axes, tick: float, label: str) -> list[Html]:
    height = axes.y.at(tick)
    return [
        line(axes.x.start, height, axes.x.end, height, "gridline"),
        text(axes.x.start - 6, height + 4, label, anchor="end", css="muted"),
    ]


def _x_axis(axes: _Axes, points: Sequence[Point]) -> list[Html]:
    x, below = axes.x, axes.y.start + 16
    if axes.by_step:
        x_ticks = fitting_ticks(x.low, x.high, x.end - x.start)
    else:
        x_ticks = _checkpoint_ticks(points, x.end - x.start)
    labels = _spaced([(x.at(place), label) for place, label in x_ticks], x.start - 20, x.end + 12)
    name = "step" if axes.by_step else "checkpoint"
    middle = (x.start + x.end) / 2
    return [
        line(x.start, axes.y.start, x.end, axes.y.start, "axis"),
        *(line(x.at(at), axes.y.start, x.at(at), axes.y.start + 4, "axis") for at, _ in x_ticks),
        *(text(place, below, label, anchor="middle", css="muted") for place, label in labels),
        text(middle, below + 18, name, anchor="middle", css="muted"),
    ]


def _checkpoint_ticks(points: Sequence[Point], room: float) -> list[tuple[float, str]]:
    """Return the positions of points and their short names, as many as fit next to each other."""
    names = [shorten(_short_name(point), 84) for point in points]
    widest = max(map(text_width, names)) + 12
    every = max(1, -(-len(names) // max(1, int(room / widest))))
    return [(float(at), name) for at, name in enumerate(names) if at % every == 0]


def _short_name(point: Point) -> str:
    return point.checkpoint.rstrip("/").rpartition("/")[2] or point_name(point)


def _spaced(
    labels: Sequence[tuple[float, str]], start: float, end: float
) -> list[tuple[float, str]]:
    """Move labels into [start, end], and leave out labels that would touch the one before."""
    placed: list[tuple[float, str]] = []
    free = start
    for place, label in labels:
        half = text_width(label) / 2
        middle = min(max(place, start + half), end - half)
        if middle - half >= free:
            placed.append((middle, label))
            free = middle + half + 6
    return placed


def _line(axes: _Axes, points: Sequence[Point], number: int) -> list[Html]:
    """Return one line of the history; points without a place are dashed horizontal lines."""
    colour = series(number)
    own = [(axes.places[at], p) for at, p in enumerate(points) if p.line == number]
    curve = [(axes.x.at(x), p) for x, p in own if x is not None and p.value is not None]
    levels = [p for x, p in own if x is None and p.value is not None]
    parts = [
        titled(_tip(p), line(axes.x.start, h, axes.x.end, h, f"level {colour}"))
        for p in levels
        if (h := axes.y.at(p.value or 0.0))
    ]
    parts += [polyline([(x, axes.y.at(p.value or 0.0)) for x, p in curve], f"curve {colour}")]
    return parts + [_point(axes.y, x, p, number) for x, p in curve]


def _point(y: Scale, x: float, point: Point, number: int) -> Html:
    """Return a point with its interval; a change has a triangle instead of the line's marker."""
    colour, height = series(number), y.at(point.value or 0.0)
    parts = []
    if point.low is not None and point.high is not None:
        parts.append(line(x, y.at(point.low), x, y.at(point.high), f"whisker {colour}"))
    if point.change:
        parts.append(marker(CHANGES[point.change], x, height, 6, point.change))
    else:
        shape = _SHAPES[number // SERIES % len(_SHAPES)]
        parts.append(marker(shape, x, height, 3.5, f"dot {colour}"))
    return titled(_tip(point), *parts)


def _tip(point: Point) -> str:
    change = change_text(point)
    interval = f" [{format_interval(point.low, point.high)}]" if point.low is not None else ""
    name = f"{line_name(point)}, {point_name(point)}"
    return f"{name}: {format_number(point.value)}{interval}{f'; {change}' if change else ''}"


def _legend(
    points: Sequence[Point],
    numbers: Sequence[int],
    levels: Collection[int],
    width: float,
    top: float,
) -> list[Html]:
    """Return pairs of a sign and its meaning, one below the other.

    `numbers` are the lines, and `levels` the lines that are dashed.
    """
    entries: list[tuple[_Sign, str]] = []
    for number in numbers[:_MOST_LEGEND]:
        own = next(point for point in points if point.line == number)
        sign = _level_sign(number) if number in levels else _point_sign(number)
        entries.append((sign, line_name(own)))
    for change, shape in CHANGES.items():
        if any(point.change == change for point in points):
            meaning = f"{change} than the previous point"
            entries.append((partial(marker, shape, radius=6, css=change), meaning))
    parts = []
    for at, (sign, meaning) in enumerate(entries):
        baseline = top + ROW * (at + 1)
        parts += [sign(14, baseline - 4), text(28, baseline, meaning, room=width - 32)]
    return parts


def _point_sign(number: int) -> _Sign:
    shape = _SHAPES[number // SERIES % len(_SHAPES)]
    return partial(marker, shape, radius=3.5, css=f"dot {series(number)}")


def _level_sign(number: int) -> _Sign:
    return lambda x, y: line(x - 10, y, x + 10, y, f"level {series(number)}")


def change_text(point: Point) -> str:
    """Return the change of a point as text: `better by 0.0312`."""
    if not point.change or point.difference is None:
        return ""
    by_intervals = ", intervals apart" if point.by == "intervals" else ""
    return f"{point.change} by {format_number(abs(point.difference))}{by_intervals}"
