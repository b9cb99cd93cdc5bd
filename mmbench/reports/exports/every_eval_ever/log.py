"""Every Eval Ever: a JSON file for each run, and the samples of the run as JSON lines.

The fields are those of evaleval/every_eval_ever, schemas/eval.schema.json, version 0.3.0; the paths
and the checks beyond the schema are those of its validator/validation_core.py. Scores are
fractions, as the schema's registry of metrics has them.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from mmbench.comparison.samples.run_samples import RunSamples, run_samples
from mmbench.errors import MissingRows, UserError
from mmbench.reports.exports.caveats import caveats
from mmbench.reports.exports.every_eval_ever.results import evaluation_result
from mmbench.reports.exports.every_eval_ever.samples import SampleLines, sample_lines
from mmbench.reports.exports.every_eval_ever.values import SCHEMA_VERSION, strings
from mmbench.reports.exports.facts import version_of
from mmbench.reports.exports.options import ExportOptions, model_id_of
from mmbench.reports.exports.result import Exported, write_export
from mmbench.reports.exports.scores import missing_note, with_values
from mmbench.reports.sections import label
from mmbench.storage.file_names import escaped
from mmbench.storage.records import StoredRun
from mmbench.text import json_escaped, plain
from mmbench.types import RunRecord, ScoreInfo
from mmbench.validation.safe_parse import encode_json

_DEFAULT = "every-eval-ever"  # the folder that gets the folder `data`
_MARKER = b'"name": "mmbench"'
_LOCAL = ("float32", "bfloat16", "float16")  # data types of models that mmbench ran itself


def export_eee(runs: Sequence[StoredRun], file: Path | None, options: ExportOptions) -> Exported:
    """Write the files of each run below `file`, the folder that contains the folder `data`.

    Raises UserError if the hub id of a model is unknown.
    """
    places: list[str] = []
    notes: list[str] = []
    for run in runs:
        record, model_id = run.record, _model_id(run.record, options)
        scores, missing = with_values(record, options.metrics)
        log = _log(record, model_id, scores, options)
        stem = f"data/mmbench-{escaped(record.task.name)}/{model_id}/{_uuid(record)}"
        base = file or Path(_DEFAULT)
        samples = _samples(run)
        if samples is None:
            notes.append(f"run {plain(record.run)}: no file of rows, so without samples")
        else:
            ids = (log["evaluation_id"], model_id)
            lines = sample_lines(samples, ids, list(scores))
            if lines.rows:
                name = f"{stem}_samples.jsonl"
                log["detailed_evaluation_results"] = _detailed(name, lines)
                places.append(write_export(base / name, lines.data, encode_json(ids[0])))
        places.append(write_export(base / f"{stem}.json", _json(log), _MARKER))
        notes += missing_note(record, missing)
    return Exported(places, notes)


def _samples(run: StoredRun) -> RunSamples | None:
    """Return the samples of a run; None if the board has only its record."""
    try:
        return run_samples(run)
    except MissingRows:
        return None


def _detailed(name: str, lines: SampleLines) -> dict[str, Any]:
    return {
        "format": "jsonl",
        "file_path": name,
        "hash_algorithm": "sha256",
        "checksum": sha256(lines.data).hexdigest(),
        "total_rows": lines.rows,
    }


def _model_id(record: RunRecord, options: ExportOptions) -> str:
    model_id = model_id_of(record.model, options)
    if model_id is None:
        raise UserError(
            f"run {plain(record.run)}: the hub id of {plain(label(record))} is unknown, and the"
            " format needs one; type --model-id OWNER/NAME"
        )
    return model_id


def _uuid(record: RunRecord) -> UUID:
    """Return a UUID of version 4, as the format wants; the same for each export of a run."""
    return UUID(bytes=sha256(record.run.encode()).digest()[:16], version=4)


def _json(log: dict[str, Any]) -> bytes:
    return json_escaped(msgspec.json.format(encode_json(log), indent=2).decode()).encode() + b"\n"


def evaluation_id(record: RunRecord, model_id: str) -> str:
    """Return the id of a run: task, model and run id, which contains the time."""
    return f"{record.task.name}/{model_id}/{record.run}"


def _log(
    record: RunRecord, model_id: str, scores: dict[str, ScoreInfo], options: ExportOptions
) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "evaluation_id": evaluation_id(record, model_id),
        **_evaluation_timestamp(record),
        "retrieved_timestamp": str(int(time.time())),
        "source_metadata": _source(record, options),
        "eval_library": {
            "name": "mmbench",
            "version": version_of(record),
            "additional_details": strings(
                record.environment | {"seed": record.seed, "record_schema": record.schema}
            ),
        },
        "model_info": _model(record, model_id),
        "evaluation_results": [
            evaluation_result(record, name, score, options) for name, score in scores.items()
        ],
    }


def _evaluation_timestamp(record: RunRecord) -> dict[str, str]:
    try:
        seconds = datetime.fromisoformat(record.created).timestamp()
    except (ValueError, OverflowError, OSError):
        return {}
    return {"evaluation_timestamp": str(int(seconds))}


def _source(record: RunRecord, options: ExportOptions) -> dict[str, Any]:
    details = {
        "run": record.run,
        **({"url": options.source} if options.source else {}),
        **({"caveats": found} if (found := caveats(record)) else {}),
        **({"notes": record.notes} if record.notes else {}),
    }
    return {
        "source_name": "mmbench",
        "source_type": "evaluation_run",
        "source_organization_name": options.organization or "unknown",
        "evaluator_relationship": options.relationship,
        "additional_details": strings(details),
    }


def _model(record: RunRecord, model_id: str) -> dict[str, Any]:
    """Return the model of a run.

    Only weights that mmbench loaded itself are known to be deployed by the evaluator. The
    availability of weights is not known to mmbench.
    """
    model = record.model
    details = {
        "deployment_type": "self_deployed" if model.dtype in _LOCAL else "unknown",
        "model_availability": "unknown",
        "checkpoint": model.checkpoint,
        "revision": model.revision,
        "hash": model.hash,
        "adapter": model.adapter,
        "dtype": model.dtype,
        "options": model.options,
    }
    return {
        "name": label(record),
        "id": model_id,
        "developer": model_id.partition("/")[0],
        "additional_details": strings(details),
    }
