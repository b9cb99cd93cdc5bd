"""Captions for the tests of caption metrics: real data, random ones, and pycocoevalcap's way."""

import csv
import json
import random
from functools import cache

import pytest

from mmbench.types import Prediction
from tests.support.paths import DATA, real_data
from tests.support.predictions import predict

CAPTIONS = DATA / "captions"
SETS = ("fakecap", "clipscore-good", "clipscore-bad", "nlg-eval", "aac-1", "aac-2")
WORDS = ["red", "cat", "dog", "on", "mat", "sits", "green", "bird", "two", "trees"]


def random_captions(seed: int) -> list[Prediction]:
    """Empty and one-word captions, repeated words, one reference or many, empty references."""
    draws = random.Random(seed)
    most, words = draws.choice([1, 4, 12, 70]), WORDS[: draws.choice([1, 3, 10])]

    def caption() -> str:
        return " ".join(draws.choices(words, k=draws.randint(0, most)))

    n = draws.randint(1, 20)
    return predict(
        *[(caption(), [caption() for _ in range(draws.choice([1, 2, 7]))]) for _ in range(n)]
    )


@cache
def real(name: str) -> list[Prediction]:
    """Return the captions of one of SETS; skip the test where the real data are absent."""
    real_data("captions")
    return predict(*_READ[name.partition("-")[0]](name))


def _fakecap(name: str) -> list[tuple[str, list[str]]]:
    folder, references = CAPTIONS / "fakecap", {}
    for row in json.loads((folder / "en_captions_val2014.json").read_text())["annotations"]:
        references.setdefault(row["image_id"], []).append(row["caption"])
    results = json.loads((folder / "en_captions_val2014_fakecap_results.json").read_text())
    return [(row["caption"], references[row["image_id"]]) for row in results]


def _clipscore(name: str) -> list[tuple[str, list[str]]]:
    folder = CAPTIONS / "clipscore/example"
    references = json.loads((folder / "refs.json").read_text())
    captions = json.loads((folder / f"{name.partition('-')[2]}_captions.json").read_text())
    return [(caption, references[image]) for image, caption in captions.items()]


def _nlg(name: str) -> list[tuple[str, list[str]]]:
    files = [
        (CAPTIONS / "nlg-eval" / f"{n}.txt").read_text().splitlines()
        for n in ("hyp", "ref1", "ref2")
    ]
    return [(caption, [one, two]) for caption, one, two in zip(*files, strict=True)]


def _aac(name: str) -> list[tuple[str, list[str]]]:
    with (CAPTIONS / f"aac-metrics/example_{name[-1]}.csv").open(newline="") as file:
        return [
            (row["caption_predicted"], [row[f"caption_{k}"] for k in range(1, 6)])
            for row in csv.DictReader(file)
        ]


_READ = {"fakecap": _fakecap, "clipscore": _clipscore, "nlg": _nlg, "aac": _aac}


def official_tokens(
    predictions: list[Prediction],
) -> tuple[dict[int, list[str]], dict[int, list[str]]]:
    """References and captions as pycocoevalcap's scorers take them, by its own tokenizer."""
    tokenizer = pytest.importorskip("pycocoevalcap.tokenizer.ptbtokenizer").PTBTokenizer()
    return (
        tokenizer.tokenize(
            {i: [{"caption": r} for r in p.target] for i, p in enumerate(predictions)}
        ),
        tokenizer.tokenize({i: [{"caption": p.value}] for i, p in enumerate(predictions)}),
    )


def plain_tokens(
    predictions: list[Prediction],
) -> tuple[dict[int, list[str]], dict[int, list[str]]]:
    """The same of captions whose words are tokens as they stand."""
    return (
        {i: p.target for i, p in enumerate(predictions)},
        {i: [p.value] for i, p in enumerate(predictions)},
    )
