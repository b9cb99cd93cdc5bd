"""The RUN arguments of a command."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from mmbench.cli.output.unreadable import report_unreadable
from mmbench.storage.records import StoredRun
from mmbench.storage.run_lookup import find_run


def find_runs(runs: Sequence[str], args: argparse.Namespace) -> list[StoredRun]:
    """Find the runs that are typed in `args.out`, of `args.task` if it is given.

    Names on stderr the files that were skipped. Raises DataError: see `find_run`.
    """
    found = [find_run(run, args.out, args.task) for run in runs]
    report_unreadable([line for run in found for line in run.unreadable])
    return [run._replace(unreadable=()) for run in found]
