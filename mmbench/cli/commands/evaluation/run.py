"""`mmbench run`: run every pair of model and task.

A pair that fails does not stop the others.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import TYPE_CHECKING

from mmbench.cli.commands.evaluation.until_decided import DecidedRuns, check_flags
from mmbench.cli.errors import report
from mmbench.cli.exit_codes import DONE, until_interrupted, worst
from mmbench.cli.output.json_output import printing_to_stderr
from mmbench.cli.output.outcome import exit_code, publish, save_record, send
from mmbench.cli.output.progress import make_progress
from mmbench.cli.output.shared_progress import SharedProgress
from mmbench.cli.output.terminal import screen_width, show
from mmbench.cli.parser.options import (
    allowed_failures,
    model_arguments,
    models_of,
    run_options,
)
from mmbench.cli.parser.requested_tasks import set_tasks
from mmbench.cli.workers import executor_of
from mmbench.engine.execution.executor import Executor
from mmbench.engine.progress import Progress
from mmbench.protocols import Reporter
from mmbench.reports import board
from mmbench.reports.reporters import find_reporters
from mmbench.storage import records as store
from mmbench.storage.folders import Folder
from mmbench.types import RunRecord

if TYPE_CHECKING:
    from mmbench.engine.run import FinishedRun
    from mmbench.task_groups import TaskGroup


def command(args: argparse.Namespace) -> int:
    """Run every pair of model and task, write records and tables, and print the scores."""
    allowed_failures(args.allow_failed, 1)  # a check before hours of work
    check_flags(args)
    board.check_writable(args.out)
    if args.media is not None:
        Folder(args.media, "--media").check_writable()
    reporters = find_reporters(args.report_to)
    records: list[RunRecord] = []
    args.model = models_of(args)
    groups = set_tasks(args)
    models, codes = _valid_names(args.model, args)
    with executor_of(args) as executor:
        command = _Command(args, reporters, records, executor)
        codes += until_interrupted(command.codes([*product(models, args.task)]))
    codes += [_compare_with_clean(records, args), publish(records, args, groups)]
    codes += [_show_group(group, records, args) for group in groups if records]
    return worst(codes)


def _compare_with_clean(records: Sequence[RunRecord], args: argparse.Namespace) -> int:
    """Print the scores of perturbed runs next to the clean run of the same model and task.

    Return the exit code.
    """
    if not args.perturb:
        return DONE
    from mmbench.cli.output.comparisons.robustness import robustness_lines

    file = sys.stderr if args.json else sys.stdout
    try:
        show(robustness_lines(records, args.out, screen_width(file)), file)
    except Exception as error:
        return report(error)
    return DONE


def _show_group(group: TaskGroup, records: Sequence[RunRecord], args: argparse.Namespace) -> int:
    """Print the table of a group with these runs, and return the exit code."""
    from mmbench.cli.output.comparisons.group_table import group_lines
    from mmbench.reports.groups.table import read_group

    file = sys.stderr if args.json else sys.stdout
    try:
        found = read_group(args.out, group, {record.run for record in records})
        show(["", *group_lines(found, screen_width(file))], file)
    except Exception as error:
        return report(error)
    return DONE


def _valid_names(models: list[str], args: argparse.Namespace) -> tuple[list[str], list[int]]:
    """Return the models with valid names, and the exit codes of the others.

    The others are reported before the first of several models runs. A single model is reported
    with its task, so that an error can also name missing data.
    """
    if len(models) < 2:
        return models, []
    from mmbench.engine.loading.models.resolver import check_name

    valid, codes = [], []
    for model in models:
        try:
            check_name(model, model_arguments(args, model))
            valid.append(model)
        except Exception as error:
            codes.append(report(error))
    return valid, codes


@dataclass
class _Command:
    """The pairs of a command: their records are added to `records`."""

    args: argparse.Namespace
    reporters: Mapping[str, Reporter]
    records: list[RunRecord]
    executor: Executor

    def __post_init__(self) -> None:
        self.decided = DecidedRuns(self.args)

    def codes(self, pairs: Sequence[tuple[str, str]]) -> Iterator[int]:
        """Run each pair, and yield its exit code: in order, or as they finish on workers."""
        if len(pairs) > 1 and self.executor.workers is not None:
            return self._codes_of_workers(pairs)
        return (self._code(model, task) for model, task in pairs)

    def _code(self, model: str, task: str) -> int:
        progress = make_progress(quiet=self.args.quiet, executor=self.executor)
        try:
            with printing_to_stderr(self.args.json):
                outcome = self._run(model, task, progress)
            return self._save(outcome)
        except BaseException as error:
            progress.finish()
            return report(error)

    def _codes_of_workers(self, pairs: Sequence[tuple[str, str]]) -> Iterator[int]:
        from mmbench.engine.workers.concurrent_runs import as_finished

        display = make_progress(quiet=self.args.quiet, executor=self.executor)
        progress = SharedProgress(display, len(pairs))
        calls = [partial(self._run, *pair, progress.part(" on ".join(pair))) for pair in pairs]
        with printing_to_stderr(self.args.json):
            try:
                for _, result in as_finished(calls):
                    yield self._code_of(result, progress)
            except BaseException as error:  # an interruption
                progress.close()
                yield report(error)
            finally:
                progress.close()

    def _code_of(self, result: FinishedRun | BaseException, progress: SharedProgress) -> int:
        progress.pause()  # the result is printed below the display
        return report(result) if isinstance(result, BaseException) else self._save(result)

    def _run(self, model: str, task: str, progress: Progress) -> FinishedRun:
        options = run_options(self.args, task, model)
        if self.args.until_decided:
            return self.decided.run(model, task, options, progress, self.executor)
        from mmbench.comparison.whole_set.estimator import WholeSetEstimator
        from mmbench.engine.run import run

        estimator = WholeSetEstimator(self.args.baseline, self.args.out, self.args.strata)
        return estimator.add_to(
            run(model, task, options, progress, self.executor, check=estimator.check)
        )

    def _save(self, outcome: FinishedRun) -> int:
        args = self.args
        self.records.append(save_record(outcome, args))
        if args.media and outcome.generated_media:
            where = store.write_media(args.media, outcome.record, outcome.generated_media)
            show([f"  media: {where}"], sys.stderr if args.json else sys.stdout)
        codes = send(outcome, self.reporters, json=args.json)
        codes += [self.decided.report(outcome.record)] if args.until_decided else []
        return worst([*codes, exit_code(outcome.record, args.allow_failed)])
