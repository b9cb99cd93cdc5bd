"""What somebody's model said, read from a file or a folder: see docs/scoring.md for the formats."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from mmbench.contents import ContentKeys, cache_folder, digest
from mmbench.data.beside import SOUNDS
from mmbench.data.column_choice import check_fields
from mmbench.data.folder import EXTENSIONS, files_below
from mmbench.data.image_set import files_of
from mmbench.data.jsonfile import read_file
from mmbench.data.outputs_arrays import embeddings, score_matrix
from mmbench.data.outputs_lines import (
    TIMED,
    is_msmarco_run,
    kaldi,
    lines,
    msmarco_run,
    run,
    transcripts,
)
from mmbench.data.outputs_records import json_values, record_values
from mmbench.errors import DataError, SampleError
from mmbench.types import Media, Modality, Outputs

FORMATS = (
    ".jsonl, .csv or .tsv (id, value); .json (COCO or VQA results, or {id: value});"
    " .trn, .txt (a value a line), Kaldi's text; .run, .trec or .tsv (runs); .npz (embeddings);"
    " .npy (scores); or a folder of images or sounds"
)

_RECORDS: dict[str, Callable[[bytes, Path, Mapping[str, str]], Outputs]] = {
    ".jsonl": record_values,
    ".csv": record_values,
    ".tsv": record_values,
    ".json": json_values,
}
_TEXTS: dict[str, Callable[[bytes, Path], Outputs]] = {
    ".trn": transcripts,
    ".run": run,
    ".trec": run,
    ".txt": lines,
}
_RUNS = (".tsv", ".run", ".trec")
_ARRAYS: dict[str, Callable[[Path], Outputs]] = {".npz": embeddings, ".npy": score_matrix}


def read_outputs(path: Path, fields: Mapping[str, str] | None = None) -> Outputs:
    """Read the outputs in a file, by its extension, or the images or sounds in a folder.

    `fields` names the columns of the predictions and the ids (keys `prediction`, `id`) in a file of
    records. Nothing is matched to a task here, and no image is decoded. Raises DataError, with file
    and line, for what cannot be read, for ids that stand twice, and for a format that is none of
    `FORMATS`; UnknownName for a field or a column that is not there.
    """
    fields = fields or {}
    check_fields(fields)
    suffix = path.suffix.lower()
    if fields and (path.is_dir() or suffix not in _RECORDS):
        raise DataError(f"{path}: has no columns to choose from: leave --field out")
    if path.is_dir():
        return _made(path)
    if suffix in _ARRAYS:
        return _ARRAYS[suffix](path)
    read = _reader(path, fields)
    if read is None and path.exists():
        raise DataError(f"{path}: {_why_unknown(suffix)}: give {FORMATS}")
    data = read_file(path, pipe=True)
    if read is None or (not data.strip() and suffix != ".txt"):
        raise DataError(f"{path}: is empty; give {FORMATS}")
    if suffix in _RUNS and is_msmarco_run(data):
        read = msmarco_run
    return msgspec.structs.replace(read(data, path), digest=digest(data).hex())


def _reader(path: Path, fields: Mapping[str, str]) -> Callable[[bytes, Path], Outputs] | None:
    """What reads a text file of this name."""
    suffix = path.suffix.lower()
    if suffix in _RECORDS:
        read = _RECORDS[suffix]
        return lambda data, path: read(data, path, fields)
    return kaldi if path.name == "text" else _TEXTS.get(suffix)


def _why_unknown(suffix: str) -> str:
    """Why a file with this ending is not read."""
    if suffix in TIMED:
        return f"holds {TIMED[suffix]}, which are not aligned with samples here"
    return f"cannot tell its format by {suffix!r}"


def _made(folder: Path) -> Outputs:
    """Images, or where there is none sounds, by their path without the extension."""
    endings = {file.suffix.lower() for file in files_below(folder)}
    heard = endings & {*SOUNDS} and not endings & {*EXTENSIONS}
    modality: Modality = "audio" if heard else "image"
    files = files_of(folder, SOUNDS if modality == "audio" else EXTENSIONS, modality)
    parts: list[bytes | str] = []
    with ContentKeys(cache_folder()) as keys:
        for ident, file in files:
            parts += [ident, _key(keys, file)]
    media = {ident: Media(modality, str(file)) for ident, file in files}
    return Outputs(media, digest=digest(*parts).hex())


def _key(keys: ContentKeys, file: Path) -> bytes:
    try:
        return keys.file(file)
    except SampleError:
        # It fails again, for itself alone, when it is looked at.
        return b""
