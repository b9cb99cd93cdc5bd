"""The last steps of a command after a run: save the record, print scores, build tables."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from mmbench.cli.errors import report
from mmbench.cli.exit_codes import DONE, SAMPLES, UNCLEAR
from mmbench.cli.output.json_output import write_json
from mmbench.cli.output.run_summary import run_result
from mmbench.cli.output.terminal import report_unreadable, screen_width, show
from mmbench.cli.parser.options import allowed_failures
from mmbench.errors import UserError
from mmbench.reports import board
from mmbench.storage import records as store
from mmbench.types import RunRecord

if TYPE_CHECKING:
    from mmbench.engine.run import FinishedRun


def save_record(outcome: FinishedRun, args: argparse.Namespace) -> RunRecord:
    """Write the record and the rows of a run, and print its scores."""
    where = outcome.report_to(store.BoardReporter(args.out))
    file = sys.stderr if args.json else sys.stdout
    show(run_result(outcome.record, where, screen_width(file)), file)
    return outcome.record


def exit_code(record: RunRecord, allowed: str) -> int:
    """Return the exit code of a run: 3 if more samples failed than `allowed`, otherwise 4 or 0.

    4 means that the headline has no value.
    """
    if record.counts["failed"] > allowed_failures(allowed, record.counts["samples"]):
        return SAMPLES
    headline = record.scores.get(record.headline)
    return UNCLEAR if headline is None or headline.value is None else DONE


def publish(records: list[RunRecord], args: argparse.Namespace) -> int:
    """Build the tables of these records, and print the records as JSON if requested."""
    code, pages = DONE, list[str]()
    try:
        if records:
            pages, unreadable = board.build(args.out, {record.task.name for record in records})
            report_unreadable(unreadable)
    except (UserError, KeyboardInterrupt) as error:
        code = report(error)
    show((f"leaderboard: {page}" for page in pages), sys.stderr if args.json else sys.stdout)
    if args.json:
        write_json(records)
    return code
