"""References in a data folder of Kaldi: `text`, with `utt2spk`, `wav.scp` and sounds beside it.

Source of the formats: kaldi-asr.org, doc/data_prep.html.
"""

from __future__ import annotations

from pathlib import Path

from mmbench.data.readers.folders import sounds_in
from mmbench.data.readers.json_files import read_file
from mmbench.data.readers.transcript_lines import kaldi_texts
from mmbench.text.alternatives import Reference
from mmbench.types import Broken, Content, Media, Sample


def kaldi_samples(text: Path) -> list[Sample]:
    """Make a sample of each line `id words…` of a file `text`.

    The speaker is that of `utt2spk`, the sound that of `wav.scp`, else a file beside the text that
    is named by the id. A command in `wav.scp` is not run, and `segments` of recordings are not cut:
    such sounds are Broken. Raises DataError for what cannot be read.
    """
    folder = text.parent
    speakers = _table(folder / "utt2spk")
    sounds, recordings = sounds_in(folder), _table(folder / "wav.scp")
    cut = (folder / "segments").is_file()
    return [
        spoken_sample(
            ident,
            words,
            _sound(recordings.get(ident, ""), folder, cut=cut)
            if cut or ident in recordings
            else named_sound(ident, sounds, folder),
            speakers.get(ident, ""),
        )
        for ident, words in kaldi_texts(read_file(text), text).items()
    ]


def spoken_sample(ident: str, text: Reference, audio: Content, speaker: str = "") -> Sample:
    """Make the sample of a recording, whose speaker is its group."""
    return Sample(ident, {"audio": audio}, text, group=speaker)


def named_sound(ident: str, sounds: dict[str, str], folder: Path) -> Content:
    """Return the sound of this name among `sounds` (name → path), Broken where there is none."""
    if ident in sounds:
        return Media("audio", sounds[ident])
    return Broken(f"no sound file {ident}.* in {folder}")


def _table(path: Path) -> dict[str, str]:
    return kaldi_texts(read_file(path), path) if path.is_file() else {}


def _sound(entry: str, folder: Path, *, cut: bool) -> Content:
    """The sound of an entry of wav.scp: a path from the folder."""
    if cut:
        return Broken(
            f"a part of a recording in {folder / 'segments'}: cut it to a file of its own"
        )
    if entry.endswith("|"):
        return Broken(
            f"is a command in {folder / 'wav.scp'}, which mmbench does not run: write its sound to"
            " a file, and give the path there"
        )
    return Media("audio", str(folder / entry))
