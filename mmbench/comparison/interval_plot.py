"""Plots of scores, or of differences of scores, with their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from mmbench.comparison.plot import escape_label, new_figure
from mmbench.engine.score_names import score_info
from mmbench.text import plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLOURS = {"better": "#2a7f3f", "worse": "#b3261e"}
_COLOUR = "#2f5d8a"
_ROW, _FRAME = 0.28, 0.9  # inches: the height of a row, and of the frame of a panel


class IntervalPoint(NamedTuple):
    """A score, or a difference of two scores, with its interval.

    `change` is "better" or "worse" for a significant difference, which has another colour.
    """

    name: str
    value: float
    low: float | None
    high: float | None
    change: str = ""


def interval_figure(
    title: str, points: Sequence[IntervalPoint], feature: str, *, differences: bool = False
) -> Figure:
    """Draw values with intervals, one below the other; metrics of one unit share an axis.

    `differences` marks 0, which means no difference. Raises MissingExtra, which names the
    `feature`, if matplotlib is not installed.
    """
    panels = _by_unit(points)
    heights = [_FRAME + _ROW * len(own) for own in panels.values()] or [_FRAME]
    figure = new_figure(7.0, 0.4 + sum(heights), feature)
    figure.suptitle(escape_label(title), x=0.01, ha="left", fontsize=10)
    if not panels:
        return figure
    axes_list = figure.subplots(len(panels), squeeze=False, height_ratios=heights)[:, 0]
    for axes, (unit, own) in zip(axes_list, panels.items(), strict=True):
        _panel(axes, own)
        axes.set_xlabel(escape_label(f"{unit}, 95 % intervals".removeprefix(", ")), fontsize=8)
        if differences:
            axes.axvline(0, color="#5b5b5b", linewidth=1, linestyle="--")
    return figure


def _by_unit(points: Sequence[IntervalPoint]) -> dict[str, list[IntervalPoint]]:
    """Group points by the unit of their metric; an unknown unit is ""."""
    groups: dict[str, list[IntervalPoint]] = {}
    for point in points:
        info = score_info(point.name)
        groups.setdefault(info.unit if info else "", []).append(point)
    return groups


def _panel(axes: Axes, points: Sequence[IntervalPoint]) -> None:
    for row, point in enumerate(points):
        colour = _COLOURS.get(point.change, _COLOUR)
        if point.low is not None and point.high is not None:
            axes.hlines(row, point.low, point.high, color=colour, linewidth=1.6, alpha=0.6)
        axes.plot([point.value], [row], "o", color=colour, markersize=5)
    names = [escape_label(plain(point.name, 48)) for point in points]
    axes.set_yticks(range(len(points)), names, fontsize=8)
    axes.set_ylim(len(points) - 0.5, -0.5)  # the first at the top
    axes.tick_params(axis="x", labelsize=8)
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
