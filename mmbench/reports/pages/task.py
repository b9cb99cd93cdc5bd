"""The page of a task: for each table the best model, all runs, all scores, and the history."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from msgspec.structs import replace

from mmbench.comparison.history import Point
from mmbench.engine import speed
from mmbench.reports import cells as texts
from mmbench.reports import charts
from mmbench.reports.charts.history import history_chart
from mmbench.reports.pages.board_tables import BoardTable, certainty, data_statement, headline
from mmbench.reports.pages.cells import (
    BAR_LEGEND,
    MARK_LEGEND,
    badge,
    bar_cell,
    bar_scale,
    difference_cell,
    failed_cell,
    is_of_another_model,
    model_cell,
    published_cell,
    published_statement,
    score_text,
    value_cell,
)
from mmbench.reports.pages.html import Content, Html, element, web_link
from mmbench.reports.pages.names import HrefOf
from mmbench.reports.pages.run_details import facts_list
from mmbench.reports.pages.run_scores import headline_words
from mmbench.reports.pages.tables import Cell, Column, Row, table
from mmbench.reports.sections import label
from mmbench.storage.run_lookup import reference
from mmbench.text import part_of
from mmbench.text.number_format import format_number
from mmbench.types import PublishedInfo, RunRecord

STYLES = (charts.STYLE,)


def task_body(
    tables: Sequence[BoardTable],
    points: Sequence[Point],
    href_of: HrefOf,
    comparison_of: HrefOf = lambda _: "",
    filters: Content = None,
) -> list[Content]:
    """Return the content of a task's page, with a section for each table.

    `points` is the history of the headline, as returned by `mmbench.history`; it may be empty.
    `comparison_of` returns the page that compares a run with the reference of its table.
    """
    several = len(tables) > 1
    note = "The runs of different tables are not comparable." if several else None
    return [
        element("p", note, class_="note") if note else None,
        filters,
        [_section(one, points, href_of, comparison_of) for one in tables],
    ]


def _section(
    one: BoardTable, points: Sequence[Point], href_of: HrefOf, comparison_of: HrefOf
) -> Html:
    return element(
        "section",
        element("h2", one.caption),
        _facts(one, href_of),
        _missing_rows(one),
        _runs_table(one, href_of, comparison_of),
        _history(one, points, href_of),
        _all_scores(one, href_of),
        _published(one, href_of),
        data_group=True,
    )


def _facts(one: BoardTable, href_of: HrefOf) -> Html:
    """Return what a reader wants to know first: the best model, its score, certainty and data."""
    facts: list[tuple[Content, Content]] = []
    if one.best:
        best, word = one.best.record, "Best model" if one.models else "Best baseline"
        name = element("a", label(best), href=href_of(best)) if href_of(best) else label(best)
        facts += [(word, name), (headline_words(best), score_text(headline(best)))]
    sure, data = certainty(one), data_statement(one.first)
    facts.append(("Certainty", [badge(sure), " ", sure.details]))
    if one.ignorant and one.models:
        words = f", by {one.ignorant.model.name}, which ignores the input"
        facts.append(("Best baseline", [*score_text(headline(one.ignorant)), words]))
    facts.append(("Data", [badge(data), " ", data.details]))
    return facts_list(facts)


def _missing_rows(one: BoardTable) -> Html | None:
    """Return a note on models that are compared by intervals, and how to compare their samples."""
    if not one.without_rows:
        return None
    some = part_of(len(one.without_rows), len(one.models), "model")
    models = " ".join(f"-m {shlex.quote(reference(r))}" for r in one.without_rows[:3])
    more = " …" if len(one.without_rows) > 3 else ""
    task = shlex.quote(one.first.task.name)
    return element(
        "p",
        f"{some} been compared with the best model by intervals alone, because rows are missing."
        " For paired tests, copy the .parquet files of the runs into this board, or type ",
        element("code", f"mmbench run {models}{more} -t {task}"),
        class_="note",
    )


def _runs_table(one: BoardTable, href_of: HrefOf, comparison_of: HrefOf) -> Html:
    records = [run.record for run in one.runs]
    name, better = one.first.headline, _better(one.first, one.first.headline)
    scale = bar_scale(one)
    published = [published_cell(record) for record in records]
    known = any(cell.content for cell in published)
    columns = [
        Column("model"),
        Column(name, number=True, better=better),
        Column(f"difference from {_reference_name(one)}", number=True, better=better),
        Column("failed", number=True, better="lower"),
        *([Column("published", number=True, better=better)] if known else []),
        Column("date"),
    ]
    rows = []
    for record, cell in zip(records, published, strict=True):
        href = href_of(record)
        cells = [
            model_cell(record, one, href),
            bar_cell(record, one, scale),
            difference_cell(record, one, comparison_of(record)),
            failed_cell(record),
            *([cell] if known else []),
            Cell(record.created[:10], record.created, "date"),
        ]
        kind = "baseline" if record.baseline else ""
        rows.append(Row(cells, kind=kind, facets={"task": record.task.name}, search=record.run))
    return table(f"{BAR_LEGEND} {MARK_LEGEND}", columns, rows, filterable=True)


def _better(record: RunRecord, name: str) -> str:
    return record.scores[name].better if name in record.scores else "higher"


def _reference_name(one: BoardTable) -> str:
    if one.reference is None or one.best is None:
        return "the best"
    reference = one.reference.record
    return "the best" if reference.run == one.best.record.run else label(reference)


def _history(one: BoardTable, points: Sequence[Point], href_of: HrefOf) -> Html | None:
    """Return the chart of the headline over checkpoints; None if no line has two points."""
    records = {run.record.run: run.record for run in one.runs}
    own = [point for point in points if point.run in records]
    lines = list(dict.fromkeys(point.line for point in own))
    if len(lines) == len(own):
        return None
    numbered = [replace(point, line=lines.index(point.line)) for point in own]
    links = {run: href_of(record) for run, record in records.items()}
    title = f"{one.first.headline} over checkpoints, with 95 % intervals"
    return element(
        "div", element("h3", "History"), history_chart(numbered, title=title, links=links)
    )


def _all_scores(one: BoardTable, href_of: HrefOf) -> Html | None:
    """Return a folded table of all scores; None if the headline is the only score."""
    records = [run.record for run in one.runs]
    names = list(dict.fromkeys(name for record in records for name in record.scores))
    if len(names) < 2:
        return None
    timed = speed.has_column(records)
    columns = [
        Column("model"),
        *(Column(name, number=True, better=_better(records[0], name)) for name in names),
        *([Column(speed.COLUMN, number=True)] if timed else []),
    ]
    rows = [
        Row(
            [
                Cell(element("a", label(record), href=href_of(record) or None), label(record)),
                *(value_cell(record.scores.get(name)) for name in names),
                *([Cell(texts.rtfx_cell(record), speed.rtfx(record) or "")] if timed else []),
            ],
            kind="baseline" if record.baseline else "",
        )
        for record in records
    ]
    content = table(f"All scores of {one.first.task.name}", columns, rows)
    return element("details", element("summary", "All scores"), content)


def _published(one: BoardTable, href_of: HrefOf) -> Html | None:
    """Return the published scores of the task, each with the runs that it was compared with."""
    entries: dict[tuple[str, str, float], list[tuple[PublishedInfo, RunRecord]]] = {}
    for record in (run.record for run in one.runs):
        for entry in record.published:
            entries.setdefault((entry.model, entry.metric, entry.value), []).append((entry, record))
    rows = []
    for pairs in entries.values():
        own = [pair for pair in pairs if not is_of_another_model(pair[0])]
        rows += [_published_row(entry, record, href_of) for entry, record in own]
        rows += [] if own else [_published_row(pairs[0][0], None, href_of)]
    if not rows:
        return None
    columns = [
        Column("published model"),
        Column("score"),
        Column("published", number=True),
        Column("measured", number=True),
        Column("verdict"),
        Column("source"),
    ]
    return element(
        "div", element("h3", "Published scores"), table("Published scores", columns, rows)
    )


def _published_row(entry: PublishedInfo, record: RunRecord | None, href_of: HrefOf) -> Row:
    statement = published_statement(entry)
    measured: Content = format_number(entry.measured) if record else ""
    if record and href_of(record):
        measured = element("a", measured, href=href_of(record))
    verdict = [badge(statement), " ", statement.details] if record else "not run here"
    return Row([
        Cell(entry.model or "unnamed"),
        Cell(entry.metric),
        Cell(format_number(entry.value), entry.value),
        Cell(measured, "" if not record or entry.measured is None else entry.measured),
        Cell(verdict, entry.verdict if record else "not run here"),
        Cell(web_link(entry.source)),
    ])  # fmt: skip
