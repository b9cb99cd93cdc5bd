"""Sampling and prompts by options of local chat models, compared with transformers alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import transformers as tf

from mmbench.errors import UnknownName
from mmbench.models.chat.adapters import Llava
from mmbench.types import GenerationConfig, Message
from mmbench.validation.named_values import grouped_options
from tests.support.checkpoints import chat
from tests.support.conversations import prepared, replies, user
from tests.support.media.images import noise_image

TASK = GenerationConfig(max_tokens=12, seed=3)
THINKING = "{% if enable_thinking is defined %}<{{ enable_thinking }}/{{ level }}>{% endif %}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return chat.llava(tmp_path_factory.mktemp("llava"), template=chat.TEMPLATE + THINKING)


def llava(folder: Path, **options: Any) -> Llava:
    return Llava(folder, device="cpu", dtype="float32", **grouped_options(Llava, options))


def generated_ids(
    model: Llava, monkeypatch: pytest.MonkeyPatch, *conversations: tuple[Message, ...]
) -> list[list[int]]:
    """Return the ids that the model's own `generate` returns, prompts included."""
    rows: list[list[int]] = []
    generate = model._model.generate

    def recorded(**arguments: Any) -> Any:
        output = generate(**arguments)
        rows.extend(output.tolist())
        return output

    with monkeypatch.context() as patch:
        patch.setattr(model._model, "generate", recorded)
        model.write(prepared(model, conversations), TASK)
    return rows


@pytest.mark.parametrize(
    ("options", "seed", "arguments"),
    [
        ({"temperature": 0.7}, 3, {"temperature": 0.7}),
        ({"temperature": 2.0, "seed": 5}, 8, {"temperature": 2.0}),
        ({"temperature": 1.0, "top_p": 0.3}, 3, {"temperature": 1.0, "top_p": 0.3}),
        ({"temperature": 1.5, "top_k": 3}, 3, {"temperature": 1.5, "top_k": 3}),
        ({"temperature": 1.5, "min_p": 0.6}, 3, {"temperature": 1.5, "min_p": 0.6}),
        ({"temperature": 0.7, "top_p": 0.8, "top_k": 20, "min_p": 0.01,
          "repetition_penalty": 1.05, "seed": 1}, 4,
         {"temperature": 0.7, "top_p": 0.8, "top_k": 20, "min_p": 0.01,
          "repetition_penalty": 1.05}),
        ({"repetition_penalty": 1.5}, 3, {"do_sample": False, "repetition_penalty": 1.5}),
        ({}, 3, {"do_sample": False}),
    ],
    ids=str,
)  # fmt: skip
def test_the_tokens_are_those_of_generate_with_these_arguments(
    options: dict[str, Any],
    seed: int,
    arguments: dict[str, Any],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    turns = user("what is ", noise_image(1))
    (row,) = generated_ids(llava(folder, **options), monkeypatch, turns)
    processor = tf.AutoProcessor.from_pretrained(folder, backend="pil")
    net = tf.AutoModelForImageTextToText.from_pretrained(folder).eval()
    net.generation_config.update(do_sample=True, temperature=1.0, top_k=0, top_p=1.0)
    inputs = processor(
        text="user: what is <image>; assistant:", images=noise_image(1), return_tensors="pt"
    )
    torch.manual_seed(seed)
    expected = net.generate(**inputs, max_new_tokens=12, **arguments)
    assert row == expected[0].tolist()


def test_a_sampled_answer_is_repeatable_and_differs_by_its_seed(folder: Path) -> None:
    turns = [user("what is ", noise_image(i)) for i in range(3)]
    once = replies(llava(folder, temperature=1.5), turns, TASK)
    assert replies(llava(folder, temperature=1.5), turns, TASK) == once
    assert replies(llava(folder, temperature=1.5), turns[1:], TASK) == once[1:]  # no neighbours
    assert replies(llava(folder, temperature=1.5, seed=1), turns, TASK) != once
    greedy = replies(llava(folder, temperature=0.0, seed=1), turns, TASK)
    assert greedy == replies(llava(folder), turns, TASK)


def test_the_system_prompt_and_the_variables_reach_the_template(folder: Path) -> None:
    model = llava(
        folder, system="Be brief.", chat_template_kwargs={"enable_thinking": False, "level": 2}
    )
    (one,) = prepared(model, [user("what is ", noise_image(1))])
    assert one.text == "system: Be brief.; user: what is <image>; assistant:<False/2>"
    turns = (Message("system", ("One word.",)), *user("q"))
    (two,) = prepared(model, [turns])
    assert two.text == "system: Be brief.\n\nOne word.; user: q; assistant:<False/2>"
    (plain,) = prepared(llava(folder), [turns])
    assert plain.text == "system: One word.; user: q; assistant:"


@pytest.mark.parametrize(
    ("name", "advice"),
    [("enable_thinkng", r"did you mean enable_thinking"), ("add_generation_prompt", "")],
)
def test_a_variable_that_the_template_lacks_is_refused(
    folder: Path, name: str, advice: str
) -> None:
    with pytest.raises(UnknownName, match=f"chat_template_kwargs.*{name}.*{advice}"):
        llava(folder, chat_template_kwargs={name: True})


def test_variables_of_a_template_with_statements_of_transformers(tmp_path: Path) -> None:
    marked = "{% generation %}{{ mode }}{% endgeneration %}{# hidden #}"
    folder = chat.llava(tmp_path / "llava", template=chat.TEMPLATE + marked)
    (one,) = prepared(llava(folder, chat_template_kwargs={"mode": "x"}), [user("q")])
    assert one.text == "user: q; assistant:x"
    with pytest.raises(UnknownName, match="hidden"):
        llava(folder, chat_template_kwargs={"hidden": 1})


def test_transformers_prints_no_warning_about_variables(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    prepared(llava(folder, chat_template_kwargs={"level": 2}), [user("q")])
    assert "Kwargs" not in "".join(capfd.readouterr())
