"""Layouts of folders with recordings and transcripts: .trn, LibriSpeech, CMUSphinx and Kaldi."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from mmbench.data.readers.file_bytes import read_file
from mmbench.data.readers.folders import sounds_in
from mmbench.data.readers.records import refuse_duplicates
from mmbench.data.readers.table_files import text_lines
from mmbench.data.readers.transcript_lines import kaldi_texts, trn_texts
from mmbench.errors import DataError
from mmbench.text import listed
from mmbench.text.alternatives import Reference, parse
from mmbench.types import Content, InvalidContent, Media, Sample


class _Recording(NamedTuple):
    """The transcript of a recording.

    The audio of the recording is `sound`; if that is not set, it is the audio file in `folder`
    whose name is the id.
    """

    id: str
    text: Reference
    folder: Path
    speaker: str = ""
    sound: Content | None = None  # replaces the file with the id as its name


def _samples(recordings: Iterable[_Recording]) -> list[Sample]:
    """Return one sample per recording, with the speaker as group.

    Audio that is missing becomes an InvalidContent.
    """
    sounds: dict[Path, dict[str, str]] = {}
    samples = []
    for ident, text, folder, speaker, sound in recordings:
        if folder not in sounds:
            sounds[folder] = sounds_in(folder)
        if sound is None and ident in sounds[folder]:
            sound = Media("audio", sounds[folder][ident])
        audio = sound or InvalidContent(f"no audio file {ident}.* in {folder}")
        samples.append(Sample(ident, {"audio": audio}, text, group=speaker))
    return samples


def trn(path: Path) -> list[Sample]:
    """Load a .trn file with lines `text (id)`; a text may contain alternatives."""
    texts = trn_texts(read_file(path), path)
    return _samples(
        _Recording(ident, _reference(text, f"{path}: sample {ident}"), path.parent)
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
        _Recording(ident, text.strip(), folder, ident.partition("-")[0])
        for folder, ident, _, text in lines
        if ident
    ]
    refuse_duplicates("id", [recording.id for recording in recordings], str(root))
    return _samples(recordings)


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
    return _samples(
        _Recording(path.name, _spoken(texts[path.name]), folder / path.parent) for path in paths
    )


def _spoken(text: str) -> str:
    return text.removeprefix("<s>").removesuffix("</s>").strip()


def kaldi(text: Path) -> list[Sample]:
    """Load a Kaldi file `text` of lines `id words…`, with the audio and speakers next to it.

    The speaker comes from `utt2spk`. The audio file comes from `wav.scp`, or else has the id as its
    name and is next to the file `text`. Commands in `wav.scp` are not run, and recordings are not
    cut by `segments`: such audio is an InvalidContent. Source of the formats: kaldi-asr.org,
    doc/data_prep.html. Raises DataError for data that cannot be read.
    """
    folder = text.parent
    speakers, sounds = _table(folder / "utt2spk"), _table(folder / "wav.scp")
    cut = (folder / "segments").is_file()
    return _samples(
        _Recording(
            ident,
            words,
            folder,
            speakers.get(ident, ""),
            _sound(sounds.get(ident, ""), folder, cut=cut) if cut or ident in sounds else None,
        )
        for ident, words in _table(text).items()
    )


def _table(path: Path) -> dict[str, str]:
    return kaldi_texts(read_file(path), path) if path.is_file() else {}


def _sound(entry: str, folder: Path, *, cut: bool) -> Content:
    """Return the audio of a `wav.scp` entry, which is a path relative to the folder.

    With `cut`, the recording is a part of a longer one, and the result is an InvalidContent.
    """
    if cut:
        return InvalidContent(
            f"{folder / 'segments'} makes this a part of a recording; cut it into a separate file"
        )
    if entry.endswith("|"):
        return InvalidContent(
            f"{folder / 'wav.scp'} has a command here, which mmbench does not run; write its audio"
            " to a file, and give the path there"
        )
    return Media("audio", str(folder / entry))


def _lines(file: Path) -> list[str]:
    return text_lines(read_file(file), file)
