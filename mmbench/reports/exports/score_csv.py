"""All scores of runs as CSV: a line for each run and score, with values that are not rounded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from mmbench.reports.exports.caveats import caveats
from mmbench.reports.exports.facts import version_of
from mmbench.reports.exports.options import ExportOptions
from mmbench.reports.exports.result import Exported, write_export
from mmbench.reports.exports.scores import selected
from mmbench.reports.sections import label
from mmbench.storage.records import StoredRun
from mmbench.text import csv_cell
from mmbench.text.csv_text import csv_text
from mmbench.types import RunRecord, ScoreInfo

COLUMNS = (
    *("run", "created", "task", "version", "kind", "model", "checkpoint", "revision", "baseline"),
    *("score", "headline", "tag", "tag_value", "value", "low", "high", "n", "groups", "failed"),
    *("better", "signature", "reason", "published", "verdict", "caveats"),
    *("fingerprint", "data_hash", "model_hash", "mmbench"),
)
_TEXT = 1000  # characters of a cell


def export_csv(runs: Sequence[StoredRun], file: Path | None, options: ExportOptions) -> Exported:
    """Write the scores of all runs into one file. A score without a value has an empty cell."""
    lines = [line for run in runs for line in _lines(run.record, options.metrics)]
    marker = ",".join(COLUMNS).encode()
    return Exported(
        [write_export(file or Path("scores.csv"), csv_text(lines, COLUMNS).encode(), marker)]
    )


def _lines(record: RunRecord, requested: Sequence[str]) -> Iterator[dict[str, object]]:
    """Yield the lines of a run: its scores, then its scores for each value of each tag."""
    for name, score in selected(record, requested).items():
        yield _line(record, name, score)
        for tag, values in record.breakdowns.items():
            for value, scores in values.items():
                if name in scores:
                    yield _line(record, name, scores[name], tag, value)


def _line(
    record: RunRecord, name: str, score: ScoreInfo, tag: str = "", value: str = ""
) -> dict[str, object]:
    model, task = record.model, record.task
    known = [one for one in record.published if one.metric == name and not tag]
    cells: Mapping[str, object] = {
        "run": record.run,
        "created": record.created,
        "task": task.name,
        "version": task.version,
        "kind": task.kind,
        "model": label(record),
        "checkpoint": model.checkpoint,
        "revision": model.revision,
        "baseline": record.baseline,
        "score": name,
        "headline": "yes" if name == record.headline and not tag else "no",
        "tag": tag,
        "tag_value": value,
        "value": score.value,
        "low": score.low,
        "high": score.high,
        "n": score.n,
        "groups": score.groups,
        "failed": score.failed,
        "better": score.better,
        "signature": score.signature,
        "reason": score.reason,
        "published": known[0].value if known else None,
        "verdict": known[0].verdict if known else "",
        "caveats": "; ".join(caveats(record)),
        "fingerprint": task.fingerprint,
        "data_hash": task.data_hash,
        "model_hash": model.hash,
        "mmbench": version_of(record),
    }
    return {
        key: csv_cell(cell, _TEXT) if isinstance(cell, str) else cell for key, cell in cells.items()
    }
