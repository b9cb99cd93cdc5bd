"""FENSE: similarity of sentences, with a penalty for captions that are not fluent."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from mmbench.metrics.captions.semantic.fluency import (
    ERRORS,
    PENALISED,
    error_probabilities,
    fluency_factors,
)
from mmbench.protocols import declare
from mmbench.stats import score
from mmbench.types import (
    Content,
    FeatureRequest,
    Features,
    InvalidContent,
    Modality,
    Prediction,
    Role,
    Score,
)

_TEXT: tuple[Modality, Role] = ("text", "document")


def _with_references(prediction: Prediction) -> dict[str, list[Content]]:
    references: list[Content] = [str(text) for text in prediction.target or []]
    none = InvalidContent("no reference captions to compare the caption with")
    return {"caption": [str(prediction.value)], "references": references or [none]}


_SENTENCES = FeatureRequest(
    _with_references,
    {"caption": _TEXT, "references": _TEXT},
    model="text-encoder@sentence-transformers/paraphrase-TinyBERT-L6-v2",
)
_FENSE = FeatureRequest(
    _SENTENCES.contents, _SENTENCES.modalities, model=_SENTENCES.model, then=ERRORS
)

_declared = partial(declare, unit="score", better="higher", worst=-1, best=1, kinds={"writing"})


@_declared(wants=_SENTENCES)
def sbert_sim(
    predictions: Sequence[Prediction],  # noqa: ARG001
    *,
    features: Sequence[Features],
) -> Score:
    """Mean cosine of the sentence embeddings of a caption and its references, averaged.

    The encoder is paraphrase-TinyBERT-L6-v2; `sbert_sim@text-encoder@MODEL` uses another one.
    Range [-1, 1], higher is better. Features: `caption` [1, d] and `references` [k, d] float32, of
    length 1.
    Source: Zhou et al. 2022, arXiv 2110.04684; aac-metrics 0.6.0 `functional/sbert_sim.py`.
    """
    return score(_similarities(features), signature="references=mean")


@_declared(wants=_FENSE)
def fense(
    predictions: Sequence[Prediction],  # noqa: ARG001
    *,
    features: Sequence[Features],
) -> Score:
    """FENSE: `sbert_sim` of a caption, times 0.1 if the caption is not fluent, averaged.

    A caption is not fluent if the probability of the class `error` exceeds 0.9
    (`fluency_error_rate`). `fense@text-encoder@MODEL` uses another sentence encoder. Range [-1, 1],
    higher is better. Features: those of `sbert_sim`, and `errors` [1, 6] float32.
    Source: Zhou et al. 2022, arXiv 2110.04684; aac-metrics 0.6.0 `functional/fense.py`.
    """
    similarities = _similarities(features)
    probabilities = error_probabilities(features)
    details = {"similarity": similarities.tolist(), "fluency_error": probabilities.tolist()}
    return score(
        similarities * fluency_factors(features),
        signature=f"references=mean,{PENALISED}",
        details=details,
    )


def _similarities(features: Sequence[Features]) -> NDArray[np.float64]:
    """Return the mean cosine [n] of each caption with its references."""
    pairs = [(each["references"].astype(np.float64), each["caption"][0]) for each in features]
    return np.array([(references @ caption).mean() for references, caption in pairs], np.float64)
