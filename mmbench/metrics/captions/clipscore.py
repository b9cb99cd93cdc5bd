"""CLIPScore and PAC-S: the similarity of a caption and its image under an embedding model.

Captions and references are embedded with the prefix "A photo depicts ". Features are normalised to
length 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from mmbench.metrics.image_sets.features import IMAGE
from mmbench.protocols import declare
from mmbench.stats import score
from mmbench.types import (
    Content,
    FeatureRequest,
    Features,
    InvalidContent,
    Media,
    Modality,
    Prediction,
    Role,
    Score,
)

_PREFIX = "A photo depicts "
_CLIPSCORE, _PAC = 2.5, 2.0
_KINDS = {"writing", "drawing"}
_MODEL = "clip@openai/clip-vit-base-patch32"
_TEXT: tuple[Modality, Role] = ("text", "query")
_PAIR = {"caption": _TEXT, "image": IMAGE}
_WITH_REFERENCES = {**_PAIR, "references": _TEXT}


def _highest(weight: float) -> float:
    """Return the highest value of a metric with references: the harmonic mean of `weight` and 1."""
    return 2 * weight / (weight + 1)


def caption_and_image(prediction: Prediction) -> tuple[str | InvalidContent, Content]:
    """Return a generated caption and its image, or the prompt and the generated image."""
    value, inputs = prediction.value, prediction.inputs
    if isinstance(value, Media):
        texts = [text for text in inputs.values() if isinstance(text, str)]
        none = InvalidContent("no prompt to compare the generated image with")
        return texts[0] if texts else none, value
    image = inputs.get("image")
    if image is None or isinstance(image, str):
        image = InvalidContent(
            "no image to compare the caption with; give the images (--data PATH)"
        )
    return str(value), image


def _pair(prediction: Prediction) -> dict[str, list[Content]]:
    text, image = caption_and_image(prediction)
    return {"caption": [_PREFIX + text if isinstance(text, str) else text], "image": [image]}


def _with_references(prediction: Prediction) -> dict[str, list[Content]]:
    references: list[Content] = [_PREFIX + text for text in prediction.target or []]
    none = InvalidContent("no reference captions; use clipscore or pac_s, which need none")
    return {**_pair(prediction), "references": references or [none]}


_declared = partial(declare, unit="score", better="higher", worst=0, kinds=_KINDS)


@_declared(best=_CLIPSCORE, wants=FeatureRequest(_pair, _PAIR, model=_MODEL))
def clipscore(predictions: Sequence[Prediction], *, features: Sequence[Features]) -> Score:
    """CLIPScore: 2.5 · max(0, cos(caption, image)), averaged over captions.

    The embedding model is CLIP ViT-B/32. Range [0, 2.5], higher is better. Features: `caption` and
    `image` [1, d] float32. A caption without an image fails. For a generated image, the caption is
    its prompt. (The CLIPScore of torchmetrics is different: 100 · cos, without a prefix.)
    Source: Hessel et al. 2021, arXiv 2104.08718; jmhessel/clipscore `get_clip_score`.
    """
    return _score(predictions, _fit(features, _CLIPSCORE), _CLIPSCORE)


@_declared(
    best=_highest(_CLIPSCORE),
    wants=FeatureRequest(_with_references, _WITH_REFERENCES, model=_MODEL),
)
def ref_clipscore(predictions: Sequence[Prediction], *, features: Sequence[Features]) -> Score:
    """RefCLIPScore: the harmonic mean of CLIPScore and the best reference's cosine, averaged.

    The value of a caption is 2ab / (a + b), or 0 if a and b are 0, where a = 2.5 · max(0,
    cos(caption, image)) and b = max(0, the largest cos(caption, reference)). The embedding model is
    CLIP ViT-B/32. Range [0, 10/7], higher is better. Features: `caption` and `image` as for
    `clipscore`, and `references` [k, d] float32. (Unlike the paper, the official code does not set
    a negative cosine of the best reference to 0.)
    Source: Hessel et al. 2021, arXiv 2104.08718; jmhessel/clipscore `get_refonlyclipscore`, `main`.
    """
    return _score(predictions, _harmonic(features, _CLIPSCORE), _CLIPSCORE)


@_declared(best=_PAC, wants=FeatureRequest(_pair, _PAIR))
def pac_s(predictions: Sequence[Prediction], *, features: Sequence[Features]) -> Score:
    """PAC-S: 2 · max(0, cos(caption, image)), averaged over captions.

    The embedding model is a CLIP with the weights of PAC-S. Range [0, 2], higher is better.
    Features: `caption` and `image` as for `clipscore`. There is no default model, because the
    authors publish the weights as files for their own code; name a model that has these weights.
    Source: Sarto et al. 2023, arXiv 2303.12112; aimagelab/pacscore `PACScore`.
    """
    return _score(predictions, _fit(features, _PAC), _PAC)


@_declared(best=_highest(_PAC), wants=FeatureRequest(_with_references, _WITH_REFERENCES))
def ref_pac_s(predictions: Sequence[Prediction], *, features: Sequence[Features]) -> Score:
    """RefPAC-S: the harmonic mean of PAC-S and the best reference's cosine, averaged.

    The formula is the same as for `ref_clipscore`, with 2 instead of 2.5. The embedding model is a
    CLIP with the weights of PAC-S. Range [0, 4/3], higher is better.
    Source: Sarto et al. 2023, arXiv 2303.12112; aimagelab/pacscore `RefPACScore`.
    """
    return _score(predictions, _harmonic(features, _PAC), _PAC)


def _score(predictions: Sequence[Prediction], rows: NDArray[np.float64], weight: float) -> Score:
    if len(rows) != len(predictions):
        raise ValueError(f"{len(rows)} sets of features for {len(predictions)} predictions")
    return score(rows, signature=f"prefix={_PREFIX.strip()},weight={weight:g}")


def _fit(features: Sequence[Features], weight: float) -> NDArray[np.float64]:
    """Return weight · max(0, cos(caption, image)) for each caption [n]."""
    return weight * np.array([_cosine(each, "image") for each in features], np.float64)


def _harmonic(features: Sequence[Features], weight: float) -> NDArray[np.float64]:
    fit = _fit(features, weight)
    nearest = np.array([_cosine(each, "references") for each in features], np.float64)
    both = fit + nearest
    return np.divide(2 * fit * nearest, both, out=np.zeros_like(both), where=both > 0)


def _cosine(features: Features, other: str) -> float:
    """Return the largest cosine of a caption with the vectors `other`, clipped to [0, 1].

    `other` is a name in `features`: "image" or "references".
    """
    caption = features["caption"][0].astype(np.float64)
    cosine = float((features[other] @ caption).max())
    return min(max(cosine, 0.0), 1.0)
