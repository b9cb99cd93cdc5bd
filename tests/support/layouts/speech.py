"""Miniatures of data sets of speech, and clips in the layouts that people have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile

from tests.support.files import write_file, write_lines
from tests.support.media.sounds import wav

RATE = 16000


def librispeech(root: Path) -> None:
    """Write two parts of LibriSpeech, with one of two utterances each."""
    for part in ("test-clean", "test-other"):
        folder = root / "LibriSpeech" / part / "84/121123"
        write_file(
            folder / "84-121123.trans.txt", f"84-121123-0000 GO {part[5:]}\n84-121123-0001 BUT\n"
        )
        write_file(folder / "84-121123-0000.flac", b"fLaC")


def fsdd(root: Path) -> None:
    """Write the Free Spoken Digit Dataset."""
    for name in ("7_jackson_32", "0_theo_4", "3_nicolas_0"):
        write_file(root / "recordings" / f"{name}.wav", wav(rate=8000))
    write_file(root / "metadata.py", "metadata = {}\n")


def common_voice(root: Path) -> None:
    """Write Common Voice."""
    header = (
        "client_id\tpath\tsentence\tup_votes\tdown_votes\tage\tgender\taccents\tlocale\tsegment"
    )
    row = 'c0ffee\tcommon_voice_en_1.mp3\t"Yes, he said.\t2\t0\t\t\t\ten\t'
    write_file(root / "test.tsv", f"{header}\n{row}\n")
    write_file(root / "clips/common_voice_en_1.mp3", b"ID3")


def covost2(root: Path) -> None:
    """Write CoVoST 2, English to Chinese, as get_covost_splits.py writes it (csv.QUOTE_NONE)."""
    header = "path\tsentence\ttranslation\tclient_id"
    row = 'common_voice_en_1.mp3\t\\"Yes,\\" he said.\t“是的，”\\"他\\"说。\tc0ffee'
    write_file(root / "covost_v2.en_zh-CN.test.tsv", f"{header}\n{row}\n")
    write_file(root / "clips/common_voice_en_1.mp3", b"ID3")


def ljspeech(root: Path, n: int = 252) -> None:
    """Write LJ Speech with `n` utterances."""
    lines = [f'LJ001-{i:04d}|In 19{i:02d} "so|In nineteen {i} "so' for i in range(n)]
    write_file(root / "LJSpeech-1.1/metadata.csv", "\n".join(lines) + "\n")
    write_file(root / f"LJSpeech-1.1/wavs/LJ001-{n - 1:04d}.wav", wav(rate=22050))


def seed_tts(root: Path) -> None:
    """Write the English list of Seed-TTS: three sentences with their prompt recordings."""
    names = [f"common_voice_en_{i}" for i in (10, 11, 12)]
    lines = [f'{n}-9|Say "{i}|prompt-wavs/{n}.wav|Text {i}, "so' for i, n in enumerate(names)]
    write_file(root / "en/meta.lst", "\n".join(lines) + "\n")
    for name in names:
        write_file(root / f"en/prompt-wavs/{name}.wav", wav(rate=24000))


class OwnClip(NamedTuple):
    """A clip of 16 kHz: int16 samples, its text and its speaker."""

    id: str
    samples: np.ndarray
    text: str
    speaker: str


def own_clips(files: Mapping[Path, str]) -> list[OwnClip]:
    """Return the clips in audio files with their texts; two speakers take turns."""
    clips = []
    for at, (file, text) in enumerate(files.items()):
        samples, rate = soundfile.read(file, dtype="int16")
        assert rate == RATE
        clips.append(OwnClip(file.stem, samples, text, f"s{at % 2}"))
    return clips


def write_layouts(root: Path, clips: Sequence[OwnClip]) -> dict[str, Path]:
    """Write clips in every layout that people have; return the path for --data by layout.

    The rows of `parquet` have no ids. Layouts with `parts` in the name have all clips in one long
    recording, with silence between.
    """
    for clip in clips:
        (root / "wavs").mkdir(exist_ok=True)
        soundfile.write(root / "wavs" / f"{clip.id}.wav", clip.samples, RATE)
    starts = _long_recording(root / "wavs/long.flac", clips)
    rows = [
        {"audio_filepath": f"wavs/{clip.id}.wav", "duration": len(clip.samples) / RATE}
        | {"text": clip.text, "speaker": clip.speaker, "lang": "en"}
        for clip in clips
    ]
    parts = [
        row | {"audio_filepath": "wavs/long.flac", "offset": start / RATE}
        for row, start in zip(rows, starts, strict=True)
    ]
    return {
        "nemo": write_lines(root / "manifest.json", *rows),
        "nemo parts": write_lines(root / "parts.jsonl", *parts),
        "kaldi": _kaldi(root / "data/test", clips),
        "kaldi parts": _kaldi(root / "data/parts", clips, starts),
        "fairseq": _fairseq(root / "fairseq", root / "wavs", clips),
        "tsv": write_file(
            root / "list.tsv", "".join(f"wavs/{clip.id}.wav\t{clip.text}\n" for clip in clips)
        ),
        "csv": write_file(
            root / "list.csv",
            "audio,text\n" + "".join(f"wavs/{clip.id}.wav,{clip.text}\n" for clip in clips),
        ),
        "trn": write_file(
            root / "wavs/ref.trn", "".join(f"{clip.text} ({clip.id})\n" for clip in clips)
        ),
        "parquet": _parquet(root / "clips.parquet", root / "wavs", clips),
    }


def _long_recording(file: Path, clips: Sequence[OwnClip]) -> list[int]:
    """Write all clips, with silence before each; return the first sample of each."""
    silence = np.zeros(RATE // 3, np.int16)
    pieces = [piece for clip in clips for piece in (silence, clip.samples)]
    ends = np.cumsum([len(piece) for piece in pieces])
    soundfile.write(file, np.concatenate(pieces), RATE)
    return [int(end) for end in ends[::2]]


def _kaldi(folder: Path, clips: Sequence[OwnClip], starts: Sequence[int] = ()) -> Path:
    """Write a data folder of Kaldi; with `starts`, its utterances are parts of a recording."""
    files = ["long wavs/long.flac"] if starts else [f"{one.id} wavs/{one.id}.wav" for one in clips]
    lines = {
        "text": [f"{clip.id} {clip.text}" for clip in clips],
        "utt2spk": [f"{clip.id} {clip.speaker}" for clip in clips],
        "spk2gender": ["s0 f", "s1 m"],
        "wav.scp": files,
    }
    if starts:
        lines["segments"] = [
            f"{clip.id} long {start / RATE:.5f} {(start + len(clip.samples)) / RATE:.5f}"
            for clip, start in zip(clips, starts, strict=True)
        ]
    for name, one in lines.items():
        write_file(folder / name, "\n".join(one) + "\n")
    return folder


def _parquet(file: Path, wavs: Path, clips: Sequence[OwnClip]) -> Path:
    """Write a Parquet file with encoded audio, as the datasets library does, and texts."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = [f"{clip.id}.wav" for clip in clips]
    audio = [{"bytes": (wavs / name).read_bytes(), "path": name} for name in names]
    pq.write_table(pa.table({"audio": audio, "text": [clip.text for clip in clips]}), file)
    return file


def _fairseq(folder: Path, root: Path, clips: Sequence[OwnClip]) -> Path:
    paths = "".join(f"{clip.id}.wav\t{len(clip.samples)}\n" for clip in clips)
    write_file(folder / "test.wrd", "".join(f"{clip.text}\n" for clip in clips))
    return write_file(folder / "test.tsv", f"{root.absolute()}\n{paths}")
