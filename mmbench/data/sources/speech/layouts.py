"""Transcripts in text files: .trn, LibriSpeech, CMUSphinx, .txt next to audio, plain lines."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from mmbench.columns import are_distinct
from mmbench.data.readers.file_bytes import read_file
from mmbench.data.readers.folders import file_id, files_below
from mmbench.data.readers.records import refuse_duplicates
from mmbench.data.readers.table_files import text_lines
from mmbench.data.readers.transcript_lines import trn_parts, trn_texts
from mmbench.data.sources.speech.recordings import Recording, recording_samples
from mmbench.errors import DataError
from mmbench.media.endings import SOUNDS
from mmbench.text import listed
from mmbench.text.alternatives import Reference, parse
from mmbench.types import Media, Sample

_IN_IDS = re.compile(r"[\d_/-]")  # characters of ids that are rare in words


def trn(path: Path) -> list[Sample]:
    """Load a .trn file with lines `text (id)`; a text may contain alternatives."""
    texts = trn_texts(read_file(path), path)
    return recording_samples(
        Recording(ident, _reference(text, f"{path}: sample {ident}"), path.parent)
        for ident, text in texts.items()
    )


def _reference(text: str, where: str) -> Reference:
    try:
        return parse(text)
    except ValueError as error:
        raise DataError(f"{where}: {error}") from error


def librispeech(chapters: list[Path], root: Path) -> list[Sample]:
    """Load LibriSpeech transcripts, with the audio files next to them.

    The lines are `SPEAKER-CHAPTER-NUMBER TEXT`. Source of the format: openslr.org/12, README.
    `root` is the folder of all `chapters`, for messages.
    """
    lines = [(f.parent, *line.partition(" ")) for f in chapters for line in _lines(f)]
    recordings = [
        Recording(ident, text.strip(), folder, ident.partition("-")[0])
        for folder, ident, _, text in lines
        if ident
    ]
    refuse_duplicates("id", [recording.id for recording in recordings], str(root))
    return recording_samples(recordings)


def sphinx(folder: Path) -> list[Sample]:
    """Load a CMUSphinx folder: one sample for each id in `fileids`, with its transcript.

    The markers <s> and </s> are removed from transcripts.
    """
    file, order = folder / "transcription", folder / "fileids"
    texts = trn_texts(read_file(file), file)
    paths = [PurePosixPath(line) for line in _lines(order) if line]
    refuse_duplicates("id", [path.name for path in paths], str(order))
    strangers = texts.keys() ^ {path.name for path in paths}
    if strangers:
        raise DataError(
            f"{folder}: ids in only one of transcription and fileids: {listed(sorted(strangers))}"
        )
    return recording_samples(
        Recording(path.name, _spoken(texts[path.name]), folder / path.parent) for path in paths
    )


def _spoken(text: str) -> str:
    return text.removeprefix("<s>").removesuffix("</s>").strip()


def _lines(file: Path) -> list[str]:
    return text_lines(read_file(file), file)


def plain_lines(file: Path) -> list[Sample]:
    """Load transcripts without ids and audio, one per line; the id is the line number from 0.

    Raises DataError for an empty file, and if all lines seem to have ids, which would count as
    words: they end in `(id)`, or begin with distinct words that contain a digit or one of `_-/`.
    """
    lines = _lines(file)
    if not lines:
        raise DataError(f"{file} is empty; give one transcript per line")
    starts = [line.split(maxsplit=1)[0] if line.strip() else "" for line in lines]
    if are_distinct(starts) and all(map(_IN_IDS.search, starts)):
        raise DataError(
            f"{file}: all lines seem to begin with an id; name a file of such lines text, or give a"
            " .csv with the columns id and text"
        )
    if all(map(trn_parts, lines)):
        raise DataError(f"{file}: all lines end with an id; name a file of such lines NAME.trn")
    return [Sample(str(at), {}, line.strip()) for at, line in enumerate(lines)]


def has_sounds(root: Path) -> bool:
    """Return whether a folder or one of its subfolders has audio files."""
    return bool(_sounds_below(root))


def _sounds_below(root: Path) -> list[Path]:
    return [file for file in files_below(root) if file.suffix.lower() in SOUNDS]


def text_files(root: Path) -> list[Sample]:
    """Load a folder of audio files with their transcripts in text files of the same names.

    The id is the path without the extension; the lines of a text are joined. Returns [] if no audio
    file has a text. Raises DataError for an audio file without a text.
    """
    sounds = _sounds_below(root)
    texts = {file: file.with_suffix(".txt") for file in sounds}
    missing = [file_id(file, root) for file, text in texts.items() if not text.is_file()]
    if len(missing) == len(sounds):
        return []
    if missing:
        raise DataError(
            f"{root}: audio files without a transcript: {listed(missing)}; write each text to a"
            " .txt next to its file, or move the others away"
        )
    refuse_duplicates("id", [file_id(file, root) for file in sounds], str(root))
    return recording_samples(
        Recording(
            file_id(file, root),
            " ".join(" ".join(_lines(text)).split()),
            root,
            sound=Media("audio", str(file)),
        )
        for file, text in texts.items()
    )
