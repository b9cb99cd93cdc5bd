"""The training history in a table of a task: the chart, the changes, and their summary."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise

from msgspec.structs import replace

from mmbench.comparison.history import Point, line_name, point_name
from mmbench.reports.charts.history import history_chart
from mmbench.reports.pages.board_tables import BoardTable, Statement
from mmbench.reports.pages.cells import badge
from mmbench.reports.pages.html import Content, Html, element
from mmbench.reports.pages.names import HrefOf, PairHrefOf
from mmbench.reports.pages.tables import Cell, Column, Row, table
from mmbench.text.number_format import format_number
from mmbench.types import RunRecord

HISTORY = "history"  # the id of the history of the first table of a page
_CSS = {"worse": "bad nowrap", "better": "good nowrap"}


def own_points(one: BoardTable, points: Sequence[Point]) -> list[Point]:
    """Return the points of a history that are runs of a table, with lines numbered from 0.

    Return [] if no line has two of them.
    """
    runs = {run.record.run for run in one.runs}
    own = [point for point in points if point.run in runs]
    lines = list(dict.fromkeys(point.line for point in own))
    if len(lines) == len(own):
        return []
    return [replace(point, line=lines.index(point.line)) for point in own]


def steps(own: Sequence[Point]) -> Iterator[tuple[Point, Point]]:
    """Yield each point of a line with the next one."""
    for _, line in groupby(own, key=lambda point: point.line):
        yield from pairwise(line)


def is_last(point: Point, own: Sequence[Point]) -> bool:
    """Return whether a point is the last of its line."""
    return point == [other for other in own if other.line == point.line][-1]


def changes_summary(own: Sequence[Point]) -> list[Content]:
    """Return how many checkpoints are worse, and better, than the checkpoint before."""
    changes = [after.change for _, after in steps(own)]
    counts = {word: changes.count(word) for word in _CSS if word in changes}
    if not counts:
        return [badge(Statement("no change", "of significance", "nowrap"))]
    details = "than the checkpoint before"
    return [
        [badge(Statement(f"{number} {word}", details, _CSS[word])), " "]
        for word, number in counts.items()
    ]


def history_section(
    one: BoardTable, own: Sequence[Point], href_of: HrefOf, pair_href: PairHrefOf, ident: str
) -> Html | None:
    """Return the chart of the headline over checkpoints with a table of the changes.

    `own` are the points of the table (`own_points`), and `ident` is the id of the section. Return
    None without points.
    """
    if not own:
        return None
    records = {run.record.run: run.record for run in one.runs}
    links = {run: href_of(record) for run, record in records.items()}
    title = f"{one.first.headline} over checkpoints, with 95 % intervals"
    return element(
        "div",
        element("h3", "History"),
        history_chart(own, title=title, links=links),
        _changes_table(own, records, href_of, pair_href),
        id=ident,
    )


def _changes_table(
    own: Sequence[Point],
    records: dict[str, RunRecord],
    href_of: HrefOf,
    pair_href: PairHrefOf,
) -> Html:
    rows = [_change_row(before, after, records, href_of, pair_href) for before, after in steps(own)]
    by_step = all(point.order == "step" for point in own)
    columns = [
        Column("training"),
        Column("from", number=by_step, better="lower"),
        Column("to", number=by_step, better="lower"),
        Column("difference", number=True),
        Column("verdict"),
        Column("samples", sortable=False),
    ]
    caption = "Each checkpoint against the one before; p-values are corrected over the history"
    return table(caption, columns, rows)


def _change_row(
    before: Point,
    after: Point,
    records: dict[str, RunRecord],
    href_of: HrefOf,
    pair_href: PairHrefOf,
) -> Row:
    baseline, candidate = records[before.run], records[after.run]
    target = pair_href(baseline, candidate)
    known = after.difference is not None
    return Row([
        Cell(line_name(after)),
        Cell(element("a", point_name(before), href=href_of(baseline) or None), before.step),
        Cell(element("a", point_name(after), href=href_of(candidate) or None), after.step),
        Cell(format_number(after.difference, sign="+") if known else "n/a", after.difference),
        Cell(_change(after)),
        Cell(element("a", "what changed", href=target) if target else _without_page(after, before)),
    ])  # fmt: skip


def _change(after: Point) -> Content:
    if not after.by:
        return element("span", "no test", class_="muted")
    how = "" if after.by == "rows" else "by intervals, without a test"
    under = element("span", how, class_="under") if how else None
    text = after.change or "not significant"
    return [badge(Statement(text, css=_CSS.get(after.change, "warn"))), under]


def _without_page(after: Point, before: Point) -> Content:
    """Return the command that shows the samples of a pair without a page, if both have rows."""
    if after.by != "rows":
        return element("span", "no rows", class_="muted")
    return element("code", f"mmbench report {before.run} {after.run}")
