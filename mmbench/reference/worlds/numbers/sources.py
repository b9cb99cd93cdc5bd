"""The data source `spoken-numbers`: synthesised clips of numbers and digits.

The clips are packaged with mmbench and were made by `tools.spoken_numbers`.
"""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from mmbench.datasets import Samples
from mmbench.errors import DataError
from mmbench.types import Media, Sample


class SpokenClip(NamedTuple):
    """A clip: its file, text, voice and speed in words per minute.

    A training clip consists of the samples from `start` to `end` of its file, at 16 kHz.
    """

    file: str
    text: str
    voice: str
    speed: int
    split: str
    start: int = 0
    end: int = 0


def spoken_numbers(
    root: Path | None,  # noqa: ARG001 - a source takes it; this one reads what is packaged
) -> Samples:
    """Return a sample for each test clip, with its text as target.

    Tags: `voice`, `speed`, and `heard`, which tells whether the voice also occurs in the training
    clips. Raises DataError if the packaged clips are missing.
    """
    known = {clip.voice for clip in clips("train")}
    samples = []
    for clip in clips("test"):
        familiarity = "in training" if clip.voice in known else "never"
        tags = {"voice": clip.voice, "speed": str(clip.speed), "heard": familiarity}
        audio = Media("audio", str(folder() / clip.file))
        samples.append(Sample(Path(clip.file).stem, {"audio": audio}, clip.text, tags=tags))
    return Samples(samples)


def clips(split: str) -> list[SpokenClip]:
    """Read the list of clips of a split, train or test. Raises DataError if this fails."""
    index = folder() / "index.jsonl"
    try:
        rows = [json.loads(line) for line in index.read_text(encoding="utf-8").splitlines()]
    except OSError as error:
        raise DataError(f"{index}: cannot be read: {error}; install mmbench again") from error
    return [SpokenClip(**row) for row in rows if row["split"] == split]


def folder() -> Path:
    """Return the folder of the packaged clips."""
    return Path(str(files("mmbench.reference.worlds.numbers") / "clips"))
