"""`mmbench export`: stored runs as files of other programs, or in a tracker."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from mmbench import registry
from mmbench.cli.exit_codes import DONE
from mmbench.cli.output.terminal import show
from mmbench.cli.parser.options import find_runs
from mmbench.errors import UnknownName, UserError
from mmbench.reports.exports.formats import FORMATS, export_runs
from mmbench.reports.exports.options import ExportOptions
from mmbench.reports.exports.result import Exported
from mmbench.reports.reporters import find_reporters, report_stored
from mmbench.storage.records import StoredRun
from mmbench.text import plain


def command(args: argparse.Namespace) -> int:
    """Export the runs to files or to a reporter, and print where the export is."""
    known = {*FORMATS, *registry.names("reporter")}
    if args.to not in known:
        raise UnknownName("export format", args.to, known)
    runs = find_runs(args.run, args)
    if args.to in FORMATS:
        exported = export_runs(runs, args.to, args.file, _options(args))
    else:
        exported = Exported(_report(runs, args.to, args.file))
    show([f"note: {note}" for note in exported.notes], sys.stderr)
    show(plain(place, 1000) for place in exported.places)
    return DONE


def _report(runs: Sequence[StoredRun], name: str, file: Path | None) -> list[str]:
    """Pass the runs to a reporter, and return the locations that it wrote to.

    A reporter gets the record, with all that a caveat says, so no run is refused.
    """
    if file is not None:
        raise UserError(
            f"--file is for exports to files, not for the reporter {name}; leave it out"
        )
    reporter = find_reporters([name])[name]
    return [report_stored(run, name, reporter) for run in runs]


def _options(args: argparse.Namespace) -> ExportOptions:
    return ExportOptions(
        metrics=tuple(args.metric),
        data_sets=tuple(args.dataset),
        model_id=args.model_id,
        source=args.source,
        organization=args.organization,
        relationship=args.relationship,
        percent=args.percent,
        anyway=args.anyway,
    )
