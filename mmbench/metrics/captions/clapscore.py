"""CLAPScore and CLAP-sim: similarities of captions with audio or with references under CLAP.

Texts are embedded without a prefix, and negative cosines are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from mmbench.protocols import declare
from mmbench.stats import score
from mmbench.types import (
    Array,
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

_MODEL = "clap@laion/clap-htsat-unfused"
_TEXT: tuple[Modality, Role] = ("text", "query")
_AUDIO: tuple[Modality, Role] = ("audio", "document")
_declared = partial(declare, unit="cosine", better="higher", worst=-1, best=1)


def _with_audio(prediction: Prediction) -> dict[str, list[Content]]:
    """Return a caption and its audio: the generated caption, or the prompt of generated audio."""
    value, inputs = prediction.value, prediction.inputs
    if isinstance(value, Media):
        text = next((text for text in inputs.values() if isinstance(text, str)), None)
        none = InvalidContent("no prompt to compare the generated audio with")
        is_audio = value.modality == "audio"
        audio = value if is_audio else InvalidContent("the output is not audio")
        return {"caption": [none if text is None else text], "audio": [audio]}
    clip: Content | None = inputs.get("audio")
    if clip is None or isinstance(clip, str):
        clip = InvalidContent("no audio to compare the caption with; give the audio (--data PATH)")
    return {"caption": [str(value)], "audio": [clip]}


def _with_references(prediction: Prediction) -> dict[str, list[Content]]:
    references: list[Content] = list(prediction.target or [])
    none = InvalidContent("no reference captions; use clapscore, which needs none")
    return {"caption": [str(prediction.value)], "references": references or [none]}


@_declared(
    kinds={"writing", "speaking"},
    wants=FeatureRequest(_with_audio, {"caption": _TEXT, "audio": _AUDIO}, model=_MODEL),
)
def clapscore(predictions: Sequence[Prediction], *, features: Sequence[Features]) -> Score:
    """CLAPScore: cos(caption, audio) under CLAP, averaged over clips.

    The caption is the generated caption of the input `audio`; for generated audio, it is the
    prompt. Range [-1, 1], higher is better. Unlike CLIPScore, the cosine is neither scaled nor
    clipped at 0. Features: `caption` and `audio` [1, d] float32, of length 1. A caption without
    audio fails. The value depends on the model: papers use several checkpoints of LAION-CLAP and
    MS-CLAP, so compare values with equal signatures only.
    Source: Stability-AI/stable-audio-metrics src/clap_score.py (9b7db2b), which scales each clip to
    a peak of -1 dB first (mmbench does not); aac-metrics `clap_sim` with clap_method="audio"
    (1277a4d), which uses MS-CLAP 2023.
    """
    return _score(predictions, features, "audio", "negative=kept")


@_declared(
    kinds={"writing"},
    wants=FeatureRequest(_with_references, {"caption": _TEXT, "references": _TEXT}, model=_MODEL),
)
def clap_sim(predictions: Sequence[Prediction], *, features: Sequence[Features]) -> Score:
    """CLAP-sim: cos(caption, reference) under the text encoder of CLAP.

    The cosines of a caption with its references are averaged, and the means are averaged over
    captions. Range [-1, 1], higher is better; negative cosines are kept. Features: `caption` [1, d]
    and `references` [k, d] float32, of length 1. A caption without references fails. No audio is
    needed.
    Source: Dixit et al. 2024, arXiv 2411.00321 (MACE); aac-metrics `clap_sim` with its default
    clap_method="text" (1277a4d), which uses MS-CLAP 2023.
    """
    return _score(predictions, features, "references", "references=mean,negative=kept")


def _score(
    predictions: Sequence[Prediction], features: Sequence[Features], other: str, signature: str
) -> Score:
    if len(features) != len(predictions):
        raise ValueError(f"{len(features)} sets of features for {len(predictions)} predictions")
    rows = [_mean_cosine(each["caption"], each[other]) for each in features]
    return score(np.array(rows, np.float64), signature=signature)


def _mean_cosine(caption: Array, others: Array) -> float:
    """Return the mean cosine of a vector [1, d] with vectors [k, d], all of length 1."""
    cosines = others.astype(np.float64) @ caption[0].astype(np.float64)
    return float(np.clip(cosines, -1, 1).mean())
