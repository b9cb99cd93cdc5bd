"""Cells of the overview and of task pages: scores with bars, differences, published scores."""

from __future__ import annotations

from mmbench.comparison.standings import Standing
from mmbench.reports import cells as texts
from mmbench.reports.charts.interval_bar import column_scale, interval_bar
from mmbench.reports.charts.scales import Scale
from mmbench.reports.pages.board_tables import BoardTable, Statement, headline
from mmbench.reports.pages.html import Content, Html, breakable, element
from mmbench.reports.pages.tables import Cell
from mmbench.reports.sections import label
from mmbench.text.number_format import decimals, format_interval, format_number, p_equals
from mmbench.types import PublishedInfo, RunRecord, ScoreInfo

VERDICT_CSS = {"better": "good", "worse": "bad", "no difference": "warn", "no test": "warn"}
# "No difference" next to a difference such as -0.0063 would contradict it.
VERDICT_TEXTS = {"no difference": "not significant"}
MAY_BE_AS_GOOD = "may be as good"
_EQUAL = "not significantly different from the best model"
_OTHER_MODEL = "not comparable: another model"


def badge(statement: Statement) -> Html:
    """Return a statement as a badge, with its details as a tooltip."""
    css = f"badge {statement.css}".strip()
    return element("span", statement.text, class_=css, title=statement.details or None)


def score_text(score: ScoreInfo | None) -> list[Content]:
    """Return a score with its interval: `0.7490 [0.7230 to 0.7750]`."""
    if score is None or score.value is None:
        return ["n/a"]
    interval = interval_text(score)
    return [
        element("b", texts.number(score)),
        f" [{interval}]" if score.low is not None else f" ({interval})",
    ]


def interval_text(score: ScoreInfo | None) -> str:
    """Return the interval of a score: `0.7230 to 0.7750`, or that there is none."""
    if score is None or score.value is None:
        return ""
    return texts.interval(score) if score.low is not None else "no interval"


def value_cell(score: ScoreInfo | None) -> Cell:
    """Return the value of a score as a cell that is sorted by it."""
    return Cell(texts.number(score), score.value if score else "")


def bar_cell(record: RunRecord, table: BoardTable, scale: Scale) -> Cell:
    """Return the headline with its interval as a bar; a dashed line marks the best model."""
    best = headline(table.best.record) if table.best else None
    return headline_cell(record, scale, best.value if best else None)


def headline_cell(record: RunRecord, scale: Scale, reference: float | None = None) -> Cell:
    """Return the headline with its interval as text and as a bar, sorted by its value."""
    score, series = headline(record), 6 if record.baseline else 1
    bar = interval_bar(score, scale, reference=reference, series=series)
    number = element("b", texts.number(score))
    interval = element("span", interval_text(score), class_="under")
    return Cell([number, bar, interval], score.value if score else "")


def bar_scale(table: BoardTable) -> Scale:
    """Return the scale of all bars of a table: that of its models, or else of its baselines.

    Baselines are often so far from the models that the models' intervals could not be told apart.
    """
    records = table.models or [run.record for run in table.runs if run.record.baseline != "oracle"]
    return column_scale(map(headline, records))


def bar_legend() -> Html:
    """Return the explanation of bars and marks, for above a table that has them."""
    return element(
        "p",
        "Bars are 95 % intervals on one scale, that of the models; the dashed line is the best"
        " model, and an arrow is a baseline beyond the scale. ",
        badge(Statement(MAY_BE_AS_GOOD, css="warn")),
        f" is {_EQUAL}.",
        class_="muted",
    )


def difference_cell(record: RunRecord, table: BoardTable, comparison: str = "") -> Cell:
    """Return the difference from the reference run with its interval and the verdict.

    `comparison` is the page that compares both runs.
    """
    standing = table.to_reference.get(record.run)
    if record.baseline == "oracle":
        return Cell(element("span", "perfect outputs", class_="muted"), "")
    if standing is None or standing.verdict == "reference":
        return Cell(element("span", "reference", class_="muted"), 0.0)
    if standing.difference is None:
        return Cell(element("span", standing.reason or "n/a", class_="muted"), "")
    digits = decimals(standing.difference, standing.low, standing.high)
    difference = format_number(standing.difference, digits, "+")
    ends = format_interval(standing.low, standing.high, "+")
    how = ends if standing.by == "rows" else "by intervals, without a test"
    how = standing.reason or how
    link = element("a", "compare", href=comparison) if comparison else None
    more = element("span", link, class_="under") if link else None
    under = element("span", how, class_="under")
    return Cell([difference, " ", badge(_verdict(standing)), under, more], standing.difference)


def difference_badge(standing: Standing) -> list[Content]:
    """Return the verdict on a run as a badge, and that it comes from intervals, if it does."""
    how = " by intervals, without a test" if standing.by == "intervals" else None
    return [badge(_verdict(standing)), how]


def _verdict(standing: Standing) -> Statement:
    details = standing.reason
    if standing.by == "rows":
        details = f"paired test, {p_equals(standing.p_holm)} after Holm's correction"
    elif standing.by == "intervals":
        details = "rows are missing; the intervals do not overlap"
    text = VERDICT_TEXTS.get(standing.verdict, standing.verdict)
    return Statement(text, details, VERDICT_CSS.get(standing.verdict, ""))


def failed_cell(record: RunRecord) -> Cell:
    """Return the number of failed samples, with the bounds of the headline that it implies."""
    failed = record.counts.get("failed", 0)
    bounds = texts.bounds(record)
    text = element("span", bounds, class_="under warn") if bounds else None
    return Cell([f"{failed:,}", text], failed)


def published_cell(record: RunRecord) -> Cell:
    """Return the published value of the headline, and whether the run reproduces it."""
    entry = next((p for p in record.published if p.metric == record.headline), None)
    if entry is None or is_of_another_model(entry):
        return Cell("")
    return Cell([format_number(entry.value), " ", badge(published_statement(entry))], entry.value)


def published_statement(entry: PublishedInfo) -> Statement:
    """Say whether a published score was reproduced."""
    verdict, _, details = entry.verdict.partition(": ")
    css = {"reproduced": "good", "not reproduced": "bad"}.get(verdict, "warn")
    return Statement(verdict, details, css)


def is_of_another_model(entry: PublishedInfo) -> bool:
    """Return whether a published score belongs to a model that the run did not evaluate."""
    return entry.verdict.startswith(_OTHER_MODEL)


def model_cell(record: RunRecord, table: BoardTable, href: str) -> Cell:
    """Return the model with a link to its run, and marks for the best model and its equals."""
    name, mark = label(record), rank_mark(record, table)
    return Cell(
        [element("a", breakable(name), href=href or None), [" ", mark] if mark else None],
        name,
        "name",
    )


def rank_mark(record: RunRecord, table: BoardTable) -> Html | None:
    """Return a mark if a run is the best model of its table, or not significantly different."""
    if len(table.models) == 1 and not record.baseline:
        return None
    if table.best and record.run == table.best.record.run:
        return badge(Statement("best", css="good"))
    standing = table.to_best.get(record.run)
    if record.baseline or standing is None or standing.verdict != "no difference":
        return None
    return badge(Statement(MAY_BE_AS_GOOD, _EQUAL, "warn"))
