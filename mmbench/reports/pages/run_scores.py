"""The tables of a run: all scores with intervals and units, and the indexes that it compares."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from mmbench.reports.charts.figure import count_cell, figure, interval_cell
from mmbench.reports.charts.recall_speed import recall_speed_chart
from mmbench.reports.charts.selection import metric_limits
from mmbench.reports.index_tables import IndexTable, index_tables, legends
from mmbench.reports.pages.cells import value_cell
from mmbench.reports.pages.html import Content, Html, breakable, element
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


def indexes_section(record: RunRecord) -> Content:
    """Return a chart and a table of the compared indexes for each direction; None without any.

    Forms of vectors have no speed, and so no chart.
    """
    tables = index_tables(record)
    if not tables:
        return None
    return [
        [element("p", one) for one in legends(tables)],
        [_indexes(one, record.scores) for one in tables],
    ]


def _indexes(compared: IndexTable, scores: Mapping[str, ScoreInfo]) -> list[Content]:
    direction = f", {compared.direction}" if compared.direction else ""
    chart = recall_speed_chart(f"Recall of indexes by speed{direction}", compared.points)
    columns = _index_columns(compared, scores)
    rows = [
        Row([Cell(breakable(name), name), *map(Cell, texts, numbers)])
        for (name, *texts), (_, *numbers) in zip(compared.rows, compared.numbers, strict=True)
    ]
    return [figure(chart) if chart else None, table(f"{compared.title}{direction}", columns, rows)]


def _index_columns(compared: IndexTable, scores: Mapping[str, ScoreInfo]) -> list[Column]:
    """Return the columns of a table of indexes; a number is sorted with its best value first."""
    better = {"build s": "lower", "bytes/vector": "lower", "MB": "lower"}
    first = len(compared.header) - len(compared.metrics)
    columns = [
        Column(
            name,
            number=name not in ("index", "vectors", "front"),
            better=better.get(name, "higher"),
        )
        for name in compared.header[:first]
    ]
    for name, metric in zip(compared.header[first:], compared.metrics, strict=True):
        score = scores.get(metric)
        order = (score.better if score else None) or "higher"
        columns.append(Column(name, number=True, better=order))
    return columns


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
