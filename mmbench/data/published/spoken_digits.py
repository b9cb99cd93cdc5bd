"""The data source `fsdd`: the Free Spoken Digit Dataset.

Source: Jakobovski/free-spoken-digit-dataset README.md, "Organization" and "Usage".
"""

from __future__ import annotations

import re
from pathlib import Path

from mmbench.data.readers.folders import matches
from mmbench.datasets import Samples
from mmbench.errors import DataError, UnknownName
from mmbench.protocols import declare_source
from mmbench.surrogates import escape_surrogates
from mmbench.types import Media, Sample

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_NAME = re.compile(r"([0-9])_(.+)_(\d+)")
_SPLITS = ("all", "train", "test")
_TEST = 5  # recordings with an index below this are the official test set


@declare_source("folder")
def fsdd(root: Path | None, *, split: str = "all") -> Samples:
    """Load one sample per recording DIGIT_SPEAKER_INDEX.wav; the target is the digit as a word.

    `root` is the folder of the recordings, or contains it as `recordings`. The speaker is the group
    and a tag. The split `test` has the recordings with index 0 to 4, and the split `train` has all
    others. Raises DataError if there are no recordings, and for a file with another name.
    """
    if split not in _SPLITS:
        raise UnknownName("split of FSDD", split, _SPLITS)
    if root is None or not root.is_dir():
        raise DataError(
            f"{f'{root} is not a folder' if root else 'data source fsdd was given no data'};"
            " give --data FOLDER with recordings"
        )
    inside = root / "recordings"
    files = matches(inside if inside.is_dir() else root, "*.wav")
    samples = [sample for file in files if (sample := _sample(file, split))]
    if not samples:
        raise DataError(f"{root}: no recording DIGIT_SPEAKER_INDEX.wav of split {split}")
    return Samples(samples)


def _sample(file: Path, split: str) -> Sample | None:
    ident = escape_surrogates(file.stem)
    match = _NAME.fullmatch(ident)
    if match is None:
        raise DataError(f"{file}: the name is not DIGIT_SPEAKER_INDEX.wav; move the file elsewhere")
    digit, speaker, index = match.groups()
    if split != "all" and (split == "test") != (int(index) < _TEST):
        return None
    audio = Media("audio", str(file))
    return Sample(ident, {"audio": audio}, WORDS[int(digit)], speaker, {"speaker": speaker})
