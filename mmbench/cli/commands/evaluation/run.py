"""`mmbench run`: run every pair of model and task.

A pair that fails does not stop the others.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from itertools import product

from mmbench.cli.errors import report
from mmbench.cli.exit_codes import until_interrupted, worst
from mmbench.cli.output.json_output import printing_to_stderr
from mmbench.cli.output.outcome import exit_code, publish, save_record, send
from mmbench.cli.output.progress import make_progress
from mmbench.cli.output.terminal import show
from mmbench.cli.parser.options import (
    allowed_failures,
    model_arguments,
    models_of,
    run_options,
)
from mmbench.cli.workers import executor_of
from mmbench.engine.execution.executor import Executor
from mmbench.protocols import Reporter
from mmbench.reports import board
from mmbench.reports.reporters import find_reporters
from mmbench.storage import records as store
from mmbench.storage.folders import Folder
from mmbench.types import RunRecord


def command(args: argparse.Namespace) -> int:
    """Run every pair of model and task, write records and tables, and print the scores."""
    allowed_failures(args.allow_failed, 1)  # a check before hours of work
    board.check_writable(args.out)
    if args.media is not None:
        Folder(args.media, "--media").check_writable()
    reporters = find_reporters(args.report_to)
    records: list[RunRecord] = []
    args.model = models_of(args)
    models, codes = _valid_names(args.model, args)
    pairs = product(models, args.task)
    with executor_of(args) as executor:
        codes += until_interrupted(
            _pair(model, task, args, reporters, records, executor) for model, task in pairs
        )
    codes.append(publish(records, args))
    return worst(codes)


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


def _pair(
    model: str,
    task: str,
    args: argparse.Namespace,
    reporters: Mapping[str, Reporter],
    records: list[RunRecord],
    executor: Executor,
) -> int:
    from mmbench.engine.run import run

    progress = make_progress(quiet=args.quiet)
    try:
        with printing_to_stderr(args.json):
            outcome = run(model, task, run_options(args, task, model), progress, executor)
        records.append(save_record(outcome, args))
        if args.media and outcome.generated_media:
            where = store.write_media(args.media, outcome.record, outcome.generated_media)
            show([f"  media: {where}"], sys.stderr if args.json else sys.stdout)
        codes = send(outcome, reporters, json=args.json)
    except BaseException as error:
        progress.finish()
        return report(error)
    return worst([*codes, exit_code(records[-1], args.allow_failed)])
