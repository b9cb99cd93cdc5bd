"""Reading of other programs' outputs, with a reader for each file format."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import Path

from msgspec.structs import replace

from mmbench import registry
from mmbench.data.readers.file_bytes import read_file
from mmbench.data.readers.transcript_lines import TIMED
from mmbench.engine.loading.data.returned_data import outputs_fault
from mmbench.errors import DataError, UserError
from mmbench.predictions.column_choice import SELECTIONS, check_fields
from mmbench.predictions.harnesses import HarnessResults, read_harness
from mmbench.predictions.harnesses.outputs import harness_outputs, names_harness_value
from mmbench.predictions.segments import holds_segments
from mmbench.predictions.vectors import holds_embeddings
from mmbench.storage.content_keys import digest
from mmbench.types import Outputs
from mmbench.validation.regular_files import read_regular

# The registered names of the readers of folders; no file has such a name.
_FOLDER, _EMBEDDINGS, _SEGMENTS = "folder/", "embeddings/", "segments/"
FORMATS = (
    ".jsonl, .csv or .tsv (id, value); .json (COCO or VQA results, or {id: value});"
    " .trn, .txt (one value per line), Kaldi's text; .run, .trec or .tsv (runs); .npz (embeddings);"
    " .npy (scores); .rttm, .stm or SegLST .json (segments with speakers), or a folder of these;"
    " a folder of embeddings (query.npy, corpus.npy, query_ids, corpus_ids), of images or of audio"
    " files; results of lmms-eval, lm-eval, VLMEvalKit, EvalScope or inspect_ai"
)


def read_outputs(path: Path, fields: Mapping[str, str] | None = None) -> Outputs:
    """Read outputs from a file, or from a folder of embeddings, images or audio files.

    Results of other harnesses are recognised by their contents; otherwise the extension of a file
    determines its reader. `fields` maps `prediction` and `id` to columns of a file of records, and
    other keys to values that select results of a harness. Outputs are not matched to a task here,
    and images are not decoded. Raises DataError, with file and line, for contents that cannot be
    read, duplicate ids and unknown formats; UnknownName for a missing field or column.
    """
    fields = fields or {}
    check_fields(fields)
    name = _reader_name(path)
    results = None if registry.plugin("outputs", name) else read_harness(path)
    if results is not None and _selects(results, fields):
        return harness_outputs(results, fields, str(path))
    _refuse_selection(path, fields)
    reader = registry.lookup("outputs", name) if name in registry.names("outputs") else None
    takes_fields = reader is not None and "fields" in inspect.signature(reader).parameters
    if fields and not takes_fields:
        raise DataError(f"{path} has no columns to choose from; leave --field out")
    if reader is None:
        raise _unknown_format(path)
    outputs: Outputs = reader(path, fields) if takes_fields else reader(path)
    return (
        _check_plugin_outputs(name, path, outputs) if registry.plugin("outputs", name) else outputs
    )


def _selects(results: HarnessResults, fields: Mapping[str, str]) -> bool:
    """Return whether `fields` leave the choice of the predictions to the reader of a harness."""
    name = fields.get("prediction", "")
    return not name or names_harness_value(results, name)


def _refuse_selection(path: Path, fields: Mapping[str, str]) -> None:
    """Raise DataError for a field that selects results in a file read as a plain table."""
    for key in SELECTIONS:
        if key in fields:
            raise DataError(
                f"{path} is read as a table, without {key}; leave --field {key}={fields[key]} out,"
                " or choose --field prediction=raw or extracted"
            )


def _check_plugin_outputs(name: str, path: Path, outputs: Outputs) -> Outputs:
    """Check the outputs of a plugin's reader, and add the hash of the file if they have no hash.

    Raises UserError for invalid outputs.
    """
    if fault := outputs_fault(outputs):
        raise UserError(f"outputs {name}: the reader returned {fault}")
    if outputs.digest or not path.is_file():
        return outputs
    return replace(outputs, digest=digest(read_regular(path)).hex())


def _reader_name(path: Path) -> str:
    """Return the name of the reader for a path: a file's extension, or its name without one."""
    if path.is_dir():
        found = {_EMBEDDINGS: holds_embeddings, _SEGMENTS: holds_segments}
        return next((name for name, holds in found.items() if holds(path)), _FOLDER)
    return path.suffix.lower() or path.name


def _unknown_format(path: Path) -> DataError:
    """Return the error for a file of unknown format. Raises DataError if the file is missing."""
    if not path.exists():
        read_file(path, pipe=True)
    plugins = [name for name in registry.names("outputs") if registry.plugin("outputs", name)]
    suffix = path.suffix.lower()
    if suffix.removeprefix(".") in plugins:
        raise DataError(
            f"{path}: a reader is registered as {suffix[1:]!r}; register it as {suffix!r}"
        )
    formats = "; ".join([FORMATS, *plugins])
    why = f"no reader for the extension {suffix!r}"
    if suffix in TIMED:
        why = f"contains {TIMED[suffix]}, which are not aligned with samples"
    return DataError(f"{path}: {why}; give {formats}")
