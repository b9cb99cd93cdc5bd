"""Tables of recordings with transcripts: manifests of NeMo, TSV of paths, Common Voice, CSV, JSONL.

Formats: NVIDIA/NeMo nemo/collections/common/parts/preprocessing/manifest.py (`__parse_item`) and
nemo/collections/asr/parts/preprocessing/segment.py (`AudioSegment.from_file`: `offset` and
`duration` are seconds, and a duration of 0 or less stands for the rest of the file).
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from mmbench.columns import ABSENT, are_distinct
from mmbench.data.mapping.column_roles import MEDIUM, Role
from mmbench.data.mapping.own_table_media import media_by_modality
from mmbench.data.mapping.recording_parts import (
    parse_offset,
    parse_seconds,
    part_id,
    parts_of_recordings,
)
from mmbench.data.readers.file_bytes import read_file
from mmbench.data.readers.folders import MEDIA, modality_by_ending
from mmbench.data.readers.own_tables import OwnTable
from mmbench.data.readers.records import parse_text, refuse_duplicates
from mmbench.data.readers.rows import FileRows
from mmbench.data.readers.table_files import csv_records, read_records
from mmbench.datasets import sample_columns
from mmbench.errors import DataError
from mmbench.types import Media, PlaceInFile, Sample

_NEMO = ("audio_filepath", "audio_filename")
# Columns of audio paths in manifests of NeMo, Common Voice, Hugging Face and SpeechBrain.
_PATHS = (*_NEMO, "path", "file_name", "wav")
_IDS = ("id", "audio_filepath", "utt_id", "utterance_id", "segment_id", "file", "audio", *_PATHS)
_TEXTS = ("text", "transcript", "transcription", "sentence", "normalized_text", "wrd")
_SPEAKERS = ("speaker", "client_id", "speaker_id", "spk_id")
_USED = {*MEDIA, *_PATHS, *_SPEAKERS, "id", "text", "file"}
_COMMON_VOICE = {"client_id", "path", "sentence"}
_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_CLIPS = "clips"  # the folder of audio files of Common Voice


ROLES = (
    Role("text", required=True, own=_TEXTS),
    Role(MEDIUM, own=(*MEDIA, "file", *_PATHS)),
    Role("speaker", own=_SPEAKERS),
    Role("id", own=_IDS),
)


def transcript_table(rows: OwnTable) -> Sequence[Sample]:
    """Return the samples of a table, with the transcript as target and the speaker as group.

    A row of a NeMo manifest with an `offset` is a part of its audio file, of `duration` seconds; a
    row without one is the whole file, which must last `duration` seconds. If a manifest has
    offsets, the path is the tag `recording`. Raises DataError.
    """
    manifest = next((name for name in _NEMO if rows.find(name)), "")
    for name in _PATHS if rows.find("file") is None else ():
        rows.alias(name, "audio")
    media = dict(media_by_modality(rows))
    if manifest and "audio" in media:
        media["audio"] = _manifest_audio(rows, media["audio"])
    # `text` has priority over other columns of transcripts.
    select = rows.first if rows.find("text") else rows.only
    name, texts = select(_TEXTS, "text")
    speaker = next((name for name in _SPEAKERS if rows.find(name)), "speaker")
    return sample_columns(
        _ids(rows, manifest),
        media,
        targets=rows.as_texts(name, parse_text, texts),
        groups=rows.texts(speaker),
        tags=_recording_tags(rows, manifest) | rows.tags({*_USED, name}),
    )


def _recording_tags(rows: OwnTable, manifest: str) -> dict[str, Sequence[Any]]:
    """Return the tag `recording`, the path in a NeMo manifest whose rows are parts of files.

    The parts of a file can then be joined (`mmbench.metrics.speech.long_form`).
    """
    is_cut = bool(manifest) and rows.find("offset") is not None
    return {"recording": rows.texts(manifest, ABSENT)} if is_cut else {}


def read_table(path: Path) -> FileRows:
    """Return the rows of a table file. A CSV or TSV of paths and texts may lack a header.

    Raises DataError.
    """
    delimiter = _DELIMITERS.get(path.suffix.lower(), "")
    if not delimiter:
        return FileRows(path, read_records(path, "text"))
    data = read_file(path)
    line = data.partition(b"\n")[0].decode(errors="replace").rstrip("\r")
    # TSV without a header, and those of Common Voice, are written without quotes.
    quoted = delimiter != "\t"
    first = next(csv.reader([line], delimiter=delimiter), []) if quoted else line.split(delimiter)
    if set(first) >= _COMMON_VOICE:
        return _with_clips(FileRows(path, csv_records(data, path, delimiter, quoted=quoted)))
    header = _missing_header(first, path)
    if header:
        rows = csv_records(data, path, delimiter, header=header, quoted=quoted)
        return _with_stems(FileRows(path, rows))
    return FileRows(path, read_records(path, "text"))


def _missing_header(first: list[str], path: Path) -> list[str]:
    """Return the columns of a table without a header, judging by its first row; [] with a header.

    A row has a path and a text, or an id, a path and a text. Raises DataError for other rows.
    """
    kinds = [modality_by_ending(cell) for cell in first]
    if "audio" not in kinds:
        return []
    others = {2: ["text"], 3: ["id", "text"]}.get(len(first), [])
    if kinds.count("audio") > 1 or not others:
        raise DataError(
            f"{path} line 1 has the path of an audio file, so the header is missing; add a line"
            " with the names of the columns: audio, text, and optionally id and speaker"
        )
    at = kinds.index("audio")
    return [*others[:at], "audio", *others[at:]]


def _with_clips(rows: FileRows) -> FileRows:
    """Add the paths in the folder of clips as column `audio`; the paths in the file are the ids."""
    if (rows.folder / _CLIPS).is_dir():
        rows.append("id", rows.read("path"))
        rows.append("audio", [f"{_CLIPS}/{name}" for name in rows.read("path")])
    return rows


def _with_stems(rows: FileRows) -> FileRows:
    """Add the column `id` with the names of the audio files, if they are distinct.

    A table that has ids keeps them.
    """
    if "id" in rows.names():
        return rows
    stems = [PurePosixPath(str(path)).stem for path in rows.read("audio")]
    if are_distinct(stems):
        rows.append("id", stems)
    return rows


def _manifest_audio(rows: OwnTable, audio: Sequence[Any]) -> list[Any]:
    """Return the audio of a NeMo manifest: parts of files, or files with their durations."""
    offsets, durations = _offsets(rows), _seconds(rows, "duration", parse_seconds)
    durations = [seconds if seconds and seconds > 0 else None for seconds in durations]
    places = [
        None if start is None else PlaceInFile(start=start, seconds=seconds)
        for start, seconds in zip(offsets, durations, strict=True)
    ]
    parts = parts_of_recordings(audio, places)
    return [
        Media(one.modality, one.name, seconds=seconds)
        if isinstance(one, Media) and one.read is None
        else one
        for one, seconds in zip(parts, durations, strict=True)
    ]


def _offsets(rows: OwnTable) -> Sequence[float | None]:
    return _seconds(rows, "offset", parse_offset)


def _seconds(
    rows: OwnTable, name: str, one: Callable[[object], float | None]
) -> Sequence[float | None]:
    """Return the result of `one` for each cell of a column."""
    return rows.convert(rows.find(name) or name, one, rows.cells(name))


def _ids(rows: OwnTable, manifest: str) -> Sequence[str]:
    """Return the distinct ids of the rows.

    The id of a part of a file is the path with the offset, unless the table has ids. Rows with
    encoded audio and without ids are numbered from 0.
    """
    columns = rows.id_columns(_IDS)
    if not columns:
        return rows.default_ids("audio")
    ids = rows.ids(columns)
    if manifest == columns[0]:
        ids = [part_id(path, start) for path, start in zip(ids, _offsets(rows), strict=True)]
    refuse_duplicates("id", ids, rows.place)
    return ids
