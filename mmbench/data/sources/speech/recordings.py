"""Recordings with transcripts, as the layouts of folders list them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from mmbench.data.mapping.recording_parts import parts_of_recordings
from mmbench.data.readers.folders import sounds_in
from mmbench.text.alternatives import Reference
from mmbench.types import Content, InvalidContent, Media, PlaceInFile, Sample


class Recording(NamedTuple):
    """The transcript of a recording, or of its part at `place`.

    The audio of the recording is `sound`; if that is not set, it is the audio file in `folder`
    whose name is `name`, or the id if `name` is "".
    """

    id: str
    text: Reference
    folder: Path
    speaker: str = ""
    sound: Content | None = None
    name: str = ""
    place: PlaceInFile | None = None
    tags: Mapping[str, str] = {}


def recording_samples(recordings: Iterable[Recording]) -> list[Sample]:
    """Return one sample per recording, with the speaker as group.

    Audio that is missing becomes an InvalidContent.
    """
    recordings = list(recordings)
    sounds: dict[Path, dict[str, str]] = {}
    whole = [_audio(recording, sounds) for recording in recordings]
    audio = parts_of_recordings(whole, [recording.place for recording in recordings])
    return [
        Sample(one.id, {"audio": sound}, one.text, group=one.speaker, tags=dict(one.tags))
        for one, sound in zip(recordings, audio, strict=True)
    ]


def _audio(recording: Recording, sounds: dict[Path, dict[str, str]]) -> Content:
    """Return the audio of a whole recording; `sounds` has the files of the folders read so far."""
    if recording.sound is not None:
        return recording.sound
    folder, name = recording.folder, recording.name or recording.id
    if folder not in sounds:
        sounds[folder] = sounds_in(folder)
    if name in sounds[folder]:
        return Media("audio", sounds[folder][name])
    return InvalidContent(f"no audio file {name}.* in {folder}")
