"""What metrics share that look at features of a model: what they ask for, and sets of vectors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmbench.stats import score
from mmbench.types import (
    Array,
    Content,
    FeatureRequest,
    Features,
    InvalidContent,
    Media,
    Modality,
    ModelFile,
    Prediction,
    Role,
    Score,
)

IMAGE: tuple[Modality, Role] = ("image", "document")
_BATCH = 4096

# The weights of Inception are published without an adapter of their own: the user gives the file.
FILES = {
    "inception": ModelFile(
        option="inception",
        hint="Inception weights: --inception FILE, torch-fidelity's"
        " weights-inception-2015-12-05-6726825d.pth (github.com/toshas/torch-fidelity,"
        " releases v0.2.0)",
    )
}


def two_sets(prediction: Prediction) -> dict[str, list[Content]]:
    """The drawn image, if it was drawn, and the real one, each where the prediction has it."""
    drawn = [] if prediction.error else _images(prediction.value)
    return {"drawn": drawn, "real": _images(prediction.target)}


def drawn_set(prediction: Prediction) -> dict[str, list[Content]]:
    """The drawn image alone."""
    return {"drawn": _images(prediction.value)}


def _images(content: Any) -> list[Content]:
    if content is None:
        return []
    if isinstance(content, InvalidContent) or (
        isinstance(content, Media) and content.modality == "image"
    ):
        return [content]
    return [InvalidContent(f"a {type(content).__name__} is no image: give a folder of images")]


# Both sets, by Inception after one of two ways to resize, or by any model that embeds images.
SETS = FeatureRequest(
    contents=two_sets,
    modalities={"drawn": IMAGE, "real": IMAGE},
    variants={
        "tf": ("inception", {"resize": "tf"}),
        "clean": ("inception", {"resize": "clean"}),
    },
    files=FILES,
    normalise=False,
    failed=True,
)


def stack(
    predictions: Sequence[Prediction], features: Sequence[Features], name: str
) -> tuple[Array, NDArray[np.intp]]:
    """The vectors [n, d] under `name`, and of each the position of its prediction.

    They stand in the order of a hash of the ids, which has nothing to do with what the images show:
    so neither a subset nor a split nor the last bit of a sum depends on the order of the data.
    """
    order = _order(predictions)
    counts = np.array([len(features[i][name]) for i in order], dtype=np.intp)
    owners = np.repeat(np.array(order, dtype=np.intp), counts)
    parts = list(batches(predictions, features, name))
    return (np.concatenate(parts) if parts else np.empty((0, 0), np.float32)), owners


def batches(
    predictions: Sequence[Prediction], features: Sequence[Features], name: str
) -> Iterator[Array]:
    """The same vectors a few thousand at a time, so that not all of them are in memory."""
    order = [i for i in _order(predictions) if len(features[i][name])]
    for start in range(0, len(order), _BATCH):
        yield np.concatenate([features[i][name] for i in order[start : start + _BATCH]])


def _order(predictions: Sequence[Prediction]) -> list[int]:
    return sorted(range(len(predictions)), key=lambda i: _hash(predictions[i].id))


def _hash(ident: str) -> bytes:
    return blake2b(ident.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def invalid_reason(needed: dict[str, int], **sides: Array) -> str:
    """Why vectors cannot be measured: too few on a side, or not finite; nothing where they can."""
    if any(len(sides[name]) < minimum for name, minimum in needed.items()):
        minimum = " and ".join(f"{n} {name}" for name, n in needed.items())
        counts = " and ".join(str(len(sides[name])) for name in needed)
        return f"at least {minimum} images are needed: got {counts}"
    invalid = [name for name, vectors in sides.items() if not np.isfinite(vectors).all()]
    return f"a feature of a {invalid[0]} image is not finite" if invalid else ""


def set_score(value: float, signature: str, reason: str) -> Score:
    """A Score of a set as a whole, which has one row."""
    return score([[value]], fold_name="whole", signature=signature, reason=reason)
