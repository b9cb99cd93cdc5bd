"""The page of a task: for each table the best model, all runs, all scores, and the history."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import NamedTuple

from mmbench.comparison.history import Point
from mmbench.engine import speed
from mmbench.reports import cells as texts
from mmbench.reports import charts
from mmbench.reports.pages.board_tables import BoardTable, certainty, data_statement, headline
from mmbench.reports.pages.cells import (
    badge,
    bar_cell,
    bar_legend,
    bar_scale,
    difference_cell,
    failed_cell,
    model_cell,
    published_cell,
    score_text,
    value_cell,
)
from mmbench.reports.pages.html import Content, Html, element
from mmbench.reports.pages.names import WORST_SAMPLES, HrefOf, PairHrefOf
from mmbench.reports.pages.published import published_of_table
from mmbench.reports.pages.run_details import facts_list
from mmbench.reports.pages.run_scores import headline_words
from mmbench.reports.pages.tables import Cell, Column, Row, table
from mmbench.reports.pages.training import HISTORY, changes_summary, history_section, own_points
from mmbench.reports.sections import label
from mmbench.storage.records import StoredRun
from mmbench.storage.run_lookup import reference
from mmbench.text import format_sizes, part_of
from mmbench.types import RunRecord

STYLES = (charts.STYLE,)


def task_body(
    tables: Sequence[BoardTable],
    points: Sequence[Point],
    href_of: HrefOf,
    pair_href: PairHrefOf = lambda _, __: "",
    filters: Content = None,
) -> list[Content]:
    """Return the content of a task's page, with a section for each table.

    `points` is the history of the headline, as returned by `mmbench.history`; it may be empty.
    `pair_href` returns the page that compares two runs.
    """
    several, links = len(tables) > 1, Links(href_of, pair_href)
    note = (
        f"{len(tables)} tables, because the task, the data or the measurement differs; scores of"
        " different tables are not comparable."
    )
    return [
        element("p", note, class_="note") if several else None,
        filters,
        [
            _section(one, own_points(one, points), links, number, several=several)
            for number, one in enumerate(tables, 1)
        ],
    ]


class Links(NamedTuple):
    """The URLs of pages of runs and of comparisons."""

    run: HrefOf
    pair: PairHrefOf


def _section(
    one: BoardTable, own: Sequence[Point], links: Links, number: int, *, several: bool
) -> Html:
    sizes = format_sizes(one.first.task.data)
    history = HISTORY if number == 1 else f"{HISTORY}-{number}"
    return element(
        "section",
        element("h2", f"Table {number}: {sizes}" if several else sizes.capitalize()),
        element("p", one.caption, class_="muted"),
        _facts(one, own, links, history),
        _missing_rows(one),
        bar_legend(),
        _runs_table(one, links),
        history_section(one, own, links.run, links.pair, history),
        _all_scores(one, links.run),
        published_of_table(one, links.run),
        data_group=True,
    )


def _facts(one: BoardTable, own: Sequence[Point], links: Links, history: str) -> Html:
    """Return what a reader wants to know first: the best model, its score, certainty and data."""
    facts: list[tuple[Content, Content]] = []
    if one.best:
        best, word = one.best.record, "Best model" if one.models else "Best baseline"
        facts += [
            (word, _best(one.best, links)),
            (headline_words(best), score_text(headline(best))),
        ]
    sure, data = certainty(one), data_statement(one.first)
    facts.append(("Certainty", [badge(sure), " ", sure.details]))
    if one.ignorant and one.models:
        words = f", by {one.ignorant.model.name}, which ignores the input"
        facts.append(("Best baseline", [*score_text(headline(one.ignorant)), words]))
    facts.append(("Data", [badge(data), " ", data.details]))
    if own:
        where = element("a", "history", href=f"#{history}")
        facts.append(("Over training", [changes_summary(own), where]))
    return facts_list(facts)


def _best(best: StoredRun, links: Links) -> Content:
    """Return the best model with links to its page and to its worst samples, if it has rows."""
    href = links.run(best.record)
    if not href:
        return label(best.record)
    name = element("a", label(best.record), href=href)
    if not best.folder.has(best.rows_name):
        return name
    return [name, " (", element("a", "worst samples", href=f"{href}{WORST_SAMPLES}"), ")"]


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


def _runs_table(one: BoardTable, links: Links) -> Html:
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
        href = links.run(record)
        comparison = _comparison(one.reference, record, links)
        cells = [
            model_cell(record, one, href),
            bar_cell(record, one, scale),
            difference_cell(record, one, comparison),
            failed_cell(record),
            *([cell] if known else []),
            Cell(record.created[:10], record.created, "date"),
        ]
        kind = "baseline" if record.baseline else ""
        rows.append(Row(cells, kind=kind, facets={"task": record.task.name}, search=record.run))
    return table("All runs, the best first", columns, rows, filterable=True)


def _comparison(reference: StoredRun | None, record: RunRecord, links: Links) -> str:
    """Return the page that compares a run with the reference, in either direction."""
    if reference is None:
        return ""
    return links.pair(reference.record, record) or links.pair(record, reference.record)


def _better(record: RunRecord, name: str) -> str:
    return record.scores[name].better if name in record.scores else "higher"


def _reference_name(one: BoardTable) -> str:
    if one.reference is None or one.best is None:
        return "the best"
    reference = one.reference.record
    return "the best" if reference.run == one.best.record.run else label(reference)


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
