"""Conformance cases of CLIPScore, VQAScore and CLAPScore: formulas, and published examples."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from mmbench.conformance.case import (
    DEFINITION,
    Case,
    LargestDifference,
    Skipped,
    max_difference,
    measured,
)
from mmbench.conformance.packages import library
from mmbench.media import decode_image, read_bytes
from mmbench.metric_names import metric_info
from mmbench.protocols import Embeds, Prepares
from mmbench.registry import lookup
from mmbench.types import Array, Content, Features, Media, Modality, Prediction, Role

if TYPE_CHECKING:
    from PIL.Image import Image

_MODEL = "openai/clip-vit-base-patch32"
_N = 300
_WEIGHT = {"clipscore": 2.5, "ref_clipscore": 2.5, "pac_s": 2.0, "ref_pac_s": 2.0}


class _PreparedEmbedder(Embeds, Prepares, Protocol):
    """A model that prepares and embeds content."""


def _unit(vectors: NDArray[np.floating]) -> Array:
    unit: Array = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return unit


def _vectors() -> list[Features]:
    """Return features of random captions; cosines have both signs.

    Each caption has 1 to 5 references.
    """
    draws = np.random.default_rng(31)
    counts = draws.integers(1, 6, _N)
    return [
        {
            "caption": _unit(draws.normal(size=(1, 4))),
            "image": _unit(draws.normal(size=(1, 4))),
            "audio": _unit(draws.normal(size=(1, 4))),
            "references": _unit(draws.normal(size=(count, 4))),
        }
        for count in counts
    ]


def _defined(name: str, _: Path) -> LargestDifference:
    features = _vectors()
    theirs = np.mean([_value(name, row) for row in features])
    predictions = [Prediction(str(i)) for i in range(_N)]
    ours = measured(name, predictions, features).value
    return LargestDifference(
        max_difference(ours, theirs), f"generated: {_N} vectors, 1 to 5 references"
    )


def _value(name: str, row: Features) -> float:
    caption = row["caption"][0].astype(np.float64)
    fit = _WEIGHT[name] * max(0.0, float(row["image"][0].astype(np.float64) @ caption))
    if not name.startswith("ref"):
        return fit
    near = max(0.0, *(float(other.astype(np.float64) @ caption) for other in row["references"]))
    return 2 / (1 / fit + 1 / near) if fit and near else 0.0


def _clap(name: str, _: Path) -> LargestDifference:
    features, other = _vectors(), "audio" if name == "clapscore" else "references"
    theirs = np.mean([np.mean([_dot(row, one) for one in row[other]]) for row in features])
    predictions = [Prediction(str(i)) for i in range(_N)]
    ours = measured(name, predictions, features).value
    return LargestDifference(
        max_difference(ours, theirs), f"generated: {_N} vectors, cosines of both signs"
    )


def _dot(row: Features, other: Array) -> float:
    return sum(float(a) * float(b) for a, b in zip(row["caption"][0], other, strict=True))


def _golden(name: str, which: str, expected: float, folder: Path) -> LargestDifference:
    """Compare a metric on the two example images of the clipscore README with its published value.

    `which` selects the good or the bad captions. The CLIP weights come from the huggingface_hub
    cache.
    """
    model = lookup("model", "clip")(_weights(), device="cpu", dtype="float32")
    references = json.loads((folder / "refs.json").read_text())
    captions = json.loads((folder / f"{which}_captions.json").read_text())
    predictions = [
        Prediction(key, text, references[key], inputs={"image": _image(folder, key)})
        for key, text in captions.items()
    ]
    wants = metric_info(name).wants
    assert wants is not None
    features = [
        {
            kind: _embedded(model, contents, *wants.modalities[kind])
            for kind, contents in wants.contents(prediction).items()
        }
        for prediction in predictions
    ]
    ours = measured(name, predictions, features).value
    return LargestDifference(
        max_difference(ours, expected), f"clipscore: {len(captions)} {which} captions"
    )


def _image(folder: Path, key: str) -> Media:
    return Media("image", str(next((folder / "images").glob(f"{key}.*"))))


def _embedded(
    model: _PreparedEmbedder, contents: list[Content], modality: Modality, role: Role
) -> Array:
    items = [model.prepare(_item(content), modality) for content in contents]
    return _unit(model.embed(items, modality, role))


def _item(content: Content) -> Content | Image:
    return (
        decode_image(read_bytes(content), content.name) if isinstance(content, Media) else content
    )


def _weights() -> Path:
    hub = library("huggingface_hub")
    try:
        return Path(hub.snapshot_download(_MODEL, local_files_only=True))
    except (OSError, ValueError) as error:
        raise Skipped(
            f"no weights of {_MODEL} in the huggingface_hub cache; download them"
        ) from error


def _rated(_: Path) -> LargestDifference:
    """Compare VQAScore with the geometric mean of token probabilities, multiplied one by one."""
    draws = np.random.default_rng(32)
    tokens = [draws.uniform(0.01, 1, draws.integers(1, 5)) for _ in range(_N)]
    features: list[Features] = [
        {"answer": np.array([[np.log(one).sum(), len(one)]])} for one in tokens
    ]
    ours = measured("vqascore", [Prediction(str(i)) for i in range(_N)], features).value
    theirs = np.mean([float(np.prod(one)) ** (1 / len(one)) for one in tokens])
    return LargestDifference(
        max_difference(ours, theirs), f"generated: {_N} answers of 1 to 4 tokens"
    )


_PUBLISHED = (
    ("clipscore", "good", 0.8584),
    ("clipscore", "bad", 0.7153),
    ("ref_clipscore", "good", 0.8450),
)

CASES = [
    *(Case(name, DEFINITION, partial(_defined, name)) for name in _WEIGHT),
    Case("vqascore", DEFINITION, _rated),
    *(Case(name, DEFINITION, partial(_clap, name)) for name in ("clapscore", "clap_sim")),
    *(
        Case(
            name,
            f"golden: clipscore README, {expected}",
            partial(_golden, name, which, expected),
            2e-3,
            data="captions/clipscore/example",
        )
        for name, which, expected in _PUBLISHED
    ),
]
