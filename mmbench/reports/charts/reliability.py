"""Reliability diagrams: the accuracy of a classifier by its confidence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mmbench.reports.charts.figure import Chart, count_cell, value_cell
from mmbench.reports.charts.scales import Scale, fitting_ticks
from mmbench.reports.charts.svg import Drawing, line, marker, rect, text, titled
from mmbench.reports.pages.html import Html
from mmbench.reports.pages.tables import Cell, Column, Row
from mmbench.text import count
from mmbench.text.number_format import format_number

BINS = 15  # as in `ece`


class ConfidenceBin(NamedTuple):
    """The samples whose confidence is in [low, high): their number and their two means."""

    low: float
    high: float
    n: int
    confidence: float
    accuracy: float


def confidence_bins(rows: NDArray[np.float64]) -> list[ConfidenceBin]:
    """Return the bins with samples, from rows [n, 2] of `ece`: confidence and hit.

    The 15 bins have equal width; the confidence 1 is counted in the last one, which `ece` keeps
    separate.
    """
    known = rows[np.isfinite(rows).all(axis=1)]
    places = np.minimum((known[:, 0] * BINS).astype(int), BINS - 1)
    bins = []
    for at in np.unique(places).tolist():
        confidence, hit = known[places == at].mean(axis=0).tolist()
        ends = at / BINS, (at + 1) / BINS
        bins.append(ConfidenceBin(*ends, int((places == at).sum()), confidence, hit))
    return bins


def reliability_diagram(title: str, bins: Sequence[ConfidenceBin]) -> Chart:
    """Return a diagram with the accuracy of each bin; on the dashed line, it is the confidence.

    The area of a marker grows with the number of samples in its bin.
    """
    columns = [
        Column("confidence"),
        *(Column(name, number=True) for name in ("samples", "mean confidence", "accuracy")),
    ]
    rows = [
        Row([
            Cell(f"{one.low:.3f} to {one.high:.3f}", one.low),
            count_cell(one.n),
            value_cell(one.confidence),
            value_cell(one.accuracy),
        ])
        for one in bins
    ]  # fmt: skip
    parts = "; ".join(
        f"accuracy {one.accuracy:.2f} at confidence {one.confidence:.2f} ({one.n:,})"
        for one in bins
    )
    n = sum(one.n for one in bins)
    description = f"Accuracy by confidence of {count(n, 'sample')}: {parts}."
    return Chart(title, description, lambda width: _draw(bins, width), columns, rows)


def _draw(bins: Sequence[ConfidenceBin], width: float) -> Drawing:
    side = min(width - 60, 300.0)
    x, y = Scale(0, 1, 46, 46 + side), Scale(0, 1, 8 + side, 8)
    parts: list[Html] = []
    for tick, label in fitting_ticks(0, 1, side * 0.7):
        parts += [
            line(x.start, y.at(tick), x.end, y.at(tick), "gridline"),
            text(x.start - 6, y.at(tick) + 4, label, anchor="end", css="muted"),
            text(x.at(tick), y.start + 16, label, anchor="middle", css="muted"),
        ]
    parts += [
        rect(x.start, y.end, side, side, "frame"),
        line(x.start, y.start, x.end, y.end, "mark"),
        text((x.start + x.end) / 2, y.start + 34, "confidence", anchor="middle", css="muted"),
        text(12, (y.start + y.end) / 2, "accuracy", anchor="middle", css="muted", turned=True),
    ]
    largest = max((one.n for one in bins), default=1)
    for one in bins:
        at = x.at(one.confidence), y.at(one.accuracy)
        tip = (
            f"confidence {format_number(one.confidence)}: accuracy {format_number(one.accuracy)},"
            f" {count(one.n, 'sample')}"
        )
        gap = line(at[0], y.at(one.confidence), *at, "whisker series-1")
        radius = 3 + 6 * (one.n / largest) ** 0.5
        parts.append(titled(tip, gap, marker("circle", *at, radius, "dot series-1")))
    return Drawing(max(width, x.end + 14), y.start + 40, parts)
