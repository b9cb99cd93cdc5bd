"""Leaderboard tables for a terminal: a table for each direction, split if it is too wide."""

from __future__ import annotations

from collections.abc import Iterable

from mmbench.cli.output.terminal import table
from mmbench.engine import speed
from mmbench.reports.cells import margin, number, rtfx_cell
from mmbench.reports.sections import label
from mmbench.text import plain
from mmbench.types import RunRecord

Column = list[str]
"""The header of a column and a cell for each run."""


def board_table(records: list[RunRecord], width: int | None) -> list[str]:
    """Return the lines of a leaderboard table, with a separate part for each direction.

    A part that is wider than `width` is split by columns, and the model column is repeated. The
    margin of the headline metric follows the metrics of its direction.
    """
    models = ["model", *(plain(label(record)) for record in records)]
    lines: list[str] = []
    for direction, metrics in directions(records[0].scores).items():
        columns = [models, *_columns(records, direction, metrics)]
        lines += ["", *([plain(direction)] if direction else [])]
        lines += table(list(zip(*columns, strict=True)), {0}, width)
    return lines if _any_failed(records) else [*lines, "", "No sample failed."]


def _any_failed(records: list[RunRecord]) -> bool:
    return any(record.counts["failed"] for record in records)


def _columns(records: list[RunRecord], direction: str, metrics: list[str]) -> list[Column]:
    """Return the columns of a direction: metrics, margin of the headline, speed and failures."""
    columns = [
        [short_name(name, direction), *(number(r.scores.get(name)) for r in records)]
        for name in metrics
    ]
    headline = records[0].headline
    if headline in metrics:
        at = metrics.index(headline) + 1
        columns.insert(at, ["± 95 %", *(margin(r.scores.get(r.headline)) for r in records)])
    if speed.has_column(records):
        columns.append([speed.COLUMN, *map(rtfx_cell, records)])
    if _any_failed(records):
        columns.append(["failed", *(str(r.counts["failed"]) for r in records)])
    return [[plain(cell) for cell in column] for column in columns]


def directions(scores: Iterable[str]) -> dict[str, list[str]]:
    """Return the names of scores by direction; the key of names without a direction is ""."""
    by_direction: dict[str, list[str]] = {}
    for name in scores:
        by_direction.setdefault(_direction(name), []).append(name)
    return by_direction


def short_name(name: str, direction: str) -> str:
    """Return the name of a score without its direction: `recall@1{macro:place}`."""
    return name.replace(f"[{direction}]", "") if direction else name


def _direction(name: str) -> str:
    """Return text-to-image for the score `recall@1[text-to-image]`; "" if it has no direction."""
    direction = name.partition("[")[2].partition("]")[0]
    return direction if "-to-" in direction else ""
