"""The page that compares two runs on the same samples: the verdict, all scores, what differs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from mmbench.comparison.compare import Comparison, ScoreComparison
from mmbench.reports import charts
from mmbench.reports.charts.figure import figure
from mmbench.reports.charts.histograms import Bar, bar_chart
from mmbench.reports.charts.intervals import IntervalRow, interval_chart, score_row
from mmbench.reports.charts.selection import metric_limits
from mmbench.reports.pages.board_tables import data_statement
from mmbench.reports.pages.cells import badge
from mmbench.reports.pages.html import Content, Html, breakable, element
from mmbench.reports.pages.names import HrefOf
from mmbench.reports.pages.run_details import contents, facts_list
from mmbench.reports.pages.tables import Cell, Column, Row, table
from mmbench.reports.pages.verdict import verdict, verdict_badge
from mmbench.reports.sections import label
from mmbench.text import count
from mmbench.text.number_format import (
    decimals,
    format_interval,
    format_number,
    format_p_value,
)
from mmbench.types import RunRecord

STYLES = (charts.STYLE,)


class ComparisonContext(NamedTuple):
    """The links and the changed samples of a comparison page.

    `href_of` returns the pages of runs, `task_href` is the page of the task, and `browser` the
    section with the changed samples (`samples.changes_browser`), None if the page has none.
    """

    href_of: HrefOf = lambda _: ""
    task_href: str = ""
    browser: Content = None


_NOTHING = ComparisonContext()
_SECTIONS = (
    ("scores", "All scores"),
    ("samples", "Changed samples"),
    ("differences", "What differs"),
)


def comparison_title(baseline: RunRecord, candidate: RunRecord) -> str:
    """Return the title of a comparison page."""
    return f"{label(candidate)} against {label(baseline)} on {candidate.task.name}"


def comparison_body(
    pair: Comparison,
    baseline: RunRecord,
    candidate: RunRecord,
    context: ComparisonContext = _NOTHING,
) -> list[Content]:
    """Return the content of the page that compares `candidate` with `baseline`.

    `pair` is the comparison of these runs, as `compare_runs` returns it.
    """
    names = list(candidate.scores)
    scores = sorted(pair.scores, key=lambda score: names.index(score.metric))
    main = next((one for one in scores if one.metric == candidate.headline), scores[0])
    tests = sum(one.p_value is not None for one in scores)
    return [
        element("p", verdict(main, tests), class_="lead"),
        facts_list(_facts(main, baseline, candidate, context)),
        contents([one for one in _SECTIONS if one[0] != "samples" or context.browser]),
        _changes(pair, main),
        element("div", _charts(main, scores, baseline, candidate), class_="charts"),
        element("section", element("h2", "All scores"), _table(pair, scores), id="scores"),
        context.browser,
        element(
            "section",
            element("h2", "What differs"),
            _differences(baseline, candidate),
            id="differences",
        ),
    ]


def _facts(
    main: ScoreComparison, baseline: RunRecord, candidate: RunRecord, context: ComparisonContext
) -> Iterator[tuple[str, Content]]:
    task, data = candidate.task, data_statement(candidate)
    name = element("a", task.name, href=context.task_href) if context.task_href else task.name
    yield "Candidate", _run(candidate, context)
    yield "Baseline", _run(baseline, context)
    yield "Task", [name, f", version {task.version}"]
    yield "Data", [badge(data), " ", data.details]
    if main.test:
        yield "Compared", f"{count(main.n, 'sample')} with outputs in both runs"
    if any(main.failed):
        first, second, both = main.failed
        text = f"{first:,} only in the baseline, {second:,} only in the candidate, {both:,} in both"
        yield "Failed", element("span", text, class_="bad")


def _run(record: RunRecord, context: ComparisonContext) -> Content:
    href = context.href_of(record)
    name = element("a", label(record), href=href) if href else label(record)
    return [name, " ", element("code", record.run, class_="muted")]


def _changes(pair: Comparison, main: ScoreComparison) -> Content:
    """Return how many samples are worse, equal and better by the headline."""
    changed = next((one for one in pair.changes if one.metric == main.metric), None)
    if changed is None:
        return None
    equal = main.n - changed.worse - changed.better
    bars = [
        Bar("worse", changed.worse, "worse"),
        Bar("better", changed.better, "better"),
        Bar("unchanged", equal, "neutral"),
    ]
    chart = bar_chart(f"Samples by the change of {main.metric}", bars, "sample", "change")
    return figure(chart)


def _charts(
    main: ScoreComparison,
    scores: Sequence[ScoreComparison],
    baseline: RunRecord,
    candidate: RunRecord,
) -> Iterator[Html]:
    """Yield a chart of the headline in both runs, and of the differences of all fractions."""
    rows = [
        score_row(f"{name}: {label(record)}", record.scores[main.metric], kind)
        for name, record, kind in (
            ("candidate", candidate, "run"),
            ("baseline", baseline, "baseline"),
        )
    ]
    title = f"{main.metric} with 95 % intervals"
    yield figure(interval_chart(title, rows, name="run", limits=metric_limits(main.metric)))
    fractions = [one for one in scores if one.difference is not None and _is_fraction(one.metric)]
    if len(fractions) > 1:
        rows = [
            IntervalRow(one.metric, one.difference, one.low, one.high, n=one.n, strong=one is main)
            for one in fractions
        ]
        title = "Differences of scores between 0 and 1; the dashed line is no difference"
        yield figure(interval_chart(title, rows, name="score", reference=0.0, sign="+"))


def _is_fraction(metric: str) -> bool:
    return metric_limits(metric) == (0, 1)


def _table(pair: Comparison, scores: Sequence[ScoreComparison]) -> list[Content]:
    interval = f"{100 * (1 - pair.alpha):g} % interval"
    names = ("baseline", "candidate", "difference", interval)
    columns = [
        Column("score"),
        Column("verdict"),
        *(Column(name, number=True) for name in names),
        Column("p", number=True, better="lower"),
        Column("p (Holm)", number=True, better="lower"),
        Column("detectable", number=True, better="lower", note="smallest detectable difference"),
        Column("samples", number=True),
    ]
    tests = {one.test for one in scores if one.test}
    method = f"Tests: {'; '.join(sorted(tests))}." if tests else ""
    single = [f"Only in one run: {', '.join(pair.only_in_one)}."] if pair.only_in_one else []
    note = element("p", " ".join([method, *single]), class_="muted")
    return [table("Scores of both runs", columns, map(_row, scores)), note]


def _row(score: ScoreComparison) -> Row:
    digits = decimals(score.baseline, score.candidate)
    fine = decimals(score.difference, score.low, score.high)
    reason = [element("span", score.reason, class_="under")] if score.reason else []
    return Row([
        Cell(breakable(score.metric), score.metric),
        Cell([verdict_badge(score), *reason], score.verdict),
        Cell(format_number(score.baseline, digits), score.baseline),
        Cell(format_number(score.candidate, digits), score.candidate),
        Cell(format_number(score.difference, fine, "+"), score.difference),
        Cell(format_interval(score.low, score.high, "+"), score.low),
        Cell(format_p_value(score.p_value), score.p_value),
        Cell(format_p_value(score.p_holm), score.p_holm),
        Cell(format_number(score.detectable, fine), score.detectable),
        Cell(f"{score.n:,}", score.n),
    ])  # fmt: skip


def _differences(baseline: RunRecord, candidate: RunRecord) -> Content:
    """Return a table of the properties of model and machine that differ between the runs."""
    first, second = _properties(baseline), _properties(candidate)
    names = [name for name in {**first, **second} if first.get(name) != second.get(name)]
    if not names:
        return element("p", "The records name the same model, options, versions and machine.")
    rows = [
        Row([Cell(name), Cell(first.get(name, "–")), Cell(second.get(name, "–"))]) for name in names
    ]
    columns = [Column("property"), Column("baseline"), Column("candidate")]
    return table("Properties that differ", columns, rows)


def _properties(record: RunRecord) -> dict[str, str]:
    model, env = record.model, record.environment
    versions: Any = env.get("versions")
    properties: dict[str, object] = {
        "model": model.name,
        "checkpoint": model.checkpoint or "packaged",
        "revision": model.revision or "none",
        "adapter": model.adapter,
        "dtype": model.dtype,
        "weights and options (hash)": model.hash[:12],
        **{f"option {name}": value for name, value in model.options.items()},
        "seed": record.seed,
        **{name: value for name, value in env.items() if name != "versions"},
        **(versions if isinstance(versions, dict) else {}),
    }
    return {name: str(value) for name, value in properties.items()}
