"""Intelligibility of synthetic speech: the error rate of a transcript of the generated audio.

A speech recogniser makes the transcript, which is compared with the text to speak.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from mmbench.metrics.speech import wer
from mmbench.protocols import declare
from mmbench.types import (
    Content,
    Conversation,
    FeatureRequest,
    Features,
    InvalidContent,
    Media,
    Message,
    Prediction,
    Score,
)

_NORMALISER = "whisper_en"


def _transcription_request(prediction: Prediction) -> dict[str, list[Any]]:
    audio: Content = prediction.value
    if not (isinstance(audio, Media) and audio.modality == "audio"):
        audio = InvalidContent("the output is not audio and cannot be transcribed")
    turns: Conversation = (Message("user", (audio,)),)
    return {"transcript": [turns]}


@declare(
    unit="fraction",
    better="lower",
    best=0,
    kinds={"speaking"},
    wants=FeatureRequest(
        _transcription_request,
        {"transcript": ("audio", "document")},
        method="write",
        model="whisper@openai/whisper-large-v3",
    ),
)
def roundtrip_wer(predictions: Sequence[Prediction], *, features: Sequence[Features]) -> Score:
    """Word error rate of a speech recogniser's transcript of generated speech, over the corpus.

    Range [0, ∞), lower is better. The value is the audio, and the reference is the text to speak;
    transcript and reference go through the normaliser whisper_en. The feature `transcript` is one
    text. Rows are [edits, reference words]. The recogniser is Whisper large-v3, as in Seed-TTS's
    test for English (which removes punctuation only); `roundtrip_wer@ctc@FOLDER` uses another
    recogniser.
    Source: Anastassiou et al. 2024, arXiv 2406.02430, section 4.1; BytedanceSpeech/seed-tts-eval.
    """
    transcribed = [
        msgspec.structs.replace(p, value=outputs["transcript"][0], target=_text(p))
        for p, outputs in zip(predictions, features, strict=True)
    ]
    score = wer(transcribed, _NORMALISER)
    return msgspec.structs.replace(score, signature=f"of=transcript,{score.signature}")


def _text(prediction: Prediction) -> str:
    """Return the text to speak, which is the text input of the sample."""
    return next((text for text in prediction.inputs.values() if isinstance(text, str)), "")
