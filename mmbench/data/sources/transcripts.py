"""The data source `transcripts`: recordings with their transcripts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mmbench.columns import column, entries
from mmbench.data.mapping.recording_parts import ranges_of_parts
from mmbench.data.readers.file_bytes import read_file
from mmbench.data.readers.folders import entries as folder_entries
from mmbench.data.readers.folders import files_below
from mmbench.data.readers.table_files import TABLES, find_file
from mmbench.data.readers.transcript_lines import TIMED
from mmbench.data.sources.speech.fairseq import fairseq, is_fairseq
from mmbench.data.sources.speech.kaldi import kaldi
from mmbench.data.sources.speech.layouts import librispeech, sphinx, text_files, trn
from mmbench.data.sources.speech.tables import transcript_table
from mmbench.datasets import Samples
from mmbench.errors import DataError
from mmbench.protocols import declare_source
from mmbench.text import listed
from mmbench.types import Sample

_FILES = (*TABLES, ".trn")
# Names of LibriSpeech's parts (openslr.org/12).
_PARTS = (
    *("dev-clean", "dev-other", "test-clean", "test-other"),
    *("train-clean-100", "train-clean-360", "train-other-500"),
)


@declare_source("table", "json", "text", own_data=True)
def transcripts(root: Path | None, *, split: str = "") -> Samples:
    """Load one sample per recording: its transcript as target, its speaker as group and tag.

    `root` is a file or a folder in one of these formats:

    - a .trn of lines `text (id)`; a text may contain alternatives (`mmbench.text.alternatives`);
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
      recordings.

    `split` selects a part of LibriSpeech: the subfolder with this name, in `root` or in its
    subfolder LibriSpeech. Audio files are found by id, next to the transcripts; they need not
    exist.

    Raises DataError for data that cannot be read, for duplicate ids and for a folder with only
    other parts of LibriSpeech. An empty transcript is kept.
    """
    if root is not None and root.is_dir():
        root = _part(root, split)
        chapters = sorted(f for f in files_below(root) if f.name.endswith(".trans.txt"))
        if chapters:
            return _data(librispeech(chapters, root))
        if (root / "transcription").is_file():
            return _data(sphinx(root))
        root = root / "text" if (root / "text").is_file() else root
    if root is not None and root.is_file() and root.name == "text":
        return _data(kaldi(root))
    _refuse_unread(root)
    if root is not None and root.is_dir() and not _has_file(root):
        pairs = text_files(root)
        if pairs:
            return _data(pairs)
    path = find_file(root, "transcripts", _FILES)
    return _data(_file_samples(path))


def _has_file(folder: Path) -> bool:
    return any(file.suffix.lower() in _FILES for file in folder_entries(folder))


def _file_samples(path: Path) -> Sequence[Sample]:
    suffix = path.suffix.lower()
    if suffix == ".trn":
        return trn(path)
    if suffix == ".tsv" and is_fairseq(read_file(path)):
        return fairseq(path)
    return transcript_table(path)


def _data(samples: Sequence[Sample]) -> Samples:
    # The sample table of other parts is replaced, since its source differs.
    ranges = ranges_of_parts(entries(column(samples, "inputs"), "audio"))
    source = {"parts": ranges} if ranges else {}
    return Samples(samples, source=source, group_name="speaker").with_group_tags()


def _refuse_unread(root: Path | None) -> None:
    """Raise DataError for a file in a known but unsupported format."""
    suffix = root.suffix.lower() if root is not None and root.is_file() else ""
    if suffix in TIMED:
        raise DataError(
            f"{root} has {TIMED[suffix]}, which mmbench does not read; give one text per recording,"
            " as .trn, .csv, .tsv or .jsonl"
        )
    if suffix == ".txt":
        raise DataError(
            f"{root}: references need ids; give .trn, .csv, .tsv or .jsonl, or Kaldi's lines"
            " `id words…` in a file named text"
        )


def _part(root: Path, split: str) -> Path:
    """Return the folder of the LibriSpeech part `split`, or `root` if there are no parts.

    `root` is also returned if `split` is "".
    """
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
