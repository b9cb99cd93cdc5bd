"""`mmbench list`: a line for each name, with the name first and then a summary.

No heavy library is imported. The modules of metrics are imported, because they declare the units of
their metrics; metrics of installed packages are not imported.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence

from mmbench import metric_names, registry
from mmbench.cli.output.metric_text import direction, value_range
from mmbench.cli.output.terminal import listing, report_unreadable, screen_width, show
from mmbench.protocols import MetricInfo
from mmbench.text import plain


def command(args: argparse.Namespace) -> int:
    """Print one line per name; on a narrow terminal, summaries are wrapped."""
    rows = [[plain(cell) for cell in row] for row in _rows(args)]
    if args.what == "runs" and not rows:
        show([f"no runs in {args.out}; `mmbench run -m MODEL -t TASK` makes one"], sys.stderr)
    show(listing(rows, screen_width(sys.stdout)))
    return 0


def _rows(args: argparse.Namespace) -> Iterator[tuple[str, ...]]:
    if args.what == "tasks":
        from mmbench.spec import task_summaries

        return iter(task_summaries(args.tasks).items())
    if args.what == "runs":
        return _runs(args.out)
    if args.what == "recipes":
        return _recipes()
    if args.what == "groups":
        return _groups(args.tasks)
    if args.what == "perturbations":
        return _perturbations()
    if args.what == "rubrics":
        return _rubrics()
    if args.what == "metrics":
        return map(_metric, registry.names("metric"))
    kind = args.what.removesuffix("s")
    return ((name, registry.summary(kind, name)) for name in registry.names(kind))


def _metric(name: str) -> tuple[str, ...]:
    plugin = registry.plugin("metric", name)
    info = MetricInfo() if plugin and plugin.package else metric_names.metric_info(name)
    return name, info.unit, direction(info), value_range(info), registry.summary("metric", name)


def _recipes() -> Iterator[tuple[str, str]]:
    from mmbench.engine.loading.models.model_ref import parse, recipes

    for name in recipes():
        ref = parse(name)
        tasks = ", ".join(entry.task for entry in ref.published)
        yield name, f"{ref.adapter}@{ref.checkpoint}: {tasks}"


def _groups(folders: Sequence[str]) -> Iterator[tuple[str, ...]]:
    from mmbench.spec import task_summary
    from mmbench.task_groups import group_files

    for name, path in sorted(group_files(folders).items()):
        yield name, task_summary(path)


def _perturbations() -> Iterator[tuple[str, ...]]:
    from mmbench.perturbations.names import NAMES

    for name, info in NAMES.items():
        yield name, info.changes, info.values(), info.summary


def _rubrics() -> Iterator[tuple[str, str]]:
    from mmbench.metrics.judges.rubric import rubric_files
    from mmbench.spec import task_summary

    for name, path in sorted(rubric_files().items()):
        yield name, task_summary(path)


def _runs(out: str) -> Iterator[tuple[str, ...]]:
    from mmbench.reports.cells import number
    from mmbench.reports.sections import label
    from mmbench.storage import records as store
    from mmbench.types import format_part

    records = store.read_records(out)
    report_unreadable(records.unreadable)
    for record in records:
        headline = record.scores.get(record.headline)
        part = f" on {format_part(record.task.part)}" if record.task.part else ""
        cells = record.task.name, label(record) + part, record.headline, number(headline)
        yield record.run, *cells
