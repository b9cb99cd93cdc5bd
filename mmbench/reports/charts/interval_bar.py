"""Small bars for the cells of tables: a value with its 95 % interval on the scale of its column."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from mmbench.reports.charts.scales import Scale, value_range
from mmbench.reports.charts.svg import line, marker, rect
from mmbench.reports.pages.html import Html, element

_WIDTH, _HEIGHT = 132.0, 18.0
_EDGE = 3.0  # room for a tick at the ends of the scale
_THICK = 10.0


class Interval(Protocol):
    """A value with its 95 % interval, such as a score or a mean; None for what is missing."""

    @property
    def value(self) -> float | None:
        """The value."""

    @property
    def low(self) -> float | None:
        """The lower end of the interval."""

    @property
    def high(self) -> float | None:
        """The upper end of the interval."""


def column_scale(scores: Iterable[Interval | None]) -> Scale:
    """Return the scale that all bars of a column share; it shows every value and interval."""
    present = [score for score in scores if score is not None]
    ends = [end for score in present for end in (score.value, score.low, score.high)]
    low, high = value_range(ends)
    return Scale(low, high, _EDGE, _WIDTH - _EDGE)


def interval_bar(
    score: Interval | None, scale: Scale, *, reference: float | None = None, series: int = 1
) -> Html:
    """Return a bar from the lower to the upper end of the interval, with a tick at the value.

    A dashed line marks the value `reference`, and an arrow a value beyond the scale. The numbers
    must be next to the bar as text: screen readers skip the bar. Return an empty text for a missing
    value.
    """
    if score is None or score.value is None:
        return Html()
    middle = _HEIGHT / 2
    parts = [line(scale.start, middle, scale.end, middle, "gridline")]
    if beyond := _arrow(score.value, scale):
        parts.append(beyond)
    elif score.low is not None and score.high is not None:
        low, high = scale.at(score.low), scale.at(score.high)
        wide = max(2.0, high - low)
        parts.append(rect(low, middle - _THICK / 2, wide, _THICK, "bar", opacity=0.45))
    if reference is not None:
        at = scale.at(reference)
        parts.append(line(at, 0, at, _HEIGHT, "mark"))
    if not beyond:
        parts.append(rect(scale.at(score.value) - 1.5, 1, 3, _HEIGHT - 2, "bar"))
    size = {"width": round(_WIDTH), "height": round(_HEIGHT)}
    box = f"0 0 {_WIDTH:.0f} {_HEIGHT:.0f}"
    css = f"bar-cell series-{series}"
    return element("svg", parts, class_=css, viewBox=box, aria_hidden="true", **size)


def _arrow(value: float, scale: Scale) -> Html | None:
    """Return an arrow at the end of the scale beyond which a value is; None within the scale."""
    if scale.low <= value <= scale.high:
        return None
    shape, at = ("left", scale.start) if value < scale.low else ("right", scale.end)
    return marker(shape, at, _HEIGHT / 2, _EDGE + 2, "bar")
