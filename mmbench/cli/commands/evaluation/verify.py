"""`mmbench verify`: run a model or recipe on the tasks for which scores of it were published."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import suppress

from mmbench.cli.errors import report
from mmbench.cli.exit_codes import DONE, FAILED, UNCLEAR, until_interrupted, worst
from mmbench.cli.output.json_output import printing_to_stderr
from mmbench.cli.output.outcome import publish
from mmbench.cli.output.progress import make_progress
from mmbench.cli.output.terminal import listing, screen_width, show, table
from mmbench.cli.parser.options import models_of, run_options
from mmbench.cli.workers import executor_of
from mmbench.engine.execution.executor import Executor
from mmbench.engine.loading.models.model_ref import file_stem, parse, recipes
from mmbench.errors import UnknownKind, UserError
from mmbench.reports import board
from mmbench.spec import load_task, task_files
from mmbench.storage import records as store
from mmbench.text import count, plain
from mmbench.text.number_format import format_number
from mmbench.types import RunRecord, TaskSpec


def command(args: argparse.Namespace) -> int:
    """Run each model on its tasks, and compare the measured scores with the published scores.

    For each score, print both values, the tolerance and the verdict.
    """
    specs = [load_task(name, args.tasks) for name in args.task] or _every_task(args)
    if not args.model:
        return _show(specs)
    args.model = models_of(args)
    board.check_writable(args.out)
    records: list[RunRecord] = []
    with executor_of(args) as executor:
        codes = until_interrupted(_codes(args, specs, records, executor))
    return worst([*codes, publish(records, args)])


def _every_task(args: argparse.Namespace) -> list[TaskSpec]:
    """Return all tasks, without those whose kind belongs to a plugin that is not loaded."""
    specs = []
    for name in sorted(task_files(args.tasks)):
        with suppress(UnknownKind):
            specs.append(load_task(name, args.tasks))
    return specs


def _codes(
    args: argparse.Namespace,
    specs: list[TaskSpec],
    records: list[RunRecord],
    executor: Executor,
) -> Iterator[int]:
    """Run each pair of model and task, add its record to `records`, and yield its exit code."""
    requested = list(args.task)  # each pair sets `args.task` to its task
    for model in args.model:
        try:
            tasks = requested or _published_tasks(model, args, specs)
        except UserError as error:  # a model file that cannot be read
            yield report(error)
            continue
        yield from (_verified(model, task, args, executor, records) for task in tasks)
        if not tasks:
            yield report(UserError(_nothing_published(model, args, specs)))


def _verified(
    model: str,
    task: str,
    args: argparse.Namespace,
    executor: Executor,
    records: list[RunRecord],
) -> int:
    from mmbench.engine.run import run

    args.task = [*args.task, task] if task not in args.task else args.task
    progress = make_progress(quiet=args.quiet, executor=executor)
    try:
        with printing_to_stderr(args.json):
            outcome = run(model, task, run_options(args, task, model), progress, executor)
    except BaseException as error:
        progress.finish()
        return report(error)
    outcome.report_to(store.BoardReporter(args.out))
    records.append(outcome.record)
    file = sys.stderr if args.json else sys.stdout
    show(_lines(outcome.record, screen_width(file)), file)
    return _code(outcome.record)


def _lines(record: RunRecord, width: int | None) -> list[str]:
    rows = [["metric", "measured", "published", "tolerance", "verdict"]]
    for entry in record.published:
        numbers = map(format_number, (entry.measured, entry.value, entry.tolerance))
        rows.append([plain(entry.metric), *numbers, plain(entry.verdict)])
    title = f"{plain(record.model.name)} on {plain(record.task.name)}"
    return [title, *table(rows, {0, 4}, width, indent=2)]


def _code(record: RunRecord) -> int:
    """Return 1 if a published score is not reproduced, 4 if no score could be compared, else 0."""
    verdicts = [entry.verdict for entry in record.published]
    if any(verdict.startswith("not reproduced") for verdict in verdicts):
        return FAILED
    return DONE if "reproduced" in verdicts else UNCLEAR


def _published_tasks(model: str, args: argparse.Namespace, specs: list[TaskSpec]) -> list[str]:
    """Return the tasks for which the recipe or the task has scores of the model."""
    own = [] if args.published_as else [entry.task for entry in parse(model).published]
    known_as = _known_as(model, args)
    others = [spec.name for spec in specs if _is_published(spec, known_as)]
    return list(dict.fromkeys([*own, *others]))


def _known_as(model: str, args: argparse.Namespace) -> str:
    ref = parse(model)
    name = file_stem(model) if ref.is_recipe else ref.adapter
    return args.published_as or ref.checkpoint or name


def _is_published(spec: TaskSpec, known_as: str) -> bool:
    return any(entry.model == known_as for entry in spec.published)


def _nothing_published(model: str, args: argparse.Namespace, specs: list[TaskSpec]) -> str:
    known = sorted({entry.model for spec in specs for entry in spec.published})
    return (
        f"verify: no published scores of {_known_as(model, args)} ({model}); there are scores"
        f" of {', '.join(known) or 'no model'}; give --published-as HUB_ID"
    )


def _show(specs: list[TaskSpec]) -> int:
    """Print a line for each model and task with published scores, then for each packaged recipe."""
    rows = [
        [plain(entry.model), spec.name, count(len(entry.scores), "number"), plain(entry.source)]
        for spec in specs
        for entry in spec.published
    ]
    names = {spec.name for spec in specs}
    rows += [
        [name, entry.task, count(len(entry.scores), "number"), plain(entry.source)]
        for name in recipes()
        for entry in parse(name).published
        if entry.task in names
    ]
    show(listing(rows, screen_width(sys.stdout)))
    return DONE
