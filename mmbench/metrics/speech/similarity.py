"""Speaker similarity of generated speech: the cosine with a recording of the intended speaker."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

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

# Inputs with a recording of the speaker, in order of preference.
_INPUTS = ("prompt_audio", "audio")
_AUDIO: tuple[Modality, Role] = ("audio", "document")


def _clips(prediction: Prediction) -> dict[str, list[Content]]:
    generated, reference = prediction.value, _reference(prediction)[1]
    if not _is_audio(generated):
        generated = InvalidContent("the output is not audio and has no speaker")
    return {"generated": [generated], "reference": [reference]}


def _reference(prediction: Prediction) -> tuple[str, Content]:
    """Return the recording of the speaker, with the name of its place in the sample."""
    named = [(name, prediction.inputs.get(name)) for name in _INPUTS]
    for name, content in (*named, ("target", prediction.target)):
        if _is_audio(content):
            return name, content
        if isinstance(content, InvalidContent):
            return "", content
    return "", InvalidContent(
        "no recording of the speaker; give one as input `prompt_audio` or `audio`, or as target"
    )


def _is_audio(content: object) -> bool:
    return isinstance(content, Media) and content.modality == "audio"


@declare(
    unit="cosine",
    better="higher",
    worst=-1,
    best=1,
    kinds={"speaking"},
    wants=FeatureRequest(
        _clips,
        {"generated": _AUDIO, "reference": _AUDIO},
        model="xvector@microsoft/wavlm-base-plus-sv",
    ),
)
def speaker_similarity(predictions: Sequence[Prediction], *, features: Sequence[Features]) -> Score:
    """Speaker similarity (SIM): cos(generated clip, recording of the speaker), mean over clips.

    Both clips are embedded by a speaker verification model, whole, as mono at the rate of the
    model. The recording is the input `prompt_audio` of the sample (the clip whose voice is to be
    cloned), else the input `audio` or the target (a recording of the same text by the intended
    speaker); the signature says which. Range [-1, 1], higher is better; negative cosines are kept.
    Features: `generated` and `reference` [1, d] float32, of length 1. A clip that is too short for
    the model fails; silence is embedded like any other clip.

    The model decides the numbers. Seed-TTS uses a fine-tuned WavLM-large with an ECAPA-TDNN head,
    which is not in transformers: its values cannot be compared with those of the default model.
    `speaker_similarity@xvector@FOLDER` uses another model of transformers.
    Source: Anastassiou et al. 2024, arXiv 2406.02430; BytedanceSpeech/seed-tts-eval, README.md and
    thirdparty/UniSpeech/downstreams/speaker_verification/verification.py (752f429).
    """
    rows = [_cosine(each) for each in features]
    used = {_reference(prediction)[0] for prediction in predictions} - {""}
    return score(
        np.array(rows, np.float64), signature=f"reference={'+'.join(sorted(used)) or 'none'}"
    )


def _cosine(features: Features) -> float:
    """Return the dot product of the two vectors of length 1, in float64, within [-1, 1]."""
    generated, reference = (
        features[name][0].astype(np.float64) for name in ("generated", "reference")
    )
    return float(np.clip(generated @ reference, -1, 1))
