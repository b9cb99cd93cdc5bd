"""`mmbench export`: stored runs as files of other programs, or in a tracker."""

from __future__ import annotations

import argparse
import sys

from mmbench.cli.exit_codes import DONE
from mmbench.cli.output.terminal import show
from mmbench.cli.parser.options import find_runs
from mmbench.errors import UnknownName
from mmbench.reports.exports.formats import FORMATS, export_runs
from mmbench.reports.exports.options import ExportOptions
from mmbench.text import plain


def command(args: argparse.Namespace) -> int:
    """Export the runs, and print where the export is."""
    if args.to not in FORMATS:
        raise UnknownName("export format", args.to, FORMATS)
    runs = find_runs(args.run, args)
    exported = export_runs(runs, args.to, args.file, _options(args))
    show([f"note: {note}" for note in exported.notes], sys.stderr)
    show(plain(place, 1000) for place in exported.places)
    return DONE


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
