"""The table of all scores of a run, with intervals, samples, failures and units."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mmbench.reports.charts.figure import count_cell, interval_cell
from mmbench.reports.charts.selection import metric_limits
from mmbench.reports.pages.cells import value_cell
from mmbench.reports.pages.html import Content, Html, breakable
from mmbench.reports.pages.tables import Cell, Column, Row, table
from mmbench.reports.tables import unit_words
from mmbench.text.number_format import format_interval
from mmbench.types import RunRecord, ScoreInfo


def scores_table(record: RunRecord) -> Html:
    """Return the table of all scores; a column without information is left out."""
    scores = record.scores.values()
    failed = any(score.failed for score in scores)
    columns = {
        Column("score"): True,
        Column("value", number=True): True,
        Column("95 % interval", number=True): True,
        Column("samples", number=True): True,
        Column("groups", number=True): any(score.groups != score.n for score in scores),
        Column("failed", number=True, better="lower"): failed,
        Column("possible range", number=True): failed,
        Column("unit"): True,
        Column("remark"): any(score.reason for score in scores),
    }
    present = [column for column, needed in columns.items() if needed]
    rows = [_score_row(name, score, present) for name, score in record.scores.items()]
    return table(f"Scores with 95 % intervals; {record.headline} is the headline", present, rows)


def _score_row(name: str, score: ScoreInfo, columns: Sequence[Column]) -> Row:
    low, high = score.bounds or (None, None)
    cells = {
        "score": Cell(breakable(name), name),
        "value": value_cell(score),
        "95 % interval": interval_cell(score.low, score.high),
        "samples": count_cell(score.n),
        "groups": count_cell(score.groups),
        "failed": count_cell(score.failed),
        "possible range": Cell(format_interval(low, high) if score.bounds else "", low),
        "unit": Cell(unit_text(name, score), css="nowrap"),
        "remark": Cell(score.reason),
    }
    return Row([cells[column.title] for column in columns])


def unit_text(name: str, score: ScoreInfo | None) -> str:
    """Return the unit of a score and the better direction: `fraction, higher is better`.

    A score without a unit of its own has its range: `0 to 1, higher is better`.
    """
    words, (low, high) = unit_words(name, score), metric_limits(name)
    if low is None or high is None:
        return words
    return re.sub("^score(?=,|$)", f"{low:g} to {high:g}", words)


def headline_words(record: RunRecord) -> list[Content]:
    """Return the name of the headline with its unit: `wer[none] (fraction, lower is better)`."""
    words = unit_text(record.headline, record.scores.get(record.headline))
    return [breakable(record.headline), f" ({words})" if words else None]
