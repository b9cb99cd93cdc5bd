"""Models that answer about images and take inputs of their own: held to transformers alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import transformers as tf

from mmbench.errors import ModelError, SampleError
from mmbench.models.chat.adapters import ChatOptions, Llava
from mmbench.types import GeneratedText, GenerationConfig, Message
from tests.support.checkpoints import chat
from tests.support.media.images import noise_image

CPU = {"device": "cpu", "dtype": "float32"}
SHORT = GenerationConfig(max_tokens=8)
FAMILIES = ["llava_next", "idefics2", "paligemma", "gemma3"]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Llava]:
    root = tmp_path_factory.mktemp("more")
    (root / "chat.jinja").write_text(chat.TEMPLATE)
    own = {"paligemma": {"options": ChatOptions(template=str(root / "chat.jinja"))}}
    return {
        name: Llava(getattr(chat, name)(root / name), **CPU, **own.get(name, {}))
        for name in FAMILIES
    }


def asked(model: Llava, *turns: Any) -> list[Any]:
    return [model.prepare((Message("user", turn),), "conversation") for turn in turns]


def eight(model: Llava) -> list[Any]:
    """Conversations of every length, with images of every shape."""
    one = [(noise_image(i), "what is it" + " now" * i) for i in range(6)]
    two = ("here", noise_image(6), "and", noise_image(7), "differ?")
    return asked(model, *one, two, (noise_image(2), "x"))


@pytest.mark.parametrize("name", FAMILIES)
def test_a_batch_of_eight_says_what_eight_of_one_say(name: str, models: dict[str, Llava]) -> None:
    prepared = eight(models[name])
    alone = [models[name].write([one], SHORT)[0] for one in prepared]
    assert all(isinstance(answer, GeneratedText) for answer in alone), alone
    assert models[name].write(prepared, SHORT) == alone


@pytest.mark.parametrize("name", FAMILIES)
def test_a_likelihood_is_that_of_one_step_after_another(
    name: str, models: dict[str, Llava]
) -> None:
    model = models[name]
    (prepared,) = asked(model, (noise_image(1), "what is it"))
    found = model.loglikelihood([prepared] * 2, ["a cat", "b"])
    net, inputs = model._model, model._inputs([prepared])
    for (total, n), text in zip(found, ["a cat", "b"], strict=True):
        ids = model._tokenizer(text, add_special_tokens=False)["input_ids"]
        with torch.inference_mode():
            out = net(**inputs, use_cache=True)
            steps = [out.logits[0, -1]]
            for token in ids[:-1]:  # with what the steps before have left, and nothing else
                out = net(input_ids=torch.tensor([[token]]), past_key_values=out.past_key_values)
                steps.append(out.logits[0, -1])
        naive = sum(float(s.log_softmax(-1)[t]) for s, t in zip(steps, ids, strict=True))
        assert (total, n) == (pytest.approx(naive, abs=1e-3), len(ids))


@pytest.mark.parametrize("name", FAMILIES)
def test_an_image_changes_what_is_said_of_it(name: str, models: dict[str, Llava]) -> None:
    one, other = asked(models[name], (noise_image(1), "what"), (noise_image(3), "what"))
    scores = models[name].loglikelihood([one, other], ["cat", "cat"])[:, 0]
    assert scores[0] != pytest.approx(scores[1], abs=1e-4)


def test_llava_next_says_what_transformers_says(models: dict[str, Llava]) -> None:
    (prepared,) = asked(models["llava_next"], (noise_image(1), "what is it"))
    folder = models["llava_next"]._model.config.name_or_path
    processor = tf.AutoProcessor.from_pretrained(folder, backend="pil")
    net = tf.AutoModelForImageTextToText.from_pretrained(folder).eval()
    text = "user: <image>what is it; assistant:"
    inputs = processor(images=noise_image(1), text=text, return_tensors="pt")
    ids = net.generate(**inputs, max_new_tokens=8, do_sample=False)
    said = processor.decode(ids[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
    (answer,) = models["llava_next"].write([prepared], SHORT)
    assert isinstance(answer, GeneratedText)
    assert answer.text == said.strip()


def test_what_a_processor_refuses_fails_alone(models: dict[str, Llava]) -> None:
    prepared = asked(
        models["paligemma"], (noise_image(1), "what"), ("no image",), (noise_image(2), "who")
    )
    said = models["paligemma"].write(prepared, SHORT)
    assert [type(one) for one in said] == [GeneratedText, SampleError, GeneratedText]
    assert "`images` are expected" in str(said[1])
    assert said[::2] == models["paligemma"].write(prepared[::2], SHORT)


def test_a_model_that_places_its_image_itself_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="Blip2Processor always puts one image before the text"):
        Llava(chat.blip2(tmp_path), **CPU)
