"""`mmbench selftest`: test tasks without a model.

It prints a line for each check; the exit code is 1 if a check fails.
"""

from __future__ import annotations

import argparse
import sys

from mmbench.cli.errors import report
from mmbench.cli.exit_codes import DONE, FAILED, until_interrupted, worst
from mmbench.cli.output.terminal import listing, screen_width, show
from mmbench.cli.parser.options import run_options
from mmbench.text import plain

_SHOWN = {True: "ok", False: "FAILED", None: "skipped"}


def command(args: argparse.Namespace) -> int:
    """Run the self-tests of every task; a task that cannot be read does not stop the others."""
    from mmbench.spec import task_files

    tasks = args.task or sorted(task_files(args.tasks))
    return worst(until_interrupted(_task(task, args) for task in tasks))


def _task(task: str, args: argparse.Namespace) -> int:
    from mmbench.selftest.checks import selftest

    try:
        checks = selftest(task, run_options(args))
    except BaseException as error:
        return report(error)
    rows = [(_SHOWN[c.passed], f"{plain(c.what)}: {plain(c.detail)}") for c in checks]
    show([plain(task), *listing(rows, screen_width(sys.stdout), indent=2)])
    return FAILED if any(check.passed is False for check in checks) else DONE
