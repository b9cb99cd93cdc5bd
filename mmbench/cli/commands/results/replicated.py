"""`mmbench compare --replicates`: methods, each with several seeds."""

from __future__ import annotations

import argparse
import sys

from mmbench.cli.exit_codes import DONE, UNCLEAR
from mmbench.cli.output.comparisons.replicates import replicate_lines
from mmbench.cli.output.json_output import write_json
from mmbench.cli.output.terminal import report_unreadable, screen_width, show
from mmbench.errors import UserError
from mmbench.storage.records import StoredRun


def compare_by_replicates(args: argparse.Namespace) -> int:
    """Print the differences between methods, whose runs differ in `args.replicates`."""
    from mmbench.comparison.replicates.comparison import compare_replicates

    if args.judge is not None:
        raise UserError("--replicates compares scores, and --judge answers; give one of them")
    runs = _runs(args)
    found = compare_replicates(
        runs,
        args.replicates,
        metrics=args.metric,
        alpha=args.alpha,
        seed=args.seed,
        paired=args.paired,
    )
    if args.json:
        write_json([found])
    else:
        show(replicate_lines(found, runs[0].record.headline, screen_width(sys.stdout)))
    untested = all(one.p_value is None for one in found.differences)
    return UNCLEAR if found.differences and untested else DONE


def _runs(args: argparse.Namespace) -> list[StoredRun]:
    from mmbench.comparison.replicates.selection import replicated_runs
    from mmbench.storage.run_patterns import find_matching_runs

    if args.run:
        runs = [run for one in args.run for run in find_matching_runs(one, args.out, args.task)]
    else:
        runs = replicated_runs(args.replicates, args.out, args.task)
    report_unreadable([line for run in runs for line in run.unreadable])
    return [run._replace(unreadable=()) for run in runs]
