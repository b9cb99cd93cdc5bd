"""Readers of model outputs from other programs, one for each format: see docs/scoring.md.

The readers do not match outputs with a task and do not decode images. They raise DataError, with
file and line, for files that cannot be read and for duplicate ids.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from mmbench.data.readers.file_bytes import read_file
from mmbench.data.readers.folders import files_below, media_in
from mmbench.errors import DataError, SampleError
from mmbench.media.endings import IMAGES, SOUNDS
from mmbench.predictions.excel import excel_records
from mmbench.predictions.lines import (
    is_msmarco_run,
    kaldi,
    lines,
    msmarco_run,
    run,
    transcripts,
)
from mmbench.predictions.records import json_values, record_values, table_values
from mmbench.storage.content_keys import ContentKeys, cache_folder, digest
from mmbench.types import Media, Modality, Outputs
from mmbench.validation.regular_files import read_regular


def records(path: Path, fields: Mapping[str, str]) -> Outputs:
    """Read a .jsonl, .csv or .tsv file: one id and value per row; a .tsv may be an MS MARCO run.

    `fields` are the columns that `--field` names, by the keys `prediction` and `id`.
    """
    data = _content(path)
    if path.suffix.lower() == ".tsv" and is_msmarco_run(data):
        return _with_digest(msmarco_run(data, path), data)
    return _with_digest(record_values(data, path, fields), data)


def json_file(path: Path, fields: Mapping[str, str]) -> Outputs:
    """Read a .json file: results of COCO or VQA, segments in SegLST, or {id: value}.

    `fields` are the columns that `--field` names, by the keys `prediction` and `id`.
    """
    data = _content(path)
    return _with_digest(json_values(data, path, fields), data)


def excel(path: Path, fields: Mapping[str, str]) -> Outputs:
    """Read an .xlsx file: one id and value per row of the first sheet.

    `fields` are the columns that `--field` names, by the keys `prediction` and `id`.
    """
    data = read_regular(path)
    return _with_digest(table_values(excel_records(data, path), path, fields), data)


def trec_run(path: Path) -> Outputs:
    """Read a .run or .trec file: a retrieval run in the format of TREC or MS MARCO."""
    data = _content(path)
    read = msmarco_run if is_msmarco_run(data) else run
    return _with_digest(read(data, path), data)


def trn(path: Path) -> Outputs:
    """Read a .trn file: transcripts in lines `text (id)`, the format of NIST's sclite."""
    data = _content(path)
    return _with_digest(transcripts(data, path), data)


def text(path: Path) -> Outputs:
    """Read a .txt file: one value per line, in the order of the task's samples."""
    data = read_file(path, pipe=True)
    return _with_digest(lines(data, path), data)


def kaldi_text(path: Path) -> Outputs:
    """Read a file with the name `text`: transcripts in Kaldi's format, `id words…`."""
    data = _content(path)
    return _with_digest(kaldi(data, path), data)


def _content(path: Path) -> bytes:
    data = read_file(path, pipe=True)
    if not data.strip():
        raise DataError(f"{path} is empty; give a file of outputs")
    return data


def _with_digest(outputs: Outputs, data: bytes) -> Outputs:
    return msgspec.structs.replace(outputs, digest=digest(data).hex())


def folder(folder: Path) -> Outputs:
    """Read the images in a folder, or its audio files if there are no images.

    Ids are the paths in the folder, without extensions.
    """
    endings = {file.suffix.lower() for file in files_below(folder)}
    is_audio = endings & {*SOUNDS} and not endings & {*IMAGES}
    modality: Modality = "audio" if is_audio else "image"
    files = media_in(folder, modality)
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
        # A file that cannot be read fails again later, for this sample only.
        return b""
