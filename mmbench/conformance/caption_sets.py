"""Sets of captions with references, generated or read from folders."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable
from functools import cache
from pathlib import Path

from mmbench.types import Prediction

_WORDS = (
    "a an the red cat cats dog's don't can't it's on of mat, sits. U.S. 3.5 1/2 $20 50% two-toned "
    'well-known "quoted" (aside) e.g. café naïve 猫 😀 ... -- -LRB- & / : ; ! ? A.M. cannot gonna '
    "Mr. Smith's 1,000 10:30 http://a.example/b?c=d me@b.example @user #tag I'm they'll ’tis “so” "
    "wanna lemme d'you rock'n'roll '90s 90's Ph.D. Inc. £5 5'10 10am p.m. 24/7 and/or T-shirt "
    "[sic] {x} <b> &amp; * + = ~ ^ C++ .NET -5 +5 — – … ¿que? Ω привет 東京 ½ 20° © ™ #1 1080p ?! "
)

_PLAIN = "a the red cat dog on mat sits two trees green bird"


def _predictions(pairs: list[tuple[str, list[str]]]) -> list[Prediction]:
    return [Prediction(str(i), caption, target) for i, (caption, target) in enumerate(pairs)]


@cache
def _generated(_: Path) -> list[list[Prediction]]:
    """Return generated sets with captions that are empty, short, long or equal to a reference."""
    draws, few, many = random.Random(3), _PLAIN.split(), _WORDS.split()

    def caption(words: list[str], most: int) -> str:
        return " ".join(draws.choices(words, k=draws.randint(0, most)))

    sets = []
    for n, most, words in ((1, 5, few), (40, 12, few), (400, 9, many), (12, 60, many[:9])):
        pairs = [
            (caption(words, most), [caption(words, most) for _ in range(draws.choice([1, 2, 5]))])
            for _ in range(n)
        ]
        pairs[0] = ("a red cat sits", ["a red cat sits", "a green bird"])
        sets.append(_predictions(pairs))
    return sets


def sets_in(folder: Path) -> list[list[Prediction]]:
    """Return the caption sets in a folder of published data; an empty path gives generated sets."""
    return _READERS[folder.name](folder)


@cache
def _fakecap(folder: Path) -> list[list[Prediction]]:
    references: dict[int, list[str]] = {}
    for row in json.loads((folder / "en_captions_val2014.json").read_text())["annotations"]:
        references.setdefault(row["image_id"], []).append(row["caption"])
    captions = json.loads((folder / "en_captions_val2014_fakecap_results.json").read_text())
    return [_predictions([(row["caption"], references[row["image_id"]]) for row in captions])]


@cache
def _clipscore(folder: Path) -> list[list[Prediction]]:
    references = json.loads((folder / "example/refs.json").read_text())
    sets = [
        json.loads((folder / f"example/{which}_captions.json").read_text())
        for which in ("good", "bad")
    ]
    return [_predictions([(text, references[image]) for image, text in s.items()]) for s in sets]


@cache
def _audio(folder: Path) -> list[list[Prediction]]:
    sets = []
    for file in sorted(folder.glob("*.csv")):
        with file.open(newline="") as lines:
            rows = list(csv.DictReader(lines))
        references = [[row[f"caption_{k}"] for k in range(1, 6)] for row in rows]
        captions = [row["caption_predicted"] for row in rows]
        sets.append(_predictions(list(zip(captions, references, strict=True))))
    return sets


@cache
def _tokenised(folder: Path) -> list[list[Prediction]]:
    """Return caption sets without punctuation, in which each word is a single PTB token."""
    captions, *references = (
        (folder / f"{name}.txt").read_text().splitlines() for name in ("hyp", "ref1", "ref2")
    )
    return [
        _predictions(
            [(captions[i], [side[i] for side in references]) for i in range(len(captions))]
        )
    ]


_READERS: dict[str, Callable[[Path], list[list[Prediction]]]] = {
    "": _generated,
    "fakecap": _fakecap,
    "clipscore": _clipscore,
    "aac-metrics": _audio,
    "nlg-eval": _tokenised,
}


def describe(folder: Path) -> str:
    """Return a description of the caption sets in a folder, for the conformance table."""
    sets = sets_in(folder)
    captions = f"{sum(map(len, sets)):,} captions"
    if folder.name:
        return f"{folder.name}: {captions}"
    return f"generated: {len(sets)} sets, {captions}, some empty, Unicode"
