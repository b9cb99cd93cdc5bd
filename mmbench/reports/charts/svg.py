"""SVG elements, and text that fits: widths are estimated, and long texts are shortened.

Labels may be names of records and model outputs; `mmbench.reports.pages.html` escapes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import inf
from typing import NamedTuple
from unicodedata import category, east_asian_width

from mmbench.reports.pages.html import Content, Html, element
from mmbench.text import plain

SIZE = 12.0  # font size in pixels; assets/mmbench.css sets the same size
ROW = 18.0  # distance between two lines of text
SERIES = 6  # colours of series, in classes `series-1` to `series-6`
_FULL = 400  # characters of a text in a tooltip

# Widths relative to the font size: upper estimates for the sans-serif fonts of common systems.
_NARROW, _BROAD = frozenset("iljftrI.,:;|!'`()[] /"), frozenset("mwMW@%&=+<>~#")
_WIDTHS = {"narrow": 0.4, "broad": 0.98, "capital": 0.76, "other": 0.64, "wide": 1.1}


class Drawing(NamedTuple):
    """The size of a drawing in pixels, and its SVG elements."""

    width: float
    height: float
    parts: list[Html]


def series(number: int) -> str:
    """Return the class that sets the colour of a series, given its number from 0."""
    return f"series-{number % SERIES + 1}"


def text_width(text: str, size: float = SIZE) -> float:
    """Return the estimated width of a line of text in pixels; the true width is rarely larger."""
    return size * sum(map(_character_width, text))


def _character_width(char: str) -> float:
    if char in _NARROW:
        return _WIDTHS["narrow"]
    if char in _BROAD:
        return _WIDTHS["broad"]
    if char.isascii():
        return _WIDTHS["capital" if char.isupper() else "other"]
    if category(char) in ("Mn", "Me"):
        return 0.0
    return _WIDTHS["wide" if east_asian_width(char) in "WF" else "broad"]


def shorten(text: str, room: float, size: float = SIZE) -> str:
    """Return text as one safe line of at most `room` pixels; `…` marks omitted text."""
    line = plain(text, _FULL)
    if text_width(line, size) <= room:
        return line
    width = text_width("…", size)
    for at, char in enumerate(line):
        width += size * _character_width(char)
        if width > room:
            return f"{line[:at].rstrip()}…"
    return line


def text(
    x: float,
    y: float,
    content: str,
    *,
    room: float = inf,
    anchor: str = "start",
    css: str | None = None,
    turned: bool = False,
) -> Html:
    """Return a line of text with its baseline at `y`, shortened to `room` pixels.

    `anchor` is start, middle or end; `turned` text runs upwards. A shortened text has its full text
    as a tooltip.
    """
    short = shorten(content, room)
    return element(
        "text",
        short,
        title(content) if short.endswith("…") else None,
        x=round(x, 1),
        y=round(y, 1),
        text_anchor=anchor,
        class_=css,
        transform=f"rotate(-90 {x:.1f} {y:.1f})" if turned else None,
    )


def title(content: str) -> Html:
    """Return a `title` element: the tooltip of the element that contains it."""
    return element("title", plain(content, _FULL))


def titled(content: str, *elements: Content) -> Html:
    """Return a group of elements with a tooltip."""
    return element("g", title(content), elements)


def line(x1: float, y1: float, x2: float, y2: float, css: str) -> Html:
    """Return a straight line."""
    ends = {"x1": x1, "y1": y1, "x2": x2, "y2": y2}
    return element("line", class_=css, **_rounded(ends))


def rect(
    x: float, y: float, width: float, height: float, css: str, opacity: float | None = None
) -> Html:
    """Return a rectangle."""
    box = {"x": x, "y": y, "width": max(0.0, width), "height": max(0.0, height)}
    faint = None if opacity is None else round(opacity, 3)
    return element("rect", class_=css, fill_opacity=faint, **_rounded(box))


def polyline(points: Iterable[tuple[float, float]], css: str) -> Html:
    """Return a line through several points."""
    return element("polyline", points=_places(points), class_=css)


# The corners of markers, relative to their centre and in units of their radius.
_MARKERS = {
    "square": ((-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)),
    "diamond": ((0, -1.25), (1.25, 0), (0, 1.25), (-1.25, 0)),
    "up": ((0, -1.2), (1.1, 0.9), (-1.1, 0.9)),
    "down": ((0, 1.2), (1.1, -0.9), (-1.1, -0.9)),
    "left": ((-1.2, 0), (0.9, 1.1), (0.9, -1.1)),
    "right": ((1.2, 0), (-0.9, 1.1), (-0.9, -1.1)),
}


def marker(shape: str, x: float, y: float, radius: float, css: str) -> Html:
    """Return a marker: a circle, square, diamond, or a triangle that points up, down, left or
    right.
    """
    if shape == "circle":
        return element("circle", class_=css, **_rounded({"cx": x, "cy": y, "r": radius}))
    corners = ((x + radius * a, y + radius * b) for a, b in _MARKERS[shape])
    return element("polygon", points=_places(corners), class_=css)


def _places(points: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _rounded(values: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 1) for name, value in values.items()}
