"""Synthesis of the packaged clips of spoken numbers, needed only to make them again.

    python -m tools.spoken_numbers FOLDER

The packaged clips were synthesised by eSpeak NG 1.51 (Debian 1.51+dfsg-10+deb12u2) and encoded as
Opus by libsndfile 1.2.2. eSpeak NG is under the GPL, its output is not. The folder gets a file for
each test clip, `test-N.ogg`, and one for each training voice with all its clips, `train-VOICE.ogg`.
`index.jsonl` has the file, text, voice, speed in words a minute and split of each clip, and for
training clips their start and end in the file, in samples of 16 kHz.

No number is spoken in both splits, except single words, which training joins to longer texts. Two
voices occur in the test only.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mmbench.errors import UserError
from mmbench.reference.worlds.chance import chance, pick
from mmbench.reference.worlds.numbers.words import WORDS, text_at

if TYPE_CHECKING:
    from mmbench.types import Array

RATE = 16000
KNOWN = (
    "en-us",
    "en-gb",
    "en-gb-scotland",
    "en-us+f2",
    "en-gb+f3",
    "en-029+m3",
    "en-gb-x-rp+m7",
    "en-gb+f5",
)
NEW = ("en-us+f4", "en-gb-x-gbclan+m2")
SPEEDS = (130, 150, 170, 190)
_TEST = 300
_TRAINING = 50  # numbers of each voice, in addition to all words at two speeds
_QUALITY = 0.96  # compression level of Opus in libsndfile, 0 to 1 (smallest file); here 16 kbit/s
_EDGE = RATE // 50

Row = dict[str, object]


def main(folder: Path) -> None:
    """Write all clips and their index. Raises UserError where espeak-ng is not installed."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [*_test(folder), *(row for voice in KNOWN for row in _training(folder, voice))]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "index.jsonl").write_text(text, encoding="utf-8")


def _test(folder: Path) -> Iterator[Row]:
    rng, texts = chance("spoken numbers", "test"), set[str]()
    voices = (*KNOWN[:4], *NEW)
    while len(texts) < _TEST:
        text, speed = text_at(rng, "test"), pick(rng, SPEEDS)
        if text not in texts:
            voice, file = voices[len(texts) % len(voices)], f"test-{len(texts)}.ogg"
            texts.add(text)
            _write(folder / file, synthesise(text, voice, speed))
            yield {"file": file, "text": text, "voice": voice, "speed": speed, "split": "test"}


def _training(folder: Path, voice: str) -> Iterator[Row]:
    rng, file, at = chance("spoken numbers", "train", voice), f"train-{voice}.ogg", 0
    clips = [(word, speed) for word in WORDS for speed in (SPEEDS[0], SPEEDS[2])]
    clips += [(text_at(rng, "train"), pick(rng, SPEEDS)) for _ in range(_TRAINING)]
    parts = [synthesise(text, voice, speed) for text, speed in clips]
    _write(folder / file, np.concatenate(parts))
    for (text, speed), part in zip(clips, parts, strict=True):
        where = {"start": at, "end": at + len(part)}
        at += len(part)
        row = {"file": file, "text": text, "voice": voice, "speed": speed, "split": "train"}
        yield {**row, **where}


def synthesise(text: str, voice: str, speed: int) -> Array:
    """Synthesise a text as speech, float32 [n] at RATE Hz, with 20 ms of silence at both ends."""
    import soundfile
    import soxr

    command = ["espeak-ng", "-v", voice, "-s", str(speed), "--stdout", text]
    try:
        wav = subprocess.run(command, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise UserError(
            "espeak-ng cannot be run; install it with `apt-get install espeak-ng`"
        ) from error
    samples, rate = soundfile.read(io.BytesIO(wav), dtype="float32")
    samples = soxr.resample(samples, rate, RATE, quality="VHQ")
    samples = samples * (0.7 / np.abs(samples).max())
    loud = np.flatnonzero(np.abs(samples) > 0.01)
    cut: Array = samples[max(0, loud[0] - _EDGE) : loud[-1] + _EDGE]
    return cut


def _write(file: Path, samples: Array) -> None:
    import soundfile

    soundfile.write(file, samples, RATE, format="OGG", subtype="OPUS", compression_level=_QUALITY)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: python -m tools.spoken_numbers FOLDER")
    main(Path(sys.argv[1]))
