"""Reasoning in token ids: markers that are special tokens, and the tokens of the answer."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from mmbench.models.support.reasoning import Reasoning, decode_with_markers, reasons
from mmbench.types import GeneratedText, GenerationConfig
from tests.support.checkpoints.parts import letter_tokenizer

CHANNELS = ("<|channel|>", "<|message|>", "<|start|>", "<|end|>")
GPT_OSS = (
    "<|channel|>analysis<|message|>A or B?<|end|><|start|>assistant<|channel|>final<|message|>B, so"
)


def generated(
    text: str, limit: int, settings: Reasoning, *marks: str, prompt: str = ""
) -> GeneratedText:
    """Return the split of a text that a tokenizer with special tokens `marks` encodes."""
    words: Any = letter_tokenizer(*marks)
    decode = partial(decode_with_markers, words, settings.tokens(words))
    ids = words(text)["input_ids"]
    options = GenerationConfig(max_tokens=limit)
    return settings.generated_text(ids, prompt, options, decode, finished=True)


@pytest.mark.parametrize("budget", [0, 100])
def test_channels_of_special_tokens_are_seen(budget: int) -> None:
    n = 4 + len("analysis") + len("A or B?") + len("assistant") + len("final") + 2
    whole = generated(GPT_OSS, 99, Reasoning(budget=budget), *CHANNELS)
    assert (whole.text, whole.finish, whole.tokens) == ("B, so", "stop", n + len("B, so"))
    assert whole.reasoning and "A or B?" in whole.reasoning
    cut = generated(GPT_OSS, 2, Reasoning(budget=budget), *CHANNELS)
    if budget:
        assert (cut.text, cut.finish, cut.tokens) == ("B,", "length", n + 2)
    else:  # the model was not given more tokens than the limit
        assert cut == whole


def test_other_special_tokens_stay_out_of_the_text() -> None:
    text = "<image>[THINK]hm<image>[/THINK]B<image>"
    output = generated(text, 99, Reasoning(), "<image>", "[THINK]", "[/THINK]")
    assert (output.text, output.reasoning) == ("B", "hm")
    left = generated(text, 99, Reasoning(end="none"), "<image>", "[THINK]", "[/THINK]")
    assert (left.text, left.reasoning) == ("hmB", None)
    own = generated("<r>hm</r>B<image>", 99, Reasoning("<r>", "</r>"), "<image>", "<r>", "</r>")
    assert (own.text, own.reasoning) == ("B", "hm")


def test_of_several_traces_the_last_one_ends_before_the_answer() -> None:
    text = "<think>a</think>B <think>c</think>D, so"
    output = generated(text, 2, Reasoning(budget=99))
    assert (output.text, output.finish) == ("B D,", "length")


def test_an_answer_without_reasoning_is_cut_to_the_limit() -> None:
    assert generated("B, so", 2, Reasoning(budget=99)) == GeneratedText("B,", "length", 2)
    opened = generated("B, so", 2, Reasoning(budget=99), prompt="assistant: <think>\n")
    assert opened == GeneratedText("", "stop", 5, "B, so")
    closed = generated("B, so", 2, Reasoning(budget=99), prompt="<think>\n\n</think>\n\n")
    assert closed == GeneratedText("B,", "length", 2)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, False),
        ({"thinking_budget": 0}, False),
        ({"thinking_budget": 9}, True),
        ({"reasoning_end": "</r>"}, True),
        ({"reasoning_end": "none"}, False),
        ({"reasoning_end": ""}, False),
    ],
)
def test_options_say_whether_a_model_reasons(options: dict[str, object], expected: bool) -> None:
    assert reasons(options) is expected
