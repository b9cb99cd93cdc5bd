"""Data folders of Kaldi.

Formats: kaldi src/doc/data_prep.dox (kaldi-asr.org, data_prep.html); for segments also
src/featbin/extract-segments.cc, which defines the optional channel, an end of -1 and overshooting;
for the ids, egs/wsj/s5/utils/validate_data_dir.sh.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple

from mmbench.data.readers.file_bytes import read_file
from mmbench.data.readers.transcript_lines import NumberedText, kaldi_lines, kaldi_texts
from mmbench.data.sources.speech.recordings import Recording, recording_samples
from mmbench.errors import DataError
from mmbench.text import listed
from mmbench.types import Content, InvalidContent, Media, PlaceInFile, Sample

_ARCHIVE = re.compile(r"\.ark(:\d+)?$")


class _Segment(NamedTuple):
    recording: str
    place: PlaceInFile


class _Folder(NamedTuple):
    """The files of a data folder, by utterance or recording id."""

    path: Path
    sounds: Mapping[str, NumberedText]  # wav.scp
    segments: Mapping[str, _Segment] | None  # None without the file
    speakers: Mapping[str, str]
    genders: Mapping[str, str]  # by speaker
    languages: Mapping[str, str]


def kaldi(text: Path) -> list[Sample]:
    """Load a Kaldi file `text` of lines `id words…`, with the audio and speakers next to it.

    With `segments`, an utterance is a part of a recording, which is its tag `recording`; the start
    in seconds is its tag `offset`. The audio file of an utterance or a
    recording comes from `wav.scp`, or else has the id as its name and is next to the file `text`.
    A command in `wav.scp` is not run, and such audio is an InvalidContent. The speaker comes from
    `utt2spk`; `spk2gender` and `utt2lang` give the tags `gender` and `lang`.

    Raises DataError for data that cannot be read, and for utterances that are in another file but
    not in `text`, or in `text` but not in `utt2spk`.
    """
    texts = _texts(text)
    folder = _read_folder(text.parent)
    _refuse_strangers(folder, texts)
    return recording_samples(_recording(folder, ident, words) for ident, words in texts.items())


def _read_folder(path: Path) -> _Folder:
    segments = path / "segments"
    return _Folder(
        path,
        _lines(path / "wav.scp"),
        _segments(segments) if segments.is_file() else None,
        _texts(path / "utt2spk"),
        _texts(path / "spk2gender"),
        _texts(path / "utt2lang"),
    )


def _lines(file: Path) -> dict[str, NumberedText]:
    return kaldi_lines(read_file(file), file) if file.is_file() else {}


def _texts(file: Path) -> dict[str, str]:
    return kaldi_texts(read_file(file), file) if file.is_file() else {}


def _segments(file: Path) -> dict[str, _Segment]:
    return {ident: _segment(file, line) for ident, line in _lines(file).items()}


def _segment(file: Path, line: NumberedText) -> _Segment:
    """Return the segment in a line `utterance recording start end [channel]`."""
    try:
        recording, *times = line.text.split()
        start, end = map(float, times[:2])
        (channel,) = map(int, times[2:]) if times[2:] else (None,)
        is_valid = 0 <= start < (end if end != -1 else start + 1) < float("inf")
        if not is_valid or (channel is not None and channel < 0):
            raise ValueError(line.text)
    except ValueError as error:
        raise DataError(
            f"{file} line {line.line} is not `utterance recording start end`, with 0 <= start < end"
            " in seconds (an end of -1 is the end of the recording) and optionally a channel from 0"
        ) from error
    seconds = None if end == -1 else end - start
    return _Segment(recording, PlaceInFile(start=start, seconds=seconds, channel=channel))


def _refuse_strangers(folder: _Folder, texts: Collection[str]) -> None:
    """Raise DataError for utterances that are not in all files.

    An utterance of `text` without audio is a failed sample instead.
    """
    audio = folder.sounds if folder.segments is None else folder.segments
    name = "wav.scp" if folder.segments is None else "segments"
    strangers = {name: audio.keys() - set(texts), "utt2spk": set[str]()}
    if folder.speakers:
        strangers["utt2spk"] = folder.speakers.keys() ^ set(texts)
    for file, ids in strangers.items():
        if ids:
            raise DataError(
                f"{folder.path}: ids in only one of text and {file}: {listed(sorted(ids))};"
                " complete the files, or run Kaldi's utils/fix_data_dir.sh"
            )


def _recording(folder: _Folder, ident: str, words: str) -> Recording:
    speaker = folder.speakers.get(ident, "")
    tags = {"gender": folder.genders.get(speaker, ""), "lang": folder.languages.get(ident, "")}
    recording = Recording(
        ident, words, folder.path, speaker, tags={n: value for n, value in tags.items() if value}
    )
    if folder.segments is None:
        return recording._replace(sound=_sound(folder, ident))
    segment = folder.segments.get(ident)
    if segment is None:
        return recording._replace(sound=InvalidContent(f"{folder.path / 'segments'}: no {ident}"))
    name, place = segment
    tags = {**recording.tags, "recording": name, "offset": f"{place.start or 0:.10g}"}
    return recording._replace(sound=_sound(folder, name), name=name, place=place, tags=tags)


def _sound(folder: _Folder, ident: str) -> Content | None:
    """Return the audio of an entry in `wav.scp`; None if there is none.

    A relative path begins at the folder, or at one of the two folders above it: Kaldi's scripts run
    there, with data folders such as data/test.
    """
    if ident not in folder.sounds:
        return None
    line, entry = folder.sounds[ident]
    where = f"{folder.path / 'wav.scp'} line {line}"
    if entry.endswith("|"):
        return InvalidContent(
            f"{where} has a command, which mmbench does not run; write its audio to a file, and"
            " give the path there"
        )
    if _ARCHIVE.search(entry):
        return InvalidContent(f"{where} names an archive of Kaldi; write its audio to a WAV file")
    home = folder.path if len(folder.path.parents) > 1 else folder.path.absolute()
    paths = [folder.path / entry, *(above / entry for above in home.parents[:2])]
    return Media("audio", str(next((path for path in paths if path.is_file()), paths[0])))
