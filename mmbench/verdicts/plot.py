"""A history as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmbench.errors import MissingExtra, UserError
from mmbench.text import plain
from mmbench.verdicts.history import Point

_FORMATS = (".svg", ".png", ".pdf")
_MARKS = {"better": ("^", "#2a7f3f"), "worse": ("v", "#b3261e")}
_COLOURS = ("#2f5d8a", "#b5651d", "#6a4c93", "#3c7a6c", "#8a2f55", "#5b5b5b")
_MOST_LABELS = 24


def plot(points: Sequence[Point], title: str, file: str | Path) -> None:
    """Draw values with their intervals, oldest first, and mark where they changed.

    Raises UserError for a file of another format or one that cannot be written, MissingExtra where
    matplotlib is not installed.
    """
    path = Path(file)
    if path.suffix.lower() not in _FORMATS:
        raise UserError(f"--plot {path}: give the file one of the endings {', '.join(_FORMATS)}")
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtra("--plot", "matplotlib", "mmbench[plot]") from error
    figure = Figure(figsize=(max(6.0, min(16.0, 2 + 0.5 * len(points))), 4.5), layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(_safe(f"{title}, 95 % intervals"), loc="left", fontsize=10)
    for line in dict.fromkeys(point.line for point in points):
        _draw(axes, [(x, p) for x, p in enumerate(points) if p.line == line], line)
    _ticks(axes, points)
    axes.grid(axis="y", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    handles, labels = axes.get_legend_handles_labels()
    named = dict(zip(labels, handles, strict=True))  # "better" once, not for each line
    figure.legend(
        named.values(), named, loc="outside lower center", ncols=2, fontsize=8, frameon=False
    )
    try:
        with rc_context({"svg.hashsalt": "mmbench"}):
            figure.savefig(path, dpi=150, metadata={_DATE[path.suffix.lower()]: None})
    except OSError as error:
        raise UserError(f"--plot {path}: cannot be written: {error.strerror}") from error


# Without date and salt the same runs would not give the same bytes.
_DATE = {".svg": "Date", ".png": "Software", ".pdf": "CreationDate"}


def _draw(axes: Any, numbered: Sequence[tuple[int, Point]], line: int) -> None:
    """One line of runs that may be compared."""
    colour = _COLOURS[line % len(_COLOURS)]
    there = [(x, p, p.value) for x, p in numbered if p.value is not None]
    if not there:
        return
    name = _safe(f"{there[0][1].model} (line {line + 1})")
    axes.plot(
        [x for x, _, _ in there],
        [v for _, _, v in there],
        "o-",
        color=colour,
        linewidth=1.2,
        markersize=4,
        label=name,
    )
    for x, p, _ in there:
        if p.low is not None and p.high is not None:
            axes.vlines(x, p.low, p.high, color=colour, linewidth=1, alpha=0.6)
    for change, (mark, shade) in _MARKS.items():
        found = [(x, v) for x, p, v in there if p.change == change]
        if found:
            told = f"{change} than the run before"
            x_y = zip(*found, strict=True)
            axes.scatter(*x_y, s=70, marker=mark, color=shade, zorder=3, label=told)


def _ticks(axes: Any, points: Sequence[Point]) -> None:
    """Below each run its checkpoint, or when it was made."""
    every = -(-len(points) // _MOST_LABELS)
    shown = range(0, len(points), every)
    labels = [_safe(plain(_label(points[x]), 28)) for x in shown]
    axes.set_xticks(list(shown), labels, rotation=40, ha="right", fontsize=7)


def _label(point: Point) -> str:
    return point.checkpoint.rstrip("/").rpartition("/")[2] or point.created[:16]


def _safe(text: str) -> str:
    """A string that matplotlib takes as it is: it reads $…$ as a formula, and hides "_…"."""
    return f" {plain(text)}".replace("$", r"\$")
