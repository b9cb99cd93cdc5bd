"""The page of a run: its scores next to baselines, its charts, and what is needed to trust it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple
from urllib.parse import quote

import numpy as np

from mmbench.comparison.samples.run_samples import RunSamples
from mmbench.errors import DataError
from mmbench.reports import cells as texts
from mmbench.reports import charts
from mmbench.reports.charts.figure import figure
from mmbench.reports.charts.intervals import IntervalRow, interval_chart, score_row
from mmbench.reports.charts.selection import breakdown_charts, metric_limits, sample_charts
from mmbench.reports.pages.board_tables import (
    BoardTable,
    certainty,
    data_statement,
    headline,
    value_of,
)
from mmbench.reports.pages.cells import (
    badge,
    difference_badge,
    is_of_another_model,
    published_statement,
    rank_mark,
    score_text,
)
from mmbench.reports.pages.html import Content, Html, element
from mmbench.reports.pages.names import WORST_SAMPLES, HrefOf
from mmbench.reports.pages.published import published_of_run
from mmbench.reports.pages.run_details import (
    contents,
    cost_section,
    data_section,
    environment_section,
    facts_list,
    failures_section,
    notes_section,
    repeat_section,
)
from mmbench.reports.pages.run_scores import headline_words, indexes_section, scores_table
from mmbench.reports.sections import label
from mmbench.text import count
from mmbench.text.number_format import format_number
from mmbench.types import PublishedInfo, RunRecord

STYLES = (charts.STYLE,)
_MOST_BASELINES = 6  # baselines in the chart of the headline


class RunContext(NamedTuple):
    """The other runs, the links and the samples of a run's page.

    `table` has the records of the run's table, best first. `href_of` returns the pages of runs, and
    `board_table` is the same table with comparisons, None if only some of its runs were compared.
    `task_href` is the page of the task. `comparisons` are the names and the targets of pages that
    compare the run with others. `browser` is the section with the samples (`samples.run_browser`),
    None if the page has none.
    """

    table: Sequence[RunRecord] = ()
    board_table: BoardTable | None = None
    href_of: HrefOf = lambda _: ""
    task_href: str = ""
    comparisons: Sequence[tuple[str, str]] = ()
    browser: Content = None


_NOTHING = RunContext()


class _Section(NamedTuple):
    ident: str
    title: str
    content: Content


def run_title(record: RunRecord) -> str:
    """Return the title of a run's page: model, checkpoint and task."""
    return f"{label(record)} on {record.task.name}"


def run_body(
    record: RunRecord,
    samples: RunSamples | None,
    context: RunContext = _NOTHING,
    *,
    missing: str = "",
) -> list[Content]:
    """Return the content of a run's page.

    If `samples` is None, the page is made from the record alone, and `missing` says why. If a row
    cannot be read, the page says so in place of the charts.
    """
    sections = [one for one in _sections(record, samples, missing) if one.content]
    links = [(one.ident, one.title) for one in sections]
    links += [("samples", "Samples")] if context.browser else []
    return [
        facts_list(_facts(record, samples, context)),
        contents(links),
        _headline_chart(record, context.table),
        [
            element("section", element("h2", one.title), one.content, id=one.ident)
            for one in sections
        ],
        context.browser,
    ]


def _sections(record: RunRecord, samples: RunSamples | None, missing: str) -> Iterator[_Section]:
    yield _Section("scores", "Scores", scores_table(record))
    yield _Section("indexes", "Indexes", indexes_section(record))
    yield _Section("outputs", "Outputs", _charts(samples, missing))
    breakdowns = breakdown_charts(record, unfold=True)
    yield _Section("breakdowns", "Breakdowns", _grid(breakdowns) if breakdowns else None)
    yield _Section("published", "Published scores", published_of_run(record))
    yield _Section("data", "Data", data_section(record))
    yield _Section("failures", "Failures", failures_section(record))
    yield _Section("notes", "Notes", notes_section(record))
    yield _Section("repeat", "How to repeat the run", repeat_section(record))
    yield _Section("cost", "Time and cost", cost_section(record))
    yield _Section("environment", "Environment", environment_section(record))


def _grid(figures: Sequence[Html]) -> Html:
    return element("div", figures, class_="charts")


def _charts(samples: RunSamples | None, missing: str) -> Content:
    if samples is None:
        reason = missing or "the rows of the run cannot be read"
        return _no_charts(reason)
    try:
        charts = sample_charts(samples)
    except DataError as error:
        return _no_charts(str(error))
    return _grid(charts) if charts else None


def _no_charts(reason: str) -> Html:
    return element("p", f"No charts of single samples: {reason}.", class_="note")


def _samples(samples: RunSamples) -> Content:
    """Return how many samples are wrong by the headline, with a link to them."""
    name = next(iter(samples.metrics), "")
    wrong = int(samples.wrong(name).sum()) if name else 0
    if not wrong:
        return element("a", f"{len(samples):,}, the worst first", href=WORST_SAMPLES)
    measured = int((~np.isnan(samples.scores(name))).sum())
    kind = "not perfect" if samples.is_graded(name) else "wrong"
    direction = next((d for d in set(samples.directions()) if d and name.endswith(f"[{d}]")), "")
    of = f"&of={quote(direction)}" if direction else ""
    text = f"{wrong:,} of {measured:,} {kind}, the worst first"
    return element("a", text, href=f"{WORST_SAMPLES}&show=wrong{of}")


def _facts(
    record: RunRecord, samples: RunSamples | None, context: RunContext
) -> Iterator[tuple[str, Content]]:
    """Yield what a reader wants to know first."""
    task, data = record.task, data_statement(record)
    name = element("a", task.name, href=context.task_href) if context.task_href else task.name
    yield "Headline", [*score_text(headline(record)), " ", headline_words(record)]
    yield from _place_in_table(record, context)
    yield from _published_fact(record)
    yield "Data", [badge(data), " ", data.details]
    if context.browser and samples is not None and len(samples):
        yield "Samples", _samples(samples)
    yield "Failures", _failures(record)
    yield "Task", [name, f", version {task.version}, kind {task.kind}"]
    yield "Run", [element("code", record.run), f", {record.created[:16].replace('T', ' ')} UTC"]
    if context.comparisons:
        yield (
            "Compared with",
            [[element("a", text, href=href), " "] for text, href in context.comparisons],
        )


def _place_in_table(record: RunRecord, context: RunContext) -> Iterator[tuple[str, Content]]:
    """Yield the place of the run among the models of its table, and the best model."""
    models = [one for one in context.table if not one.baseline and value_of(one) is not None]
    places = [at for at, one in enumerate(models, 1) if one.run == record.run]
    if len(models) < 2 or not places:
        return
    parts: list[Content] = [f"{places[0]} of {count(len(models), 'model')}"]
    if places[0] > 1:
        best = models[0]
        href = context.href_of(best)
        name = element("a", label(best), href=href) if href else label(best)
        parts += ["; the best is ", name, " with ", *score_text(headline(best))]
    yield "Place", [parts, _certainty(record, context.board_table)]


def _certainty(record: RunRecord, one: BoardTable | None) -> Content:
    """Return how certain the place of a run is: the best model is certain, or a run is worse."""
    if one is None or one.best is None:
        return None
    if one.best.record.run == record.run:
        sure = certainty(one)
        return [" ", badge(sure), " ", sure.details]
    mark = rank_mark(record, one)
    return [" ", mark or difference_badge(one.to_best[record.run])]


def _own_published(record: RunRecord) -> PublishedInfo | None:
    """Return the published value of the headline for this model; None if there is none."""
    entries = (one for one in record.published if one.metric == record.headline)
    return next((one for one in entries if not is_of_another_model(one)), None)


def _published_fact(record: RunRecord) -> Iterator[tuple[str, Content]]:
    if entry := _own_published(record):
        statement = published_statement(entry)
        value = format_number(entry.value)
        yield "Published", [f"{value} ", badge(statement), " ", statement.details]


def _failures(record: RunRecord) -> Content:
    failed = record.counts.get("failed", 0)
    if not failed:
        return "none"
    bounds = texts.bounds(record)
    words = count(failed, "sample")
    link = element("a", words, href="#failures", class_="bad")
    return [link, f"; {bounds}" if bounds else ""]


def _headline_chart(record: RunRecord, others: Sequence[RunRecord]) -> Html | None:
    """Return a chart of the headline next to the published score and the baselines of the table.

    Return None if there is nothing to draw.
    """
    name, rows = record.headline, []
    if score := headline(record):
        rows.append(score_row("this run", score, strong=True))
    if entry := _own_published(record):
        rows.append(IntervalRow("published", entry.value, kind="published"))
    baselines = [r for r in others if r.baseline and r.run != record.run and name in r.scores]
    rows += [score_row(label(r), r.scores[name], "baseline") for r in baselines[:_MOST_BASELINES]]
    title = f"{name} with its 95 % interval" + (", next to the baselines" if baselines else "")
    value = score.value if score else None
    if not rows:
        return None
    return figure(interval_chart(title, rows, limits=metric_limits(name), reference=value))
