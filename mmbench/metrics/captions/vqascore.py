"""VQAScore: the probability that a chat model says "Yes" to the question if an image shows a text.

The official code asks `Does this figure show "{}"? Please answer Yes or No.` with the image before
the question, in the chat template of the model, and takes the probability of the token "Yes" among
all tokens: it is not divided by the probability of "Yes" or "No" (linzhiqiu/t2v_metrics, 6ecb74f,
release 3.1, t2v_metrics/models/vqascore_models/qwen3vl_model.py and gemma3_model.py). For an answer
of several tokens, the official value is the geometric mean of their probabilities.

Release 3.0, used in the paper, differs: its models CLIP-FlanT5 and LLaVA-1.5 are asked "Please
answer yes or no.", and the value is the geometric mean over "Yes" and the end-of-text token
(clip_t5_model.py and llava_model.py in the parent of commit 74c7208).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mmbench.errors import UserError
from mmbench.metrics.captions.clipscore import caption_and_image
from mmbench.protocols import declare
from mmbench.stats import score
from mmbench.types import (
    ContinuationRequest,
    FeatureRequest,
    Features,
    InvalidContent,
    Message,
    Prediction,
    Score,
)

_QUESTION = 'Does this figure show "{}"? Please answer Yes or No.'
_ANSWER = "Yes"


def _question(prediction: Prediction) -> dict[str, list[Any]]:
    """Return the question about a prediction's text and image, with the answer to rate."""
    text, image = caption_and_image(prediction)
    asked = text if isinstance(text, InvalidContent) else _QUESTION.replace("{}", text)
    return {"answer": [ContinuationRequest((Message("user", (image, asked)),), _ANSWER)]}


@declare(
    unit="probability",
    better="higher",
    worst=0,
    best=1,
    kinds={"writing", "drawing"},
    wants=FeatureRequest(_question, {"answer": ("image", "document")}, method="loglikelihood"),
)
def vqascore(predictions: Sequence[Prediction], *, features: Sequence[Features]) -> Score:
    """VQAScore: a chat model's probability of the answer "Yes", averaged over images.

    The question is `Does this figure show "TEXT"? Please answer Yes or No.`, where TEXT is the
    prompt of a generated image, or the generated caption of an image. Range [0, 1], higher is
    better. The feature `answer` [1, 2] is the log-likelihood of "Yes" and its number of tokens; a
    row is exp(log-likelihood / tokens), which is the probability of "Yes" if "Yes" is one token.
    There is no default model: values of different models are not comparable. The values of the
    paper are those of CLIP-FlanT5 with another question.
    Source: Lin et al. 2024, arXiv 2404.01291; linzhiqiu/t2v_metrics 3.1, `Qwen3VLModel.forward`.
    """
    if len(features) != len(predictions):
        raise ValueError(f"{len(features)} sets of features for {len(predictions)} predictions")
    rated = np.array([one["answer"][0] for one in features], np.float64).reshape(-1, 2)
    if (rated[:, 1] < 1).any():
        raise UserError(f'metric vqascore: the model has no tokens for "{_ANSWER}"; use another')
    return score(
        np.exp(rated[:, 0] / rated[:, 1]),
        signature=f"question={_QUESTION},answer={_ANSWER},probability=absolute per token",
    )
