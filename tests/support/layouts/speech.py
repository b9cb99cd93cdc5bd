"""Miniatures of data sets of speech."""

from __future__ import annotations

from pathlib import Path

from tests.support.files import write_file
from tests.support.media.sounds import wav


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


def ljspeech(root: Path, n: int = 252) -> None:
    """Write LJ Speech with `n` utterances."""
    lines = [f'LJ001-{i:04d}|In 19{i:02d} "so|In nineteen {i} "so' for i in range(n)]
    write_file(root / "LJSpeech-1.1/metadata.csv", "\n".join(lines) + "\n")
    write_file(root / f"LJSpeech-1.1/wavs/LJ001-{n - 1:04d}.wav", wav(rate=22050))
