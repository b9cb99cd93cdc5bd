"""Random predictions that each built-in metric can measure, with features where it wants some."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cache
from importlib.util import find_spec
from shutil import which
from typing import Any

import numpy as np
from msgspec.structs import replace

from mmbench import metric_names
from mmbench.reference.worlds.shapes.sources import shapes_prompts
from mmbench.types import (
    Content,
    Detection,
    Features,
    Media,
    Prediction,
    Ranking,
    Sample,
    TokenMatches,
)
from tests.support.media.sounds import sound_bytes

N = 12
WORDS = ["a", "red", "cat", "on", "no", "the", "yes", "mat", "12", "B"]
Random = np.random.Generator
Made = tuple[list[Prediction], list[Features] | None]

# The names of a form whose argument is no variant: `recall@k` is measured as `recall@3`.
ARGUMENTS = {
    "@k": "@3",
    "@n": "@2",
    "@features": "@clip",
    "[RUBRIC]": "[helpfulness]",
    "[OPTIONS]": "[collar=0.5]",
    "[TOLERANCE]": "[10%]",
    "[NAME]": "[word]",
}
# The options that a task file gives to a metric.
OPTIONS: dict[str, dict[str, object]] = {"regex_match[word]": {"pattern": r"(\w+)"}}


def names_of(form: str) -> list[str]:
    """How a registered metric is written, with an argument."""
    for open_, argument in ARGUMENTS.items():
        form = form.removesuffix(open_) + argument if form.endswith(open_) else form
    return metric_names.written_forms(form)


def can_run(form: str) -> bool:
    """Return whether the programs and libraries that a metric needs are here."""
    needs = metric_names.metric_info(form).needs
    return form not in ("spice", "spider", "spider_fl") and all(
        which(need) or find_spec(need) for need in needs
    )


def _text(rng: Random, most: int = 6) -> str:
    return " ".join(rng.choice(WORDS, rng.integers(1, most)))


def _ranking(rng: Random) -> Ranking:
    found = np.sort(rng.choice(20, rng.integers(1, 6), replace=False) + 1).tolist()
    return Ranking(found, rng.integers(1, 4, len(found)).astype(float).tolist(), size=20)


def _searched(rng: Random) -> Ranking:
    """Return a ranking with its 10 best documents, and its term of the modality gap."""
    top = [f"d{row}" for row in rng.permutation(20)[:10]]
    return replace(_ranking(rng), top=top, gap=float(rng.uniform(0, 3)))


def _in_subset(rng: Random) -> Ranking:
    return replace(_ranking(rng), subset=[int(rng.integers(1, 6))])


def _matching(rng: Random) -> tuple[Any, Any]:
    """Return the scores of two images and two texts, sometimes equal."""
    return rng.integers(3, size=4).astype(np.float64), [[1, 0], [0, 1]]


def _classes(rng: Random) -> tuple[Any, Any]:
    return rng.normal(size=5).astype(np.float32), int(rng.integers(5))


def _choice(rng: Random) -> tuple[Any, Any]:
    options = [f"thing {n}" for n in range(4)]
    said = rng.choice([*"ABCD", *options, "none of them"])
    return str(said), {"answer": str(rng.choice(list("ABCD"))), "options": options}


def _ratings(rng: Random) -> list[tuple[str, float]]:
    return [(f"r{n}", float(rng.integers(1, 6))) for n in range(rng.integers(1, 4))]


def _segments(rng: Random) -> list[dict[str, Any]]:
    starts = rng.uniform(0, 20, rng.integers(2, 6)).round(1).tolist()
    return [
        {
            "speaker": str(rng.choice(list("abc"))),
            "start_time": start,
            "end_time": start + 2.5,
            "words": _text(rng),
        }
        for start in starts
    ]


# By family, else by the module of the metric: a value and its target.
PAIRS: dict[str, Callable[[Random], tuple[Any, Any]]] = {
    "first_positive": lambda rng: (_in_subset(rng), None),
    "all_positives": lambda rng: (_ranking(rng), None),
    "diagnostics": lambda rng: (_searched(rng), None),
    "classification": _classes,
    "calibration": _classes,
    "tagging": _classes,
    "clusters": lambda rng: (f"c{rng.integers(3)}", int(rng.integers(4))),
    "matching": _matching,
    "choice": _choice,
    **dict.fromkeys(("mmau", "mmmu", "mathvista"), _choice),
    "hallusion": lambda rng: (_text(rng), str(rng.choice(["yes", "no"]))),
    "numbers": lambda rng: (f"{rng.uniform(1, 2):.1f} kg", f"{rng.uniform(1, 2):.1f} kg"),
    "patterns": lambda rng: (_text(rng), str(rng.choice(WORDS))),
    "pope": lambda rng: (_text(rng), str(rng.choice(["yes", "no"]))),
    "speech": lambda rng: (_text(rng, 9), _text(rng)),
    "speakers": lambda rng: (_segments(rng), _segments(rng)),
    "answers": lambda rng: (_text(rng, 3), [_text(rng, 3) for _ in range(10)]),
    "mos": lambda rng: (float(rng.uniform(1, 5)), _ratings(rng)),
    "dnsmos": lambda rng: (_tone(rng), None),
    "roundtrip": lambda rng: (None, None),
    "judge": lambda rng: (_text(rng, 9), None),
    "agreement": lambda rng: (_text(rng, 9), None),
    "captions": lambda rng: (_text(rng, 9), [_text(rng) for _ in range(rng.integers(1, 4))]),
}


@cache
def _prompts() -> Sequence[Sample]:
    return shapes_prompts(None, images=2 * N).samples


def _tone(rng: Random) -> Media:
    data = sound_bytes(rng.uniform(-0.5, 0.5, 16_000), 16_000)
    return Media("audio", "noise", lambda: data)


def made(name: str, seed: int) -> Made:
    """Predictions of one of the kinds of a metric, and features for one that wants them."""
    rng = np.random.default_rng(seed)
    function, _ = metric_names.metric(name)
    module = function.__module__.rpartition(".")[2]
    wants = metric_names.metric_info(name).wants
    if name.startswith("shapes"):
        drawn, asked = (rng.permutation(2 * N)[:N].tolist() for _ in range(2))
        pairs = [
            (_prompts()[one], _prompts()[other]) for one, other in zip(asked, drawn, strict=True)
        ]
        return [Prediction(s.id, other.target, inputs=s.inputs) for s, other in pairs], None
    pair = PAIRS.get("dnsmos" if name.startswith("dnsmos") else module, PAIRS["captions"])
    predictions = []
    for n in range(N):
        value, target = pair(rng)
        tags = {
            "system": f"s{n % 4}",
            "audio_seconds": "2",
            "compute_seconds": f"{n + 1}",
            "objects": "cat",
            "human": f"{rng.integers(1, 6)}",
            **dict.fromkeys(("category", "subcategory", "set_id"), f"{n // 4}"),
            **dict.fromkeys(("figure_id", "question_id"), f"{n // 2 % 2}"),
        }
        scores: Any = "logits" if module in ("classification", "calibration", "tagging") else ""
        group, inputs = f"g{n // 2}", dict[str, Content](text=_text(rng))
        predictions.append(Prediction(str(n), value, target, None, group, tags, inputs, scores))
    if module == "geneval":
        return _judged(rng)
    if wants is None:
        return predictions, None
    if wants.chosen_by == "judge":
        verdicts = [f'{{"score": {rng.integers(1, 6)}}}' for _ in predictions]
        return predictions, [{"verdict": [one], "extracted": [one]} for one in verdicts]
    if wants.method == "write":
        return predictions, [{"transcript": [_text(rng, 9)]} for _ in predictions]
    if wants.method == "loglikelihood":
        rated = [np.array([[-rng.exponential(), rng.integers(1, 4)]]) for _ in predictions]
        return predictions, [dict.fromkeys(wants.modalities, row) for row in rated]
    if wants.method == "match_tokens":
        return predictions, [{"matches": [_matches(rng)]} for _ in predictions]
    names = [name for request in wants.chain() for name in request.modalities]
    return predictions, [{name: _unit(rng) for name in names} for _ in predictions]


def _matches(rng: Random) -> TokenMatches:
    """Matches of a text with up to three references, with cosines of both signs."""
    sizes, n = rng.integers(0, 6, rng.integers(1, 4)), rng.integers(0, 6)
    return TokenMatches(
        rng.integers(-1, 9, n).astype(np.int32),
        [rng.integers(-1, 9, size).astype(np.int32) for size in sizes],
        [rng.uniform(-1, 1, n).astype(np.float32) for _ in sizes],
        [rng.uniform(-1, 1, size).astype(np.float32) for size in sizes],
    )


def _judged(rng: Random) -> Made:
    """Generated images that should show a cat, and the cats that a detector finds."""
    requirements = {"tag": "counting", "include": [{"class": "cat", "count": 1}]}
    inputs: dict[str, Content] = {"requirements": json.dumps(requirements)}
    image = Media("image", "drawn.png")
    nothing = np.zeros((0, 4), np.float32)
    features: list[Features] = [
        {
            "objects": [[Detection("cat", 0.95, (0, 0, 9, 9))] * int(rng.integers(3))],
            "crop": nothing,
            "color": nothing,
        }
        for _ in range(N)
    ]
    return [Prediction(str(n), image, inputs=inputs) for n in range(N)], features


def _unit(rng: Random) -> Any:
    vectors = rng.normal(size=(1, 6)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def measured(name: str, seed: int) -> Any:
    """The Score of a metric, called directly."""
    function, argument = metric_names.metric(name)
    function = metric_names.with_options(name, function, OPTIONS.get(name, {}))
    predictions, features = made(name, seed)
    given = () if argument is None else (argument,)
    return function(predictions, *given, **({"features": features} if features else {}))
