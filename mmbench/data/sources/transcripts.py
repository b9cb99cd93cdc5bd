"""The data source `transcripts`: recordings with their transcripts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from mmbench.columns import column
from mmbench.columns import entries as input_column
from mmbench.data.mapping.column_roles import own_table
from mmbench.data.mapping.recording_parts import ranges_of_parts
from mmbench.data.readers.file_bytes import read_file
from mmbench.data.readers.folders import entries, files_below, files_of_split
from mmbench.data.readers.memory.rows import DataPlace
from mmbench.data.readers.own_data import rows_of
from mmbench.data.readers.table_files import TABLES
from mmbench.data.readers.transcript_lines import TIMED
from mmbench.data.sources.speech.fairseq import fairseq, is_fairseq
from mmbench.data.sources.speech.kaldi import kaldi
from mmbench.data.sources.speech.layouts import (
    has_sounds,
    librispeech,
    plain_lines,
    sphinx,
    text_files,
    trn,
)
from mmbench.data.sources.speech.tables import ROLES, read_table, transcript_table
from mmbench.datasets import Samples
from mmbench.errors import DataError
from mmbench.protocols import declare_source
from mmbench.text import listed
from mmbench.types import Sample

_SPECIAL = (".trn", ".csv", ".tsv")  # which may be in a format that is no general table
_FORMATS = "a .trn or .txt file, a folder of Kaldi, LibriSpeech or CMUSphinx"
# Names of LibriSpeech's parts (openslr.org/12).
_PARTS = (
    *("dev-clean", "dev-other", "test-clean", "test-other"),
    *("train-clean-100", "train-clean-360", "train-other-500"),
)


@declare_source("table", "json", "text", "folder", own_data=True, any_layout=True)
def transcripts(
    root: DataPlace | None,
    *,
    path: str = "",
    columns: dict[str, str] | None = None,
    split: str = "",
) -> Samples:
    """Load one sample per recording: its transcript as target, its speaker as group and tag.

    `root` is a file or a folder in one of these formats:

    - a .trn of lines `text (id)`; a text may contain alternatives (`mmbench.text.alternatives`);
    - a .txt with one transcript per line, to score outputs in the same order;
    - CSV, TSV, JSONL or JSON with `id`, `text` and optionally `speaker` and `audio`, a path; other
      columns are tags. The path is the id if there is no id column. Without `text`, the only column
      of `transcript`, `transcription` and `sentence` is the text;
    - a manifest of NeMo with `audio_filepath` and `text`; a row with `offset` and `duration` is a
      part of the file;
    - a TSV or CSV of paths and texts without a header, the TSV of Common Voice, or a manifest of
      fairseq with its .wrd or .ltr;
    - a folder of audio files, each with its text in a .txt of the same name;
    - a folder of LibriSpeech with its *.trans.txt files;
    - a folder of CMUSphinx with `transcription` and `fileids`;
    - a data folder of Kaldi, or its file `text`; with `segments`, utterances are parts of
      recordings;
    - any layout of `own_rows` with these columns, also at `path`.

    `columns` gives the columns of a table that have other names; further ones are inferred
    (`choose_columns`). `split` selects a split, one of several tables (`test.tsv`), or a part of
    LibriSpeech: the subfolder with this name, in `root` or in its subfolder LibriSpeech. Audio
    files are found by id, next to the transcripts; they need not exist.

    Raises DataError for data that cannot be read, for duplicate ids and for a folder with only
    other parts of LibriSpeech. An empty transcript is kept.
    """
    file = None
    if isinstance(root, Path):
        root = _part(root, split) if root.is_dir() else root
        if (samples := _layout(root)) is not None:
            return _data(samples)
        _refuse_unread(root)
        if not columns:
            _refuse_audio_alone(root)
        file = _own_file(root)
    rows = read_table(file) if file else rows_of(root, path, split or None, "text", _FORMATS)
    table = own_table(rows, columns or {}, ROLES)
    data = _data(transcript_table(table))
    return replace(data, source={**table.source, **data.source})


def _layout(root: Path) -> Sequence[Sample] | None:
    """Return the samples of a layout of speech corpora; None for data in another layout."""
    if root.is_dir():
        chapters = sorted(f for f in files_below(root) if f.name.endswith(".trans.txt"))
        if chapters:
            return librispeech(chapters, root)
        if (root / "transcription").is_file():
            return sphinx(root)
    text = root / "text" if root.is_dir() else root
    if text.is_file() and text.name == "text":
        return kaldi(text)
    if root.is_dir() and not _tables(root):
        return text_files(root) or None
    if root.suffix.lower() == ".txt" and root.is_file():
        return plain_lines(root)
    file = _own_file(root)
    if file is not None and file.suffix.lower() == ".trn":
        return trn(file)
    if file is not None and file.suffix.lower() == ".tsv" and is_fairseq(read_file(file)):
        return fairseq(file)
    return None


def _own_file(root: Path) -> Path | None:
    """Return the .trn, CSV or TSV at `root`, or the only table in this folder if it is one."""
    files = _tables(root)
    return files[0] if len(files) == 1 and files[0].suffix.lower() in _SPECIAL else None


def _tables(root: Path) -> list[Path]:
    """Return the tables and .trn files in a folder, or `root` if it is such a file."""
    files = entries(root) if root.is_dir() else [root]
    return [file for file in files if file.suffix.lower() in (*TABLES, ".trn") and file.is_file()]


def _data(samples: Sequence[Sample]) -> Samples:
    # The sample table of other parts is replaced, since its source differs.
    ranges = ranges_of_parts(input_column(column(samples, "inputs"), "audio"))
    source = {"parts": ranges} if ranges else {}
    return Samples(samples, source=source, group_name="speaker").with_group_tags()


def _refuse_unread(root: Path) -> None:
    """Raise DataError for a file in a known but unsupported format."""
    suffix = root.suffix.lower() if root.is_file() else ""
    if suffix in TIMED:
        raise DataError(
            f"{root} has {TIMED[suffix]}, which this task does not read; give one text per"
            " recording, as .trn, .csv, .tsv or .jsonl"
        )


def _refuse_audio_alone(root: Path) -> None:
    """Raise DataError for a folder of audio files without any text or table."""
    if root.is_dir() and not _tables(root) and has_sounds(root):
        raise DataError(
            f"{root} has audio files, but no transcripts; write each text to a .txt of the same"
            " name, or a list of paths and texts to list.tsv in this folder"
        )


def _part(root: Path, split: str) -> Path:
    """Return the table or the folder of the LibriSpeech part that is called `split`.

    Return `root` if there is neither, or if `split` is "".
    """
    if split and len(tables := files_of_split(_tables(root), split)) == 1:
        return tables[0]
    places = [root, root / "LibriSpeech"] if split else []
    for place in places:
        if (place / split).is_dir():
            return place / split
    parts = {part for place in places for part in _PARTS if (place / part).is_dir()}
    others = parts | ({root.name} & set(_PARTS) if split else set())
    if others - {split}:
        raise DataError(
            f"{root} is or has {listed(sorted(others))}, not {split}; give --data FOLDER of {split}"
        )
    return root
