"""`mmbench score`: score the outputs of any program; writes the same record as `mmbench run`."""

from __future__ import annotations

import argparse

from mmbench.cli.exit_codes import worst
from mmbench.cli.output.json_output import printing_to_stderr
from mmbench.cli.output.outcome import exit_code, publish, save_record, send
from mmbench.cli.output.progress import make_progress
from mmbench.cli.parser.options import data_for, run_options
from mmbench.cli.workers import executor_of
from mmbench.reports import board
from mmbench.reports.reporters import find_reporters


def command(args: argparse.Namespace) -> int:
    """Score the outputs, write the record and the tables, and print the scores."""
    from mmbench.engine.score import score
    from mmbench.predictions.column_choice import parse_fields

    board.check_writable(args.out)
    reporters = find_reporters(args.report_to)
    data = data_for(args.task, [str(args.data)] if args.data else [], [args.task])
    options = run_options(argparse.Namespace(**{**vars(args), "data": data}))
    with executor_of(args) as executor, printing_to_stderr(args.json):
        outcome = score(
            args.task,
            args.predictions,
            options,
            name=args.name,
            partial=args.partial,
            fields=parse_fields(args.field),
            fold_ids=args.fold_ids,
            progress=make_progress(quiet=args.quiet, executor=executor),
            executor=executor,
        )
    record = save_record(outcome, args)
    codes = [exit_code(record, args.allow_failed), publish([record], args)]
    return worst(codes + send(outcome, reporters, json=args.json))
