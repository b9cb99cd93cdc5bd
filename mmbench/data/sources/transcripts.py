"""The data source `transcripts`: what was said in recordings."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from mmbench.data.mapping.table_media import media_of
from mmbench.data.published.kaldi import kaldi_samples, named_sound, spoken_sample
from mmbench.data.readers.folders import MEDIA, files_below, sounds_in
from mmbench.data.readers.json_files import read_file
from mmbench.data.readers.records import (
    Record,
    cell,
    column,
    only_of,
    optional,
    refuse_duplicates,
    tags_of,
    text_id,
    text_of,
)
from mmbench.data.readers.table_files import TABLES, find_file, read_records, text_lines
from mmbench.data.readers.transcript_lines import TIMED, trn_texts
from mmbench.datasets import Samples
from mmbench.errors import DataError
from mmbench.protocols import declare_source
from mmbench.text import listed
from mmbench.text.alternatives import Reference, parse
from mmbench.types import Content, Sample

_IDS = ("id", "audio_filepath", "utt_id", "utterance_id", "segment_id", "file", "audio")
_TEXTS = ("text", "transcript", "transcription", "sentence")
_USED = {*MEDIA, "id", "text", "speaker", "file"}
# LibriSpeech's own (openslr.org/12).
_PARTS = (
    *("dev-clean", "dev-other", "test-clean", "test-other"),
    *("train-clean-100", "train-clean-360", "train-other-500"),
)


@declare_source("table", "json", "text", own_data=True)
def transcripts(root: Path | None, *, split: str = "") -> Samples:
    """A sample for each recording: its text as target, its speaker as group where one is known.

    `root` is a file or a folder: a .trn of lines `text (id)`, where a text may have alternatives
    (`mmbench.text.alternatives`); CSV, TSV, JSONL or JSON with `id`, `text` and, if they are there,
    `speaker` and `audio` (a path; all else are tags), or a manifest of NeMo with `audio_filepath`
    and `text`; a path is also the id where there is none, and without `text` the only column of
    `transcript`, `transcription` and `sentence` is the text; a folder of LibriSpeech with its
    *.trans.txt; a folder with `transcription` and `fileids`, as CMUSphinx has them; or a data
    folder of Kaldi, or its `text`.

    `split` is the part of LibriSpeech that is read where the folder holds several: the folder of
    that name, in it or in its LibriSpeech. Sounds are found by the id beside the texts; they need
    not be there.

    Raises DataError for what cannot be read, for ids that stand twice and for a folder with other
    parts of LibriSpeech alone. An empty text is kept.
    """
    if root is not None and root.is_dir():
        root = _part(root, split)
        chapters = sorted(f for f in files_below(root) if f.name.endswith(".trans.txt"))
        if chapters:
            return _data(_librispeech(chapters, root))
        if (root / "transcription").is_file():
            return _data(_sphinx(root))
        root = root / "text" if (root / "text").is_file() else root
    if root is not None and root.is_file() and root.name == "text":
        return _data(kaldi_samples(root))
    _refuse_unread(root)
    path = find_file(root, "transcripts", (*TABLES, ".trn"))
    return _data(_trn(path) if path.suffix.lower() == ".trn" else _table(path))


def _data(samples: list[Sample]) -> Samples:
    return Samples(samples, group_name="speaker")


def _refuse_unread(root: Path | None) -> None:
    """Raise DataError for a file of a form that is known, and is not read."""
    suffix = root.suffix.lower() if root is not None and root.is_file() else ""
    if suffix in TIMED:
        raise DataError(
            f"{root}: holds {TIMED[suffix]}, which are not aligned with outputs here: give a text"
            " for each recording, as .trn, .csv, .tsv or .jsonl"
        )
    if suffix == ".txt":
        raise DataError(
            f"{root}: references need ids: give .trn, .csv, .tsv or .jsonl, or Kaldi's lines"
            " `id words…` in a file named text"
        )


def _part(root: Path, split: str) -> Path:
    """The folder of that part of LibriSpeech; `root` where no part is named or none is there."""
    places = [root, root / "LibriSpeech"] if split else []
    for place in places:
        if (place / split).is_dir():
            return place / split
    parts = {part for place in places for part in _PARTS if (place / part).is_dir()}
    others = parts | ({root.name} & set(_PARTS) if split else set())
    if others - {split}:
        raise DataError(
            f"{root}: is or has {listed(sorted(others))}, not {split}: give --data FOLDER, {split}"
        )
    return root


def _trn(path: Path) -> list[Sample]:
    folder, texts = path.parent, trn_texts(read_file(path), path)
    sounds = sounds_in(folder)
    return [
        spoken_sample(
            ident,
            _reference(text, f"{path}: sample {ident}"),
            named_sound(ident, sounds, folder),
        )
        for ident, text in texts.items()
    ]


def _reference(text: str, where: str) -> Reference:
    try:
        return parse(text)
    except ValueError as error:
        raise DataError(f"{where}: {error}") from error


def _table(path: Path) -> list[Sample]:
    records = [_with_audio(record) for record in read_records(path, "text")]
    ids = [text_id(record, _IDS) for record in records]
    refuse_duplicates("id", ids, str(path))
    media = media_of(records, path.parent, str(path))
    return [
        _row(ident, record, inputs)
        for ident, record, inputs in zip(ids, records, media, strict=True)
    ]


def _row(ident: str, record: Record, inputs: dict[str, Content]) -> Sample:
    """Make the sample of a row; `text` wins over other columns of texts."""
    name = column(record, "text") or only_of(record, _TEXTS, "text")
    tags = tags_of(record, {*_USED, name})
    text = text_of(record, name)
    return Sample(ident, inputs, text, group=optional(record, "speaker"), tags=tags)


def _with_audio(record: Record) -> Record:
    """Return a row of a manifest of NeMo with the path of its sound as `audio`."""
    path = cell(record, "audio_filepath")
    if path is None or column(record, "audio"):
        return record
    return Record(record.where, record.cells | {"audio": path})


def _librispeech(chapters: list[Path], root: Path) -> list[Sample]:
    """Lines `SPEAKER-CHAPTER-NUMBER TEXT`, with the sounds beside (openslr.org/12, README)."""
    samples = []
    for file in chapters:
        sounds = sounds_in(file.parent)
        for line in text_lines(read_file(file), file):
            ident, _, text = line.partition(" ")
            if ident:
                speaker = ident.partition("-")[0]
                audio = named_sound(ident, sounds, file.parent)
                samples.append(spoken_sample(ident, text.strip(), audio, speaker))
    refuse_duplicates("id", [sample.id for sample in samples], str(root))
    return samples


def _sphinx(folder: Path) -> list[Sample]:
    """The texts of the ids in `fileids`, without the marks <s> and </s> of begin and end."""
    file, order = folder / "transcription", folder / "fileids"
    texts = trn_texts(read_file(file), file)
    names = [PurePosixPath(line) for line in text_lines(read_file(order), order) if line]
    refuse_duplicates("id", [path.name for path in names], str(order))
    strangers = texts.keys() ^ {path.name for path in names}
    if strangers:
        raise DataError(
            f"{folder}: in one of transcription and fileids: {listed(sorted(strangers))}"
        )
    sounds = {parent: sounds_in(folder / parent) for parent in {path.parent for path in names}}
    return [
        spoken_sample(
            path.name,
            _spoken(texts[path.name]),
            named_sound(path.name, sounds[path.parent], folder / path.parent),
        )
        for path in names
    ]


def _spoken(text: str) -> str:
    return text.removeprefix("<s>").removesuffix("</s>").strip()
