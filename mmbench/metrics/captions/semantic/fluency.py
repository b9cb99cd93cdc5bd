"""Errors of fluency in captions, found by FENSE's detector, and the penalty for them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mmbench.protocols import declare
from mmbench.stats import score
from mmbench.types import Content, FeatureRequest, Features, ModelFile, Prediction, Score

_THRESHOLD = 0.9  # probability of an error
_PENALTY = 0.9  # share of the value that a caption with an error loses
_CHECKED = f"threshold={_THRESHOLD:g}"
PENALISED = f"penalty={_PENALTY:g},{_CHECKED}"


def _caption(prediction: Prediction) -> dict[str, list[Content]]:
    return {"errors": [str(prediction.value)]}


ERRORS = FeatureRequest(
    _caption,
    {"errors": ("text", "document")},
    method="classify",
    model="fluency",
    files={
        "fluency": ModelFile(
            option="fluency_detector",
            hint="a fluency error detector; pass --fluency-detector FOLDER with FENSE's"
            " echecker_clotho_audiocaps_base.ckpt (github.com/blmoistawinde/fense, release V0.1)"
            " next to config.json and the tokenizer of bert-base-uncased",
        )
    },
)


@declare(unit="fraction", better="lower", worst=1, best=0, kinds={"writing"}, wants=ERRORS)
def fluency_error_rate(
    predictions: Sequence[Prediction],  # noqa: ARG001
    *,
    features: Sequence[Features],
) -> Score:
    """Share of captions in which FENSE's detector finds an error of fluency.

    Examples are an incomplete end, repeated events, and a missing verb or conjunction. An error is
    a probability above 0.9 of the last class, `error`. Range [0, 1], lower is better. Feature:
    `errors` [1, 6] float32, probabilities.
    Source: Zhou et al. 2022, arXiv 2110.04684; aac-metrics 0.6.0 `functional/fer.py`.
    """
    probabilities = error_probabilities(features)
    details = {"fluency_error": probabilities.tolist()}
    return score(probabilities > _THRESHOLD, signature=_CHECKED, details=details)


def error_probabilities(features: Sequence[Features]) -> NDArray[np.float64]:
    """Return the probability [n] of an error of fluency in each caption."""
    return np.array([each["errors"][0, -1] for each in features], np.float64)


def fluency_factors(features: Sequence[Features]) -> NDArray[np.float64]:
    """Return the factor [n] of each caption's value: 0.1 with an error of fluency, 1 without."""
    return np.where(error_probabilities(features) > _THRESHOLD, 1 - _PENALTY, 1.0)
