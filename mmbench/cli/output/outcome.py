"""The last steps of a command after a run: save the record, print scores, build tables."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from mmbench.cli.errors import report
from mmbench.cli.exit_codes import DONE, SAMPLES, UNCLEAR
from mmbench.cli.output.json_output import printing_to_stderr, write_json
from mmbench.cli.output.run_summary import run_result
from mmbench.cli.output.terminal import report_stale, report_unreadable, screen_width, show
from mmbench.cli.parser.options import allowed_failures
from mmbench.errors import UserError
from mmbench.reports import board
from mmbench.reports.reporters import checked_location
from mmbench.storage import records as store
from mmbench.text import plain
from mmbench.types import RunRecord

if TYPE_CHECKING:
    from mmbench.engine.run import FinishedRun
    from mmbench.protocols import Reporter
    from mmbench.task_groups import TaskGroup


def save_record(outcome: FinishedRun, args: argparse.Namespace) -> RunRecord:
    """Write the record and the rows of a run, and print its scores."""
    where = outcome.report_to(store.BoardReporter(args.out))
    file = sys.stderr if args.json else sys.stdout
    show(run_result(outcome.record, where, screen_width(file)), file)
    return outcome.record


def send(
    outcome: FinishedRun, reporters: Mapping[str, Reporter], *, json: bool = False
) -> list[int]:
    """Pass a run to the reporters of `--report-to`, print the locations, and return exit codes.

    A reporter that fails is reported and does not stop the others. The record is on the board
    already.
    """
    return [_send(outcome, name, reporter, json) for name, reporter in reporters.items()]


def _send(outcome: FinishedRun, name: str, reporter: Reporter, json: bool) -> int:
    try:
        with printing_to_stderr(json):
            where = checked_location(name, outcome.report_to(reporter))
    except UserError as error:
        again = f"mmbench export {outcome.record.run} --to {name}"
        return report(UserError(f"{error}; the record is stored, and `{again}` sends it again"))
    except Exception as error:
        return report(error)
    show([f"  {plain(name)}: {plain(where, 4000)}"], sys.stderr if json else sys.stdout)
    return DONE


def exit_code(record: RunRecord, allowed: str) -> int:
    """Return the exit code of a run: 3 if more samples failed than `allowed`, otherwise 4 or 0.

    4 means that the headline has no value. For 3, a line on stderr says how to allow failures.
    """
    failed = record.counts["failed"]
    if failed > allowed_failures(allowed, record.counts["samples"]):
        hint = f"exit code {SAMPLES} because of failed samples; to accept them, add --allow-failed"
        show([f"{hint} {failed}"], sys.stderr)
        return SAMPLES
    headline = record.scores.get(record.headline)
    return UNCLEAR if headline is None or headline.value is None else DONE


def publish(
    records: list[RunRecord], args: argparse.Namespace, groups: Sequence[TaskGroup] = ()
) -> int:
    """Build the tables of these records and `groups`, and print the records as JSON if requested.

    The tables show the runs on the data of the protocol, as `mmbench leaderboard build` does.
    """
    code, pages = DONE, list[str]()
    try:
        if records:
            tasks = {record.task.name for record in records}
            pages, unreadable, stale = board.build(
                args.out, tasks, groups=groups, task_folders=args.tasks
            )
            report_unreadable(unreadable)
            report_stale(stale)
    except (UserError, KeyboardInterrupt) as error:
        code = report(error)
    show((f"leaderboard: {page}" for page in pages), sys.stderr if args.json else sys.stdout)
    if args.json:
        write_json(records)
    return code
