"""The index of a site: the best model of each task, and all models on all tasks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from mmbench.comparison.history import Point
from mmbench.reports import cells as texts
from mmbench.reports.charts.interval_bar import interval_bar
from mmbench.reports.charts.scales import Scale
from mmbench.reports.models import ModelKey, distinct_names, model_key
from mmbench.reports.pages.board_tables import (
    BoardTable,
    certainty,
    data_statement,
    headline,
)
from mmbench.reports.pages.cells import (
    badge,
    bar_legend,
    bar_scale,
    headline_cell,
    is_of_another_model,
    published_statement,
    rank_mark,
)
from mmbench.reports.pages.html import Content, Html, breakable, element
from mmbench.reports.pages.names import HrefOf
from mmbench.reports.pages.run_scores import headline_words
from mmbench.reports.pages.tables import Cell, Column, Row, table
from mmbench.reports.pages.training import HISTORY, changes_summary, own_points
from mmbench.reports.sections import label
from mmbench.text import count
from mmbench.types import RunRecord

Tables = Mapping[str, Sequence[BoardTable]]
TaskHrefOf = Callable[[str], str]


def overview_body(
    tables: Tables,
    points: Mapping[str, Sequence[Point]],
    href_of: HrefOf,
    task_href_of: TaskHrefOf,
    groups: Content = None,
) -> list[Content]:
    """Return the content of the index of a site with several tasks; `groups` is their section."""
    return [
        element("p", _lead(tables), class_="lead"),
        filter_controls(tables),
        _section("Best models", _best_table(tables, points, href_of, task_href_of)),
        groups,
        _section("Models and tasks", [bar_legend(), _matrix(tables, href_of)]),
    ]


def _section(title: str, content: Content) -> Html:
    return element("section", element("h2", title), content, data_group=True)


def _lead(tables: Tables) -> str:
    records = [run.record for one in all_tables(tables) for run in one.runs]
    models = {label(record) for record in records if not record.baseline}
    latest = max(record.created for record in records)[:10]
    return (
        f"{count(len(tables), 'task')}, {count(len(models), 'model')},"
        f" {count(len(records), 'run')}; the latest run is of {latest}."
        " The page of a task has all its tables; scores of different tables are not comparable."
    )


def all_tables(tables: Tables) -> Iterable[BoardTable]:
    """Return the tables of all tasks."""
    return (one for own in tables.values() for one in own)


def filter_controls(tables: Tables) -> Html:
    """Return the controls that filter the rows of a page by text, task and kind of run."""
    baselines = any(run.record.baseline for one in all_tables(tables) for run in one.runs)
    return search_controls([*tables], baselines=baselines)


def search_controls(tasks: Sequence[str], *, baselines: bool) -> Html:
    """Return the controls of `filter_controls` for rows of these tasks."""
    hint = "model, task, …" if len(tasks) > 1 else "model"
    box = element("input", type="search", placeholder=hint, autocomplete="off")
    controls = [element("label", "Search", box, class_="wide")]
    if len(tasks) > 1:
        options = [element("option", name, value=name) for name in tasks]
        every = element("option", "all", value="")
        controls.append(
            element("label", "Task", element("select", every, options, data_facet="task"))
        )
    if baselines:
        check = element("input", type="checkbox", data_hide="baseline")
        controls.append(element("label", check, "Hide baselines", class_="check"))
    output = element("output", role="status")
    return element(
        "div", controls, output, class_="filters", role="search", data_filter=True, hidden=True
    )


def _best_table(
    tables: Tables,
    points: Mapping[str, Sequence[Point]],
    href_of: HrefOf,
    task_href_of: TaskHrefOf,
) -> Html:
    known = any(_published(own[0]) for own in tables.values())
    histories = {task: own_points(own[0], points.get(task, [])) for task, own in tables.items()}
    trained = any(histories.values())
    columns = [
        Column("task"),
        Column("best model"),
        Column("headline score", number=True),
        Column("certainty"),
        Column("data"),
        Column("best baseline", number=True, note="of the baselines that ignore the input"),
        Column("failed", number=True, better="lower"),
        *([Column("training", note="checkpoints against the ones before")] if trained else []),
        *([Column("published")] if known else []),
        Column("date"),
    ]
    rows = []
    for task, own in tables.items():
        more = [Cell(_training(histories[task], task_href_of(task)))] if trained else []
        more += [Cell(_published(own[0]))] if known else []
        rows.append(_best_row(task, own, href_of, task_href_of, more))
    return table("The best model of each task", columns, rows, filterable=True)


def _best_row(
    task: str,
    own: Sequence[BoardTable],
    href_of: HrefOf,
    task_href_of: TaskHrefOf,
    more: Sequence[Cell],
) -> Row:
    one = own[0]
    best = one.best.record if one.best else one.first
    sure, data = certainty(one), data_statement(best)
    scale = bar_scale(one)
    others = f"; {count(len(own) - 1, 'other table')}" if len(own) > 1 else ""
    measure = element("span", headline_words(best), others, class_="under")
    cells = [
        Cell([element("a", task, href=task_href_of(task)), measure], task),
        Cell(element("a", breakable(label(best)), href=href_of(best) or None), label(best), "name"),
        headline_cell(best, scale),
        Cell([badge(sure), element("span", sure.details, class_="under")], sure.text, "words"),
        Cell([badge(data), element("span", data.details, class_="under")], data.text, "words"),
        _baseline_cell(one),
        Cell(f"{best.counts.get('failed', 0):,}", best.counts.get("failed", 0)),
        *more,
        Cell(best.created[:10], best.created, "date"),
    ]
    return Row(cells, facets={"task": task})


def _baseline_cell(one: BoardTable) -> Cell:
    """Return the headline of the best baseline that ignores the input, and its name."""
    if one.ignorant is None:
        return Cell("", "")
    score = headline(one.ignorant)
    name = element("span", one.ignorant.model.name, class_="under")
    return Cell([texts.number(score), name], score.value if score else "")


def _training(own: Sequence[Point], task_href: str) -> Content:
    """Return how many checkpoints changed, with a link to their history."""
    if not own:
        return None
    return [changes_summary(own), element("a", "history", href=f"{task_href}#{HISTORY}")]


def _published(one: BoardTable) -> list[Content]:
    """Return how many published scores the runs of a table reproduce."""
    entries = [p for run in one.runs for p in run.record.published if not is_of_another_model(p)]
    numbers = Counter(published_statement(entry)._replace(details="") for entry in entries)
    return [
        [badge(statement._replace(text=f"{number} {statement.text}")), " "]
        for statement, number in numbers.items()
    ]


class _Model(NamedTuple):
    """A row of the matrix: a model, and its run of each task."""

    name: str
    runs: dict[str, RunRecord]


def _matrix(tables: Tables, href_of: HrefOf) -> Html:
    """Return the table of all models on the first table of each task."""
    firsts = {task: own[0] for task, own in tables.items()}
    models = _models(firsts.values())
    columns = [Column("model")]
    for task, one in firsts.items():
        score = headline(one.best.record) if one.best else None
        better = score.better if score else "higher"
        columns.append(
            Column(task, number=True, better=better, note=one.first.headline, facet=("task", task))
        )
    scales = {task: bar_scale(one) for task, one in firsts.items()}
    rows = []
    for model in models:
        cells = [Cell(breakable(model.name), model.name)]
        for task, one in firsts.items():
            record = model.runs.get(task)
            cells.append(
                _matrix_cell(record, one, scales[task], href_of) if record else Cell("", "")
            )
        baseline = _is_baseline(model)
        facets = {"task": "\n".join(model.runs)}
        rows.append(Row(cells, kind="baseline" if baseline else "", facets=facets))
    caption = "Headline scores of the first table of each task"
    return table(caption, columns, rows, filterable=True, pinned=True)


def _matrix_cell(record: RunRecord, one: BoardTable, scale: Scale, href_of: HrefOf) -> Cell:
    score, best = headline(record), headline(one.best.record) if one.best else None
    series = 6 if record.baseline else 1
    bar = interval_bar(score, scale, reference=best.value if best else None, series=series)
    number = element("a", texts.number(score), href=href_of(record) or None)
    mark = rank_mark(record, one)
    content = [bar, element("span", number, [" ", mark] if mark else None, class_="under")]
    return Cell(content, score.value if score else "")


def _models(tables: Iterable[BoardTable]) -> list[_Model]:
    """Return the models of all tables with their runs by task, and baselines after models.

    Models with runs of more tasks come first.
    """
    models: dict[ModelKey, dict[str, RunRecord]] = {}
    for one in tables:
        for run in one.runs:
            own, task = models.setdefault(model_key(run.record), {}), run.record.task.name
            if task not in own or own[task].created < run.record.created:
                own[task] = run.record
    named = zip(distinct_names(list(models)), models.values(), strict=True)
    rows = [_Model(name, runs) for name, runs in named]
    return sorted(rows, key=lambda m: (_is_baseline(m), -len(m.runs)))


def _is_baseline(model: _Model) -> bool:
    return all(record.baseline for record in model.runs.values())
