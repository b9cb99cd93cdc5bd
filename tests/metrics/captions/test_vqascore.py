"""VQAScore beside a plain loop over a tiny LLaVA, and by hand."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
import transformers as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import mmbench
from mmbench.engine.execution.decode import decode
from mmbench.errors import UserError
from mmbench.metrics.captions.vqascore import vqascore
from mmbench.models.chat.adapters import Llava
from mmbench.models.support.pretrained import load_processor
from mmbench.types import (
    ContinuationRequest,
    InvalidContent,
    Media,
    Message,
    Prediction,
)
from tests.support.checkpoints.chat import llava
from tests.support.media.images import noise_image

ASKED = 'Does this figure show "{}"? Please answer Yes or No.'


@pytest.fixture(scope="module")
def predictions(tmp_path_factory: pytest.TempPathFactory) -> list[Prediction]:
    """Two generated images with their prompts, and a caption with its image."""
    folder = tmp_path_factory.mktemp("images")
    for seed in range(3):
        noise_image(seed).save(folder / f"{seed}.png")
    images = [Media("image", str(folder / f"{seed}.png")) for seed in range(3)]
    return [
        Prediction("a", images[0], inputs={"text": "a {red} cat"}),
        Prediction("b", images[1], inputs={"text": "two dogs"}),
        Prediction("c", 'a "green" tree', ["a tree"], inputs={"image": images[2]}),
    ]


def token_probabilities(folder: Path, image: Path, text: str) -> list[float]:
    """The probability of each token of "Yes", by one forward pass of transformers for each."""
    net = tf.LlavaForConditionalGeneration.from_pretrained(folder).eval()
    processor = load_processor(folder)
    turn = [{"type": "image"}, {"type": "text", "text": ASKED.format(text)}]
    prompt = processor.apply_chat_template(
        [{"role": "user", "content": turn}], add_generation_prompt=True
    )
    found = []
    for end in range(len("Yes")):
        picture = Image.open(image).convert("RGB")
        inputs = processor(text=prompt + "Yes"[:end], images=picture, return_tensors="pt")
        with torch.inference_mode():
            logits = net(**inputs).logits[0, -1]
        (token,) = processor.tokenizer("Yes"[end], add_special_tokens=False)["input_ids"]
        found.append(float(logits.softmax(-1)[token]))
    return found


def rated(folder: Path, prediction: Prediction) -> Any:
    """The feature of a prediction in float32, as the engine computes it."""
    info: Any = vqascore.info  # type: ignore[attr-defined]
    model = Llava(folder, device="cpu", dtype="float32")
    (request,) = info.wants.contents(prediction)["answer"]
    conversation, text = cast("tuple[Any, str]", decode(request, model))
    return model.loglikelihood([model.prepare(conversation, "conversation")], [text])


def test_against_a_plain_loop(predictions: list[Prediction], tmp_path: Path) -> None:
    folder = llava(tmp_path / "llava")
    features = [{"answer": rated(folder, prediction)} for prediction in predictions]
    found = vqascore(predictions, features=features)
    for prediction, row in zip(predictions, found.rows, strict=True):
        image: Any = prediction.inputs.get("image", prediction.value)
        text: Any = prediction.inputs.get("text", prediction.value)
        steps = token_probabilities(folder, Path(image.name), text)
        assert row[0] == pytest.approx(math.prod(steps) ** (1 / 3), rel=1e-4)
    assert len(set(found.rows[:, 0])) == 3
    by_name = mmbench.metric(f"vqascore@llava@{folder}")(predictions)  # in bfloat16
    np.testing.assert_allclose(by_name.rows, found.rows, rtol=0.2)
    assert by_name.signature.startswith(
        f"fold=mean,question={ASKED},answer=Yes,probability=absolute per token,features=llava#"
    )


def test_by_a_reference_model(predictions: list[Prediction]) -> None:
    found = mmbench.metric("vqascore@unified-nano")(predictions)
    assert ((found.rows > 0) & (found.rows < 1)).all()


@given(rated=st.lists(st.tuples(st.floats(-50, 0), st.integers(1, 4)), max_size=6))
@settings(max_examples=40, derandomize=True, deadline=None)
def test_what_holds_always(rated: list[tuple[float, int]]) -> None:
    features = [{"answer": np.array([pair], np.float64)} for pair in rated]
    found = vqascore([Prediction(str(i)) for i in range(len(rated))], features=features)
    expected = [math.exp(total) ** (1 / tokens) for total, tokens in rated]
    np.testing.assert_allclose(found.rows[:, 0], expected, rtol=1e-12)
    assert math.isnan(found.value) if not rated else 0 <= found.value <= 1


def test_by_hand() -> None:
    features: list[Any] = [
        {"answer": np.array([[math.log(0.25), 1]])},
        {"answer": np.array([[math.log(0.25), 2]])},
    ]
    found = vqascore([Prediction("1"), Prediction("2")], features=features)
    assert found.rows[:, 0] == pytest.approx([0.25, 0.5])
    assert (found.better, found.worst, found.best) == ("higher", 0, 1)
    with pytest.raises(UserError, match='no tokens for "Yes"'):
        vqascore([Prediction("1")], features=[{"answer": np.zeros((1, 2))}])


def test_what_is_asked() -> None:
    info: Any = vqascore.info  # type: ignore[attr-defined]
    image = Media("image", "a.png")
    (asked,) = info.wants.contents(Prediction("1", image, inputs={"text": "{} of {0}"}))["answer"]
    turn = Message("user", (image, 'Does this figure show "{} of {0}"? Please answer Yes or No.'))
    assert asked == ContinuationRequest((turn,), "Yes")
    assert (info.wants.method, info.wants.model) == ("loglikelihood", None)
    (asked,) = info.wants.contents(Prediction("1", image))["answer"]
    assert isinstance(asked.conversation[0].parts[1], InvalidContent)


def test_there_is_no_default_model(predictions: list[Prediction]) -> None:
    with pytest.raises(UserError, match="vqascore has no default model; use vqascore@MODEL"):
        mmbench.metric("vqascore")(predictions)
    with pytest.raises(UserError, match="loglikelihood for image, which clip-nano lacks"):
        mmbench.metric("vqascore@clip-nano")(predictions)
