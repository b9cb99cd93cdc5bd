"""The tables of a task as CSV and Markdown, and the index of a leaderboard."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import quote

from mmbench.engine import speed
from mmbench.engine.score_names import score_info
from mmbench.reports.cells import BASELINE_LEGEND, brief, header_and_rows, published
from mmbench.reports.index_tables import index_tables, legends
from mmbench.reports.sections import captions, label, other_data
from mmbench.text import csv_cell, markdown, markdown_code, markdown_name
from mmbench.text.csv_text import csv_text
from mmbench.types import RunRecord, ScoreInfo


def to_csv(tables: Iterable[list[RunRecord]]) -> str:
    """Return tables as one CSV file with a row for each model.

    Values are not rounded, and None is an empty cell. The file has the columns of all tables, in
    the order in which they first appear.
    """
    rows: list[dict[str, object]] = []
    for records in tables:
        timed = speed.has_column(records)
        rows += [_row(record, timed=timed) for record in records]
    return csv_text(rows)


def _row(record: RunRecord, *, timed: bool) -> dict[str, object]:
    task = record.task
    return {
        "model": csv_cell(label(record)),
        **{
            csv_cell(column): value
            for name, score in record.scores.items()
            for column, value in (
                (name, score.value),
                (f"{name} low", score.low),
                (f"{name} high", score.high),
            )
        },
        **({speed.COLUMN: speed.rtfx(record)} if timed else {}),
        "failed": record.counts.get("failed", 0),
        "samples": record.counts.get("samples", 0),
        "published": csv_cell(published(record)),
        "other_data": csv_cell(other_data(record)),
        "fingerprint": csv_cell(task.fingerprint),
        "data_hash": csv_cell(task.data_hash),
        "model_hash": csv_cell(record.model.hash),
        "created": csv_cell(record.created),
        "run": csv_cell(record.run),
    }


def page(task: str, tables: list[list[RunRecord]]) -> str:
    """Return the Markdown page of a task."""
    lines = [f"# {markdown(task)}", ""]
    for records, words in zip(tables, captions(tables), strict=True):
        header, rows = header_and_rows(records)
        lines += [f"## {markdown(words)}", ""]
        lines += [
            _line([markdown_name(name) for name in header]),
            _line(["---"] + ["---:"] * (len(header) - 1)),
        ]
        lines += [_line([markdown(cell) for cell in row]) for row in rows]
        lines += ["", f"Headline: {headline_words(records[0])}, with its 95 % interval.", ""]
        lines += [speed.LEGEND, ""] if speed.has_column(records) else []
        lines += _indexes(records)
    command = markdown_code(f"mmbench leaderboard build {task}")
    lines += [f"Made by {command} from the records in `runs/`.", ""]
    return "\n".join(lines)


def _indexes(records: list[RunRecord]) -> list[str]:
    """Return the comparisons of indexes in the runs of a table."""
    lines = []
    for record in records:
        for compared in index_tables(record):
            words = [f"{compared.title} for {label(record)}", *filter(None, [compared.direction])]
            lines += [f"### {markdown(', '.join(words))}", ""]
            lines.append(_line([markdown_name(name) for name in compared.header]))
            lines.append(_line(["---"] + ["---:"] * (len(compared.header) - 1)))
            lines += [_line([markdown(cell) for cell in row]) for row in compared.rows]
            lines.append("")
    tables = [compared for record in records for compared in index_tables(record)]
    return [*lines, *(line for legend in legends(tables) for line in (legend, ""))]


def headline_words(record: RunRecord) -> str:
    """Return the headline as Markdown, with the better direction and, if known, the unit."""
    code, score = markdown_code(record.headline), record.scores.get(record.headline)
    return code if score is None else f"{code} ({markdown(unit_words(record.headline, score))})"


def unit_words(name: str, score: ScoreInfo | None) -> str:
    """Return the unit of a score and the better direction: `fraction, higher is better`.

    The unit is left out if it is unknown, and the direction if `score` is None.
    """
    info = score_info(name)
    direction = f"{score.better} is better" if score else ""
    return ", ".join(filter(None, [info.unit if info else "", direction]))


def _line(row: list[str]) -> str:
    return f"| {' | '.join(row)} |"


def index(tables: Mapping[str, list[list[RunRecord]]], groups: Sequence[str] = ()) -> str:
    """Return the index of a leaderboard: the best model of each task, and links to `groups`."""
    lines = ["# Leaderboards", "", "| task | best model | headline | value | 95 % | baseline |"]
    lines.append("|---|---|---|---:|---:|---:|")
    for task, sections in tables.items():
        best = brief(sections[0])[0]
        _, model, headline, *numbers = best
        link = f"[{markdown(task)}]({quote(task)}.md)"
        lines.append(_line([link, markdown(model), markdown_code(headline), *numbers]))
    lines += ["", f"Baseline: {BASELINE_LEGEND}.", ""]
    links = [f"[{markdown(name)}](group-{quote(name)}.md)" for name in groups]
    return "\n".join([*lines, *([f"Groups of tasks: {', '.join(links)}.", ""] if links else [])])
