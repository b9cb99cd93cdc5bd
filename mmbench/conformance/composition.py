"""Conformance cases of composition: the rules of GenEval, and the scores of Winoground.

Both are written out naively and applied to generated detections and generated scores of pairs.
tests/metrics/composition compares the rules with 600 verdicts of the official scorer.
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from mmbench.conformance.case import (
    DEFINITION,
    Case,
    LargestDifference,
    max_difference,
    measured,
)
from mmbench.types import Content, Detection, Features, Media, Prediction

_N = 400
_NAME = "geneval@segmenter"
_PLACES = ("left of", "right of", "above", "below")
_COLORS = ["red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "black", "white"]


def _compare(_: Path) -> LargestDifference:
    rng = np.random.default_rng(41)
    drawn = [_drawn(rng) for _ in range(_N)]
    predictions, features, right = zip(*drawn, strict=True)
    ours = measured(_NAME, list(predictions), list(features)).rows[:, 0]
    return LargestDifference(
        max_difference(ours, np.array(right, np.float64)),
        f"generated: {_N} images, {sum(right)} of them right",
    )


def _drawn(rng: np.random.Generator) -> tuple[Prediction, Features, bool]:
    """Return a prompt about cats and a dog, objects in an image, and whether the image is right."""
    counting = bool(rng.integers(2))
    n, place = int(rng.integers(1, 3)), str(rng.choice(_PLACES))
    color = str(rng.choice(_COLORS))
    dog: dict[str, Any] = {"class": "dog", "count": 1, "color": color}
    requirements = {
        "tag": "counting" if counting else "position",
        "include": [{"class": "cat", "count": n}, dog | {"position": [place, 0]}],
        "exclude": [{"class": "cat", "count": n + 1}],
    }
    names = [*["cat"] * n, "dog", *rng.choice(["cat", "dog"], rng.integers(3))]
    objects = [_object(rng, str(name)) for name in names]
    kept = [one for one in objects if one.score > (0.9 if counting else 0.3)]
    cats, dogs = (_sorted(kept, name) for name in ("cat", "dog"))
    found = color if rng.random() < 0.8 else str(rng.choice(_COLORS))
    right = (
        len(cats) == n
        and bool(dogs)
        and found == color
        and all(place in _places(dogs[0].box, cat.box) for cat in cats)
    )
    axes = np.eye(len(_COLORS), dtype=np.float32)
    features = {
        "objects": [objects],
        "crop": axes[[_COLORS.index(found)] * bool(dogs)],
        "color": np.repeat(axes, 3, axis=0)[: 30 * bool(dogs)],
    }
    inputs: dict[str, Content] = {"text": "a prompt", "requirements": json.dumps(requirements)}
    return Prediction("1", Media("image", "drawn.png"), inputs=inputs), features, right


def _object(rng: np.random.Generator, name: str) -> Detection:
    left, top = (float(at) for at in rng.integers(0, 200, 2))
    wide, high = (float(at) for at in rng.integers(4, 90, 2))
    score = float(rng.choice([0.2, 0.5, 0.95, 0.97, 0.99]))
    return Detection(name, score + rng.uniform(0, 1e-3), (left, top, left + wide, top + high))


def _sorted(objects: list[Detection], name: str) -> list[Detection]:
    own = [one for one in objects if one.label == name]
    return sorted(own, key=lambda one: -one.score)


def _places(box: tuple[float, ...], other: tuple[float, ...]) -> set[str]:
    """Return the positions of a box relative to another, one axis after the other."""
    offsets, shortened = [], []
    for low, high in ((0, 2), (1, 3)):
        offset = (box[low] + box[high]) / 2 - (other[low] + other[high]) / 2
        lengths = abs(box[high] - box[low]) + abs(other[high] - other[low])
        offsets.append(offset)
        shortened.append(max(abs(offset) - 0.1 * lengths, 0.0))
    distance = (offsets[0] ** 2 + offsets[1] ** 2) ** 0.5
    held = set()
    for offset, short, names in zip(offsets, shortened, (_PLACES[:2], _PLACES[2:]), strict=True):
        if distance and short / distance > 0.5:
            held.add(names[offset > 0])
    return held


def _is_correct(metric: str, scores: dict[str, int]) -> bool:
    """Return a sample's result by the names of its four scores, as the authors define it."""
    text = scores["c0_i0"] > scores["c1_i0"] and scores["c1_i1"] > scores["c0_i1"]
    image = scores["c0_i0"] > scores["c0_i1"] and scores["c1_i1"] > scores["c1_i0"]
    wrong = {scores["c1_i0"], scores["c0_i1"]}
    results = {
        "text_score": text,
        "image_score": image,
        "group_score": text and image,
        "match_ties": bool({scores["c0_i0"], scores["c1_i1"]} & wrong),
    }
    return results[metric]


def _compare_pairs(metric: str, _: Path) -> LargestDifference:
    """Compare a metric of matching with its definition, on small integers, so that scores tie."""
    rng = np.random.default_rng(42)
    drawn = rng.integers(0, 5, (_N, 2, 2))
    predictions = [
        Prediction(str(at), one.ravel().astype(np.float64), [[1, 0], [0, 1]])
        for at, one in enumerate(drawn)
    ]
    named = [{f"c{c}_i{i}": int(one[i, c]) for c in (0, 1) for i in (0, 1)} for one in drawn]
    expected = [_is_correct(metric, scores) for scores in named]
    return LargestDifference(
        max_difference(measured(metric, predictions).rows[:, 0], np.array(expected, np.float64)),
        f"generated: {_N} samples with scores from 0 to 4, {sum(expected)} of them 1",
    )


CASES = [
    Case(_NAME, DEFINITION, _compare),
    *(
        Case(metric, DEFINITION, partial(_compare_pairs, metric))
        for metric in ("text_score", "image_score", "group_score", "match_ties")
    ),
]
