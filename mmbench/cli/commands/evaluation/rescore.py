"""`mmbench rescore`: compute new scores from stored outputs, without running the model."""

from __future__ import annotations

import argparse

from mmbench.cli.errors import report
from mmbench.cli.exit_codes import until_interrupted, worst
from mmbench.cli.output.json_output import printing_to_stderr
from mmbench.cli.output.outcome import exit_code, publish, save_record
from mmbench.cli.output.progress import make_progress
from mmbench.cli.parser.options import find_runs, run_options
from mmbench.cli.workers import executor_of
from mmbench.engine.execution.executor import Executor
from mmbench.reports import board
from mmbench.types import RunRecord


def command(args: argparse.Namespace) -> int:
    """Rescore every run; a run that fails does not stop the others."""
    board.check_writable(args.out)
    records: list[RunRecord] = []
    with executor_of(args) as executor:
        codes = until_interrupted(_again(run, args, records, executor) for run in args.run)
    return worst([*codes, publish(records, args)])


def _again(run: str, args: argparse.Namespace, records: list[RunRecord], executor: Executor) -> int:
    from mmbench.engine.rescore import rescore

    options = run_options(args)
    progress = make_progress(quiet=args.quiet, executor=executor)
    try:
        (stored,) = find_runs([run], args)
        metrics = tuple(args.metric)
        with printing_to_stderr(args.json):
            outcome = rescore(
                stored, options, metrics=metrics, progress=progress, executor=executor
            )
        records.append(save_record(outcome, args))
    except BaseException as error:
        progress.finish()
        return report(error)
    return exit_code(records[-1], args.allow_failed)
