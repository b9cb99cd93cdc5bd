"""The page of a group of tasks in a report: models by tasks, with the means and their intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mmbench.comparison.groups.scales import GroupColumn
from mmbench.reports.charts.interval_bar import Interval, column_scale, interval_bar
from mmbench.reports.charts.scales import Scale
from mmbench.reports.groups.notes import group_notes
from mmbench.reports.groups.table import GroupMean, GroupRow, GroupTable
from mmbench.reports.pages.html import Content, Html, breakable, element
from mmbench.reports.pages.overview import search_controls
from mmbench.reports.pages.run_details import facts_list
from mmbench.reports.pages.tables import Cell, Column, Row, table
from mmbench.text.number_format import format_interval, format_number

RunHrefOf = Callable[[str, str], str]
"""The URL of the page of a run, given its task and its id; "" if the run has no page."""
TaskHrefOf = Callable[[str], str]

_LEGEND = (
    "Bars are 95 % intervals on the scale of their column, that of the models; an arrow is a"
    " baseline beyond the scale. A click on the header of a column sorts."
)


def group_body(found: GroupTable, run_href: RunHrefOf, task_href: TaskHrefOf) -> list[Content]:
    """Return the content of a group's page. The functions return "" for a page that is missing."""
    baselines = any(row.baseline for row in found.rows)
    notes = [element("li", note) for note in group_notes(found)]
    return [
        element("p", found.summary, class_="lead") if found.summary else None,
        _facts(found),
        search_controls([], baselines=baselines),
        element("p", _LEGEND, class_="muted"),
        element("section", element("h2", "Models"), _models(found, run_href), data_group=True),
        element("ul", notes, class_="muted"),
        element("h2", "Tasks"),
        _tasks(found, task_href),
    ]


def groups_section(groups: Sequence[GroupTable], href_of: Callable[[str], str]) -> Content:
    """Return the section of the overview with the best mean of each group; None without groups."""
    if not groups:
        return None
    columns = [
        Column("group"),
        Column("tasks", number=True),
        Column("best model"),
        Column("mean", number=True, sortable=False, note="means of groups are not comparable"),
        Column("95 %"),
    ]
    rows = [_group_row(one, href_of(one.group)) for one in groups]
    content = table("The best mean of each group of tasks", columns, rows)
    return element("section", element("h2", "Groups of tasks"), content)


def _group_row(found: GroupTable, href: str) -> Row:
    best = _best_row(found)
    summary = element("span", found.summary, class_="under") if found.summary else None
    mean = best.mean if best else GroupMean()
    cells = [
        Cell([element("a", found.group, href=href), summary], found.group, "words"),
        Cell(f"{len(found.columns):,}", len(found.columns)),
        Cell(breakable(best.model) if best else "no mean", css="name"),
        Cell(format_number(mean.value), _sorted(mean)),
        Cell(format_interval(mean.low, mean.high)),
    ]
    return Row(cells)


def _best_row(found: GroupTable) -> GroupRow | None:
    """Return the model with the best mean, or else the best baseline; None without a mean."""
    rows = [row for row in found.rows if row.mean.value is not None]
    return next((row for row in rows if not row.baseline), next(iter(rows), None))


def _mean_text(mean: GroupMean) -> list[Content]:
    """Return a mean with its interval: `0.6610 [0.6085 to 0.7135]`."""
    interval = format_interval(mean.low, mean.high) if mean.low is not None else "no interval"
    return [element("b", format_number(mean.value)), f" [{interval}]"]


def _facts(found: GroupTable) -> Html:
    facts: list[tuple[Content, Content]] = []
    best = _best_row(found)
    if best:
        word = "Best baseline" if best.baseline else "Best model"
        facts += [(word, best.model), ("Mean", _mean_text(best.mean))]
    complete = sum(row.mean.value is not None for row in found.rows)
    facts.append(("Models with a mean", f"{complete:,} of {len(found.rows):,}"))
    return facts_list(facts)


def _models(found: GroupTable, run_href: RunHrefOf) -> Html:
    """Return the table with a row for each model; all its numbers can be sorted."""
    better = next((one.better for one in found.columns if one.better), "higher")
    columns = [
        Column("model"),
        Column("mean", number=True, better=better, note="with the weights of the tasks"),
        Column("by samples", number=True, better=better, note="weighted by numbers of samples"),
        *(
            Column(title, number=True, better=one.better or better, note=one.score)
            for title, one in zip(found.titles, found.columns, strict=True)
        ),
    ]
    scale = _scale(found.rows, [row.mean for row in found.rows])
    scales = [
        _scale(found.rows, [row.scores[at] for row in found.rows])
        for at in range(len(found.columns))
    ]
    rows = [
        Row(
            [
                Cell(breakable(row.model), row.model, "name"),
                _bar_cell(row.mean, scale, baseline=row.baseline),
                Cell(format_number(row.by_samples.value), _sorted(row.by_samples)),
                *_task_cells(row, found.columns, scales, run_href),
            ],
            kind="baseline" if row.baseline else "",
        )
        for row in found.rows
    ]
    caption = f"Models on the tasks of {found.group}, best mean first"
    return table(caption, columns, rows, filterable=True, pinned=True)


def _task_cells(
    row: GroupRow, columns: Sequence[GroupColumn], scales: Sequence[Scale], run_href: RunHrefOf
) -> list[Cell]:
    return [
        _bar_cell(score, scale, run_href(one.task, run) if run else "", baseline=row.baseline)
        for one, score, run, scale in zip(columns, row.scores, row.runs, scales, strict=True)
    ]


def _scale(rows: Sequence[GroupRow], values: Sequence[Interval | None]) -> Scale:
    """Return the scale of a column: that of its models, or of its baselines without a model."""
    models = [one for row, one in zip(rows, values, strict=True) if not row.baseline]
    known = [one for one in models if one and one.value is not None]
    return column_scale(known or values)


def _bar_cell(
    value: Interval | None, scale: Scale, href: str = "", *, baseline: bool = False
) -> Cell:
    """Return a value as a bar with its number, which links to a run, and its interval below."""
    if value is None or value.value is None:
        return Cell(element("span", "n/a", class_="muted"), "")
    text: Content = format_number(value.value)
    number = element("a", text, href=href) if href else element("b", text)
    ends = element("span", format_interval(value.low, value.high), class_="under")
    bar = interval_bar(value, scale, series=6 if baseline else 1)
    return Cell([number, bar, ends], _sorted(value))


def _sorted(value: Interval) -> float | str:
    """Return the value by which a cell is sorted: "" without a value."""
    return "" if value.value is None else value.value


def _tasks(found: GroupTable, task_href: TaskHrefOf) -> Html:
    """Return the table with a row for each task: its score, weight and data."""
    columns = [
        Column("task"),
        Column("score"),
        Column("better"),
        Column("weight", number=True),
        Column("data"),
    ]
    rows = []
    for one in found.columns:
        href = task_href(one.task)
        cells = [
            Cell(element("a", one.task, href=href) if href else one.task, one.task),
            Cell(breakable(one.score) if one.better else "no run", one.score),
            Cell(one.better),
            Cell(f"{one.weight:g}", one.weight),
            Cell(one.differs or one.data_hash[:8], css="words"),
        ]
        rows.append(Row(cells))
    return table(f"The tasks of {found.group}", columns, rows)
