"""Tables of published scores: on the page of a task, and on the page of a run."""

from __future__ import annotations

from mmbench.reports.pages.board_tables import BoardTable
from mmbench.reports.pages.cells import badge, is_of_another_model, published_statement
from mmbench.reports.pages.html import Content, Html, element, web_link
from mmbench.reports.pages.names import HrefOf
from mmbench.reports.pages.tables import Cell, Column, Row, table
from mmbench.text.number_format import format_number
from mmbench.types import PublishedInfo, RunRecord

_COLUMNS = (
    Column("published model"),
    Column("score"),
    Column("published", number=True),
    Column("measured", number=True),
    Column("verdict"),
    Column("source"),
)
_TOLERANCE = 4  # the place of the column for the tolerance in the table of a run


def published_of_table(one: BoardTable, href_of: HrefOf) -> Html | None:
    """Return the published scores of the task, each with the runs that it was compared with."""
    entries: dict[tuple[str, str, float], list[tuple[PublishedInfo, RunRecord]]] = {}
    for record in (run.record for run in one.runs):
        for entry in record.published:
            entries.setdefault((entry.model, entry.metric, entry.value), []).append((entry, record))
    rows = []
    for pairs in entries.values():
        own = [pair for pair in pairs if not is_of_another_model(pair[0])]
        rows += [_table_row(entry, record, href_of) for entry, record in own]
        rows += [] if own else [_table_row(pairs[0][0], None, href_of)]
    if not rows:
        return None
    return element(
        "div", element("h3", "Published scores"), table("Published scores", _COLUMNS, rows)
    )


def published_of_run(record: RunRecord) -> Content:
    """Return a table of the published scores of the task, each with its verdict."""
    if not record.published:
        return None
    columns = [*_COLUMNS]
    columns.insert(_TOLERANCE, Column("tolerance", number=True))
    return table(
        "Published scores", columns, (_run_row(entry, record) for entry in record.published)
    )


def _run_row(entry: PublishedInfo, record: RunRecord) -> Row:
    cells = [*_table_row(entry, record, lambda _: "").cells]
    cells.insert(_TOLERANCE, Cell(f"{entry.tolerance:g}", entry.tolerance))
    return Row(cells)


def _table_row(entry: PublishedInfo, record: RunRecord | None, href_of: HrefOf) -> Row:
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
