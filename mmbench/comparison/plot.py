"""Plots of a metric's history over checkpoints."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

from mmbench.comparison.history import Point, line_name, point_name
from mmbench.errors import MissingExtra, UserError
from mmbench.storage.own_files import unusable
from mmbench.text import plain

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Fixed metadata: the same runs give the same bytes.
_DATE = {".svg": "Date", ".png": "Software", ".pdf": "CreationDate"}
_MARKS = {"better": ("^", "#2a7f3f"), "worse": ("v", "#b3261e")}
_COLOURS = ("#2f5d8a", "#b5651d", "#6a4c93", "#3c7a6c", "#8a2f55", "#5b5b5b")
_POINTS = ("o", "s", "D", "P", "X", "*")  # for the first six lines, the next six, …
_DASHES = ("--", ":", "-.", (0, (8, 3)), (0, (1, 4)), (0, (5, 2, 1, 2, 1, 2)))
_THAN = "than the previous point"
_CHANGES = tuple(f"{change} {_THAN}" for change in _MARKS)
_MOST_LABELS = 24


def plot(histories: Mapping[str, Sequence[Point]], file: str | Path) -> None:
    """Write the figure of `history_figure` to a file, like `write_figure`."""
    write_figure(lambda: history_figure(histories, "--plot"), file)


def write_figure(draw: Callable[[], Figure], file: str | Path) -> None:
    """Write the figure that `draw` returns to the file of the flag --plot.

    Raises UserError for an unknown file extension or a file that cannot be written, and
    MissingExtra if matplotlib is not installed.
    """
    path = Path(file)
    if path.suffix.lower() not in _DATE:
        raise UserError(f"--plot {path}: unknown file extension; use {', '.join(_DATE)}")
    figure = draw()
    from matplotlib import rc_context

    try:
        with rc_context({"svg.hashsalt": "mmbench"}):
            figure.savefig(path, dpi=150, metadata={_DATE[path.suffix.lower()]: None})
    except OSError as error:
        raise unusable(path, "written", "--plot", error) from error


def new_figure(width: float, height: float, feature: str) -> Figure:
    """Return an empty figure of a size in inches.

    Raises MissingExtra, which names the `feature`, if matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtra(feature, "matplotlib", "mmbench[plot]") from error

    class ShownFigure(Figure):
        """A figure that a notebook shows as an image, also if pyplot is not imported."""

        def _repr_png_(self) -> bytes:
            stream = BytesIO()
            self.savefig(stream, format="png", dpi=100)
            return stream.getvalue()

    return ShownFigure(figsize=(width, height), layout="constrained")


def history_figure(histories: Mapping[str, Sequence[Point]], feature: str) -> Figure:
    """Draw each history under its title: values with intervals, and the points of change.

    If lines are ordered by step, the step is the x axis, and models of other lines are drawn as
    dashed horizontal lines. If no line is ordered by step, points are drawn at equal distances.
    Raises MissingExtra like `new_figure`.
    """
    width = max(6.0, min(16.0, 2 + 0.5 * max(map(len, histories.values()))))
    figure = new_figure(width, 4.5 * len(histories), feature)
    panels = figure.subplots(len(histories), squeeze=False)[:, 0]
    handles_by_label: dict[str, Artist] = {}
    for axes, (title, points) in zip(panels, histories.items(), strict=True):
        _panel(axes, title, points)
        handles, labels = axes.get_legend_handles_labels()
        handles_by_label |= dict(
            zip(labels, handles, strict=True)
        )  # one legend entry "better" for all lines
    for name in [name for name in handles_by_label if name.startswith(_CHANGES)]:
        handles_by_label[name] = handles_by_label.pop(name)  # after the lines
    figure.legend(
        handles_by_label.values(),
        handles_by_label,
        loc="outside lower center",
        ncols=2,
        fontsize=8,
        frameon=False,
    )
    return figure


def _panel(axes: Axes, title: str, points: Sequence[Point]) -> None:
    axes.set_title(escape_label(f"{title}, 95 % intervals"), loc="left", fontsize=10)
    by_step = any(point.order == "step" for point in points)
    for line in dict.fromkeys(point.line for point in points):
        own = [(at, point) for at, point in enumerate(points) if point.line == line]
        cycles, place = divmod(line, len(_COLOURS))
        colour, marker = _COLOURS[place], _POINTS[cycles % len(_POINTS)]
        if by_step and own[0][1].order != "step":
            _levels(axes, [point for _, point in own], colour)
        else:
            places = [float((p.step or 0) if by_step else at) for at, p in own]
            _curve(axes, places, [point for _, point in own], colour, marker)
    axes.tick_params(labelsize=7)
    if by_step:
        axes.set_xlabel("step", fontsize=8)
        axes.locator_params(axis="x", integer=True)
    else:
        _ticks(axes, points)
    axes.grid(axis="y", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _curve(
    axes: Axes, places: Sequence[float], points: Sequence[Point], colour: str, marker: str
) -> None:
    """Draw a line of comparable points at the x positions `places`."""
    present = [(x, p, p.value) for x, p in zip(places, points, strict=True) if p.value is not None]
    if not present:
        return
    xs, values = [x for x, _, _ in present], [value for _, _, value in present]
    name = escape_label(f"{line_name(points[0])} (line {points[0].line + 1})")
    axes.plot(xs, values, f"{marker}-", color=colour, linewidth=1.2, markersize=4, label=name)
    for x, p, _ in present:
        if p.low is not None and p.high is not None:
            axes.vlines(x, p.low, p.high, color=colour, linewidth=1, alpha=0.6)
    for change, (mark, shade) in _MARKS.items():
        changed = [(x, value) for x, p, value in present if p.change == change]
        if changed:
            label = f"{change} {_THAN}"
            at, heights = [x for x, _ in changed], [value for _, value in changed]
            axes.scatter(at, heights, s=70, marker=mark, color=shade, zorder=3, label=label)


def _levels(axes: Axes, points: Sequence[Point], colour: str) -> None:
    """Draw models without a step as horizontal lines, each with its own dash pattern."""
    for point, dashes in zip(points, cycle(_DASHES)):
        if point.value is not None:
            name = f"{line_name(point)}, {point_name(point)} (line {point.line + 1})"
            axes.axhline(
                point.value, color=colour, linewidth=1, linestyle=dashes, label=escape_label(name)
            )


def _ticks(axes: Axes, points: Sequence[Point]) -> None:
    """Label each point with its checkpoint or its evaluation time."""
    every = -(-len(points) // _MOST_LABELS)
    ticks = range(0, len(points), every)
    labels = [escape_label(plain(_label(points[x]), 28)) for x in ticks]
    axes.set_xticks(list(ticks), labels, rotation=40, ha="right", fontsize=7)


def _label(point: Point) -> str:
    return point.checkpoint.rstrip("/").rpartition("/")[2] or point.created[:16]


def escape_label(text: str) -> str:
    """Escape a text for matplotlib.

    Without this, matplotlib reads $…$ as a formula, and hides labels that begin with "_".
    """
    return f" {plain(text)}".replace("$", r"\$")
