"""`mmbench report`: pages for a browser, of a whole board or of named runs."""

from __future__ import annotations

import argparse
import sys

from mmbench.cli.output.progress import make_progress
from mmbench.cli.output.terminal import report_unreadable, show
from mmbench.cli.parser.options import find_runs
from mmbench.engine.loading.outside import readable_folders
from mmbench.errors import DataError, UserError
from mmbench.reports.pages.samples import MOST_IN_A_FILE
from mmbench.reports.pages.site import Site
from mmbench.reports.report import SiteWriter, write_run_file
from mmbench.reports.selection import Selection, named_runs, whole_board
from mmbench.storage import records as store
from mmbench.storage.data_folders import PermittedFiles
from mmbench.task_groups import PREFIX, known_groups, load_group
from mmbench.text import count, part_of, plain

_NAME = "report"  # the file or folder for named runs without --file and --site


def command(args: argparse.Namespace) -> int:
    """Write the pages, and print the path to open."""
    selection = _selection(args)
    runs = selection.runs
    permitted = None if args.allow_outside else PermittedFiles(readable_folders())
    small = len(runs) == 1 and runs[0].record.counts["samples"] <= MOST_IN_A_FILE
    if args.file and not small:
        raise UserError(
            f"--file {args.file}: a single page has one run of up to {MOST_IN_A_FILE:,} samples,"
            f" not {_extent(selection)}; type --site DIR for a folder of pages"
        )
    if args.file or (small and args.run and not args.site):
        path = args.file or f"{_NAME}.html"
        report_unreadable(write_run_file(selection, path, "--file", args.media, permitted))
        _report_refused(permitted)
        show([f"report: {path}"])
        return 0
    where = args.site or (_NAME if args.run else f"{args.out.rstrip('/')}/site")
    site = Site(where)
    writer = SiteWriter(selection, site, args.media, permitted)
    index = writer.write(make_progress(quiet=args.quiet))
    report_unreadable(writer.unreadable)
    _report_refused(permitted)
    if writer.without_rows:
        some = part_of(len(writer.without_rows), len(runs), "run")
        show([f"{some} no rows that can be read; the pages show their records alone"], sys.stderr)
    show([f"report: {index}", f"  {_extent(selection)}"])
    return 0


def _report_refused(permitted: PermittedFiles | None) -> None:
    """Print a note on stderr about files that the pages do not show."""
    if permitted is not None and permitted.refused:
        files = count(len(permitted.refused), "media file")
        show(
            [
                f"note: {files} outside the folders of data that commands on this machine have"
                f" read, e.g. {plain(min(permitted.refused))}; type --allow-outside if you trust"
                " the records"
            ],
            sys.stderr,
        )


def _selection(args: argparse.Namespace) -> Selection:
    if not args.run:
        if not store.tasks_in(args.out):
            raise DataError(f"no runs in {args.out}; `mmbench run -m MODEL -t TASK` makes one")
        return _board(args)
    if group := next((task for task in args.task if task.startswith(PREFIX)), ""):
        raise UserError(f"-t {group}: the report of a board has a page for it; leave out RUN")
    if len(args.task) > 1:
        raise UserError("-t: runs are looked up in one task; give -t once, or leave out RUN")
    one_task = argparse.Namespace(out=args.out, task=next(iter(args.task), None))
    return named_runs(find_runs(args.run, one_task))


def _board(args: argparse.Namespace) -> Selection:
    """Return the runs of the board, or of the tasks and groups of `-t`."""
    groups = [load_group(task, args.tasks) for task in args.task if task.startswith(PREFIX)]
    tasks = [task for task in args.task if not task.startswith(PREFIX)]
    if not groups:
        known, invalid = known_groups(args.tasks)
        report_unreadable(invalid)
        return whole_board(args.out, tasks, known_groups=known)
    own = dict.fromkeys(one.recorded for group in groups for one in group.tasks)
    present = [task for task in store.tasks_in(args.out) if task in own]
    if not present:
        raise DataError(f"no runs of the tasks of {', '.join(args.task)} in {args.out}")
    return whole_board(args.out, [*tasks, *present], groups)


def _extent(selection: Selection) -> str:
    """Return the extent of a report: `12 tasks, 158 runs`."""
    runs = selection.runs
    if len(runs) == 1:
        return f"a run of {count(runs[0].record.counts['samples'], 'sample')}"
    return f"{count(len(selection.tables), 'task')}, {count(len(runs), 'run')}"
