"""The formats of exports, and the export of runs to one of them or to a reporter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from mmbench.errors import UserError
from mmbench.reports.exports.caveats import refuse_caveats
from mmbench.reports.exports.every_eval_ever.log import export_eee
from mmbench.reports.exports.hub_results import export_hub
from mmbench.reports.exports.model_card import export_card
from mmbench.reports.exports.options import ExportOptions, check_options
from mmbench.reports.exports.result import Exported, Exporter
from mmbench.reports.exports.score_csv import export_csv
from mmbench.reports.exports.score_junit import export_junit
from mmbench.storage.records import StoredRun

FORMATS: Mapping[str, Exporter] = {
    "hub": export_hub,
    "card": export_card,
    "eee": export_eee,
    "csv": export_csv,
    "junit": export_junit,
}
_PERCENT = ("hub", "card")  # formats for which the scale of a score is a convention of others


def export_runs(
    runs: Sequence[StoredRun], name: str, file: Path | None, options: ExportOptions
) -> Exported:
    """Export runs to the file format `name`; a run that is given twice is exported once.

    `file` is the file, or the folder for a format of several files; None for the default of the
    format. Raises UserError for invalid options, for runs with caveats unless `options.anyway`, and
    if the format cannot express the runs.
    """
    runs = list({run.folder.path(run.name): run for run in runs}.values())
    records = [run.record for run in runs]
    check_options(options, records)
    if options.percent and name not in _PERCENT:
        raise UserError(
            f"--percent is for --to {' and --to '.join(_PERCENT)}, not --to {name}; leave it out"
        )
    if not options.anyway:
        refuse_caveats(records)
    return FORMATS[name](runs, file, options)
