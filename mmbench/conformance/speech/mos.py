"""Conformance cases of opinion scores and speaker similarity: scipy, speechmos, definitions."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import cache, partial
from itertools import groupby
from pathlib import Path
from statistics import fmean

import numpy as np

from mmbench.conformance.case import (
    DEFINITION,
    Case,
    LargestDifference,
    max_difference,
    measured,
    value,
)
from mmbench.conformance.packages import library
from mmbench.types import Media, Prediction

_ITEMS, _SYSTEMS, _CLIPS = 200, 12, 2
_INPUTS = f"generated: {_ITEMS} items of {_SYSTEMS} systems, 1 to 6 ratings, tied predictions"
Points = list[tuple[float, float]]


@cache
def _rated() -> list[Prediction]:
    """Return predictions for rated items of several systems with different item counts.

    Predicted ratings are in steps of 0.5, so that many are equal.
    """
    draws = random.Random(10)
    predictions = []
    for i in range(_ITEMS):
        system = min(int(draws.expovariate(0.3)), _SYSTEMS - 1)
        level = 1.5 + 3 * system / _SYSTEMS
        ratings = [
            [f"r{draws.randint(0, 30)}", float(min(5, max(1, round(draws.gauss(level, 1)))))]
            for _ in range(draws.randint(1, 6))
        ]
        predicted = round(2 * draws.gauss(level, 0.8)) / 2
        predictions.append(Prediction(str(i), predicted, ratings, tags={"system": f"s{system}"}))
    return predictions


def _items() -> Points:
    return [(p.value, fmean(rating for _, rating in p.target)) for p in _rated()]


def _systems() -> Points:
    pairs = sorted(zip((p.tags["system"] for p in _rated()), _items(), strict=True))
    groups = [[point for _, point in rows] for _, rows in groupby(pairs, lambda pair: pair[0])]
    return [(fmean(a for a, _ in group), fmean(b for _, b in group)) for group in groups]


def _squared(points: Points) -> float:
    return fmean((a - b) ** 2 for a, b in points)


def _scipy(function: str, points: Points) -> float:
    predicted, rated = zip(*points, strict=True)
    return float(getattr(library("scipy.stats"), function)(predicted, rated)[0])


def _agreement(name: str, theirs: Callable[[Points], float], _: Path) -> LargestDifference:
    """Compare a metric with the function `theirs`, over items and over systems."""
    ours = [value(f"{name}[{level}]", _rated()) for level in ("utterance", "system")]
    return LargestDifference(max_difference(ours, [theirs(_items()), theirs(_systems())]), _INPUTS)


def _mos(_: Path) -> LargestDifference:
    return LargestDifference(
        max_difference(value("mos", _rated()), fmean(b for _, b in _items())), _INPUTS
    )


def _dnsmos(folder: Path) -> LargestDifference:
    """Compare all four DNSMOS scores of the first audio clips in a folder."""
    files = sorted(folder.glob("*.wav"))[:_CLIPS]
    heads = ("ovrl", "sig", "bak", "p808")
    sounds = [Prediction(file.stem, Media("audio", str(file))) for file in files]
    ours = [[value(f"dnsmos[{head}]", [sound]) for head in heads] for sound in sounds]
    official = library("speechmos.dnsmos")
    results = [official.run(str(file), 16_000) for file in files]
    theirs = [[clip[f"{head}_mos"] for head in heads] for clip in results]
    return LargestDifference(max_difference(ours, theirs), f"librivox: {len(files)} clips")


def _similarity(_: Path) -> LargestDifference:
    pairs = np.random.default_rng(4).normal(size=(_ITEMS, 2, 16))
    pairs /= np.linalg.norm(pairs, axis=2, keepdims=True)
    generated, reference = pairs.astype(np.float32).transpose(1, 0, 2)
    features = [
        {"generated": a[None], "reference": b[None]}
        for a, b in zip(generated, reference, strict=True)
    ]
    ours = measured("speaker_similarity", _rated(), features).value
    dots = (generated.astype(np.float64) * reference.astype(np.float64)).sum(axis=1)
    return LargestDifference(
        max_difference(ours, dots.mean()), f"generated: {_ITEMS} pairs of vectors, both signs"
    )


_SCIPY = {"mos_lcc": "pearsonr", "mos_srcc": "spearmanr", "mos_ktau": "kendalltau"}
CASES = [
    Case("mos", DEFINITION, _mos),
    *(
        Case(name, function, partial(_agreement, name, partial(_scipy, function)), 1e-9, "scipy")
        for name, function in _SCIPY.items()
    ),
    Case("mos_mse", DEFINITION, partial(_agreement, "mos_mse", _squared)),
    Case("speaker_similarity", DEFINITION, _similarity),
    Case("dnsmos", "dnsmos.run", _dnsmos, 1e-4, "speechmos", "speech/librivox"),
]
