"""`mmbench rerank`: order the first documents of a retrieval run again by a second model."""

from __future__ import annotations

import argparse

from mmbench.cli.errors import report
from mmbench.cli.exit_codes import worst
from mmbench.cli.output.json_output import printing_to_stderr
from mmbench.cli.output.outcome import exit_code, publish, save_record
from mmbench.cli.output.progress import make_progress
from mmbench.cli.parser.options import find_runs, model_of, run_options
from mmbench.cli.workers import executor_of
from mmbench.engine.execution.executor import Executor
from mmbench.reports import board
from mmbench.types import RunRecord


def command(args: argparse.Namespace) -> int:
    """Rerank a run, write its record and the tables, and print the scores."""
    board.check_writable(args.out)
    records: list[RunRecord] = []
    with executor_of(args) as executor:
        code = _rerank(args, records, executor)
    return worst([code, publish(records, args)])


def _rerank(args: argparse.Namespace, records: list[RunRecord], executor: Executor) -> int:
    from mmbench.engine.rerank import RerankSettings, rerank

    progress = make_progress(quiet=args.quiet, executor=executor)
    try:
        model = model_of(args)
        (stored,) = find_runs([args.run], args)
        settings = RerankSettings(args.top, args.by, args.question)
        with printing_to_stderr(args.json):
            outcome = rerank(
                model,
                stored,
                run_options(args, model=model),
                settings,
                progress=progress,
                executor=executor,
            )
        records.append(save_record(outcome, args))
    except BaseException as error:
        progress.finish()
        return report(error)
    return exit_code(records[-1], args.allow_failed)
