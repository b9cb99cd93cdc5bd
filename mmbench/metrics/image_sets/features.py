"""Requests of image metrics for model features, and the sets of vectors made from features."""

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

# The weights of Inception are published as a plain file, which the user must provide.
FILES = {
    "inception": ModelFile(
        option="inception",
        hint="Inception weights; pass --inception FILE with torch-fidelity's"
        " weights-inception-2015-12-05-6726825d.pth (github.com/toshas/torch-fidelity,"
        " releases v0.2.0)",
    )
}


def two_sets(prediction: Prediction) -> dict[str, list[Content]]:
    """Return the generated image ("drawn") and the real image ("real") of a prediction.

    Each is a list of one image, or an empty list if the image is missing or the generation failed.
    """
    drawn = [] if prediction.error else _images(prediction.value)
    return {"drawn": drawn, "real": _images(prediction.target)}


def drawn_set(prediction: Prediction) -> dict[str, list[Content]]:
    """Return the generated image of a prediction, without the real image."""
    return {"drawn": _images(prediction.value)}


def _images(content: Any) -> list[Content]:
    if content is None:
        return []
    if isinstance(content, InvalidContent) or (
        isinstance(content, Media) and content.modality == "image"
    ):
        return [content]
    return [InvalidContent(f"a {type(content).__name__} is not an image; give a folder of images")]


# Features of both sets, from Inception with one of two resize methods, or from any image encoder.
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
    """Return the feature vectors `name` [n, d], and the index of each vector's prediction [n].

    The vectors are in the order of a hash of the prediction ids. So subsets, splits and rounding
    errors of sums do not depend on the order of the data.
    """
    order = _order(predictions)
    counts = np.array([len(features[i][name]) for i in order], dtype=np.intp)
    owners = np.repeat(np.array(order, dtype=np.intp), counts)
    parts = list(batches(predictions, features, name))
    return (np.concatenate(parts) if parts else np.empty((0, 0), np.float32)), owners


def batches(
    predictions: Sequence[Prediction], features: Sequence[Features], name: str
) -> Iterator[Array]:
    """Yield the same vectors as `stack`, a few thousand at a time to limit memory."""
    order = [i for i in _order(predictions) if len(features[i][name])]
    for start in range(0, len(order), _BATCH):
        yield np.concatenate([features[i][name] for i in order[start : start + _BATCH]])


def _order(predictions: Sequence[Prediction]) -> list[int]:
    return sorted(range(len(predictions)), key=lambda i: _hash(predictions[i].id))


def _hash(ident: str) -> bytes:
    return blake2b(ident.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def invalid_reason(needed: dict[str, int], **sides: Array) -> str:
    """Return the reason why a metric of sets of vectors has no value; "" if it has one.

    `sides` are the sets by name, and `needed` the smallest number of vectors in each set. All
    vectors must be finite.
    """
    if any(len(sides[name]) < minimum for name, minimum in needed.items()):
        minimum = " and ".join(f"{n} {name}" for name, n in needed.items())
        counts = " and ".join(str(len(sides[name])) for name in needed)
        return f"at least {minimum} images are needed, but there are {counts}"
    invalid = [name for name, vectors in sides.items() if not np.isfinite(vectors).all()]
    return f"a feature of a {invalid[0]} image is not finite" if invalid else ""


def set_score(value: float, signature: str, reason: str) -> Score:
    """Return the Score of a metric that has one value, and so one row, for the whole set."""
    return score([[value]], fold_name="whole", signature=signature, reason=reason)
