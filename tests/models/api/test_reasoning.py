"""Reasoning of served models, as vLLM, SGLang, DeepSeek, OpenRouter and Mistral return it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from mmbench.errors import SampleError
from mmbench.models.api.adapter import Api
from mmbench.types import GeneratedText, GenerationConfig
from mmbench.validation.named_values import grouped_options
from tests.support.conversations import replies, user
from tests.support.servers.chat_completions import Endpoint, serving

LIMIT = 3


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with serving() as running:
        yield running


def reply(content: Any, finish: str = "stop", reasoned: int = 0, **message: Any) -> dict[str, Any]:
    choice = {"message": {"content": content, **message}, "finish_reason": finish}
    usage = {"prompt_tokens": 5, "completion_tokens": 9}
    details = {"completion_tokens_details": {"reasoning_tokens": reasoned}} if reasoned else {}
    return {"choices": [choice], "usage": usage | details}


def output_of(endpoint: Endpoint, answer: Any, *stops: str, **options: Any) -> Any:
    endpoint.script["q"] = [answer]
    given = grouped_options(Api, {"model": "m", "base": endpoint.base, **options})
    model = Api(None, device="cpu", dtype="remote", **given)
    (output,) = replies(model, [user("q")], GenerationConfig(max_tokens=LIMIT, stop=stops))
    return output


def text(
    answer: str, reasoning: str | None, finish: Any = "stop", reasoned: int = 0
) -> GeneratedText:
    return GeneratedText(answer, finish, 9, reasoning, reasoned, 5)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (reply("B", reasoning_content="A or B?\n"), text("B", "A or B?")),
        (reply("B", reasoning="A or B?", reasoned=4), text("B", "A or B?", reasoned=4)),
        (reply("B", reasoning_content=None, reasoning="hm"), text("B", "hm")),
        (reply("\n<answer>B</answer>", reasoning="hm"), text("B", "hm")),
        (reply("<think>A or B?</think>\n\nB"), text("B", "A or B?")),
        (reply("A or B?</think>B"), text("B", "A or B?")),
        (reply([{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
                {"type": "text", "text": "B"}]), text("B", "hm")),  # Mistral
        (reply("B"), text("B", None)),
        (reply("B", reasoning_content=""), text("B", None)),
    ],
)  # fmt: skip
def test_reasoning_is_apart_from_the_answer(
    endpoint: Endpoint, answer: dict[str, Any], expected: GeneratedText
) -> None:
    assert output_of(endpoint, answer) == expected


@pytest.mark.parametrize(
    "answer",
    [
        reply(None, "length", reasoning_content="A or"),
        reply("", "length", reasoning="A or"),
        reply("<think>A or", "length"),
    ],
)
def test_a_trace_without_an_end_is_no_answer_and_no_failure(
    endpoint: Endpoint, answer: dict[str, Any]
) -> None:
    assert output_of(endpoint, answer) == text("", "A or", "length")


def test_hidden_reasoning_without_an_answer_is_no_answer(endpoint: Endpoint) -> None:
    # OpenAI counts reasoning tokens and returns no text of them.
    assert output_of(endpoint, reply("", "length", 9)) == text("", "", "length", 9)
    assert output_of(endpoint, reply("B", "stop", 4)) == text("B", None, reasoned=4)
    assert output_of(endpoint, reply("", "length")) == text("", None, "length")


def test_a_model_that_stops_after_its_reasoning_has_not_answered(endpoint: Endpoint) -> None:
    assert output_of(endpoint, reply(None, reasoning="A or B?")) == text("", "A or B?")
    filtered = output_of(endpoint, reply(None, "content_filter", reasoning="A or B?"))
    assert isinstance(filtered, SampleError)


def test_the_budget_is_added_to_the_limit_that_is_sent(endpoint: Endpoint) -> None:
    output_of(endpoint, reply("B"), "\n", thinking_budget=100)
    assert endpoint.bodies[-1]["max_tokens"] == LIMIT + 100
    assert "stop" not in endpoint.bodies[-1]  # a server would stop within the reasoning
    output_of(endpoint, reply("B"), "\n")
    assert endpoint.bodies[-1]["max_tokens"] == LIMIT
    assert endpoint.bodies[-1]["stop"] == ["\n"]
    output_of(endpoint, reply("B"), "\n", reasoning_end="</r>")
    assert "stop" not in endpoint.bodies[-1]


def test_an_answer_has_at_most_as_many_words_as_tokens_are_allowed(endpoint: Endpoint) -> None:
    answer = reply("one two  three four five", reasoning="hm")
    cut = output_of(endpoint, answer, thinking_budget=100)
    assert cut == text("one two  three", "hm", "length")
    assert output_of(endpoint, answer).text == "one two  three four five"


def test_a_stop_string_ends_the_answer_and_not_the_reasoning(endpoint: Endpoint) -> None:
    answer = reply("<think>A; or B?</think>B; so", "length")
    assert output_of(endpoint, answer, ";", thinking_budget=9) == text("B", "A; or B?")


def test_a_whole_budget_without_an_end_is_a_trace_that_the_prompt_opened(
    endpoint: Endpoint,
) -> None:
    budget = {"thinking_budget": 9}
    assert output_of(endpoint, reply("A or B", "length"), **budget) == text("", "A or B", "length")
    assert output_of(endpoint, reply("A or B", "length")) == text("A or B", None, "length")
    hidden = reply("A or B", "length", 4)  # the server keeps the reasoning to itself
    assert output_of(endpoint, hidden, **budget) == text("A or B", None, "length", 4)


def test_markers_may_be_other_ones_or_none(endpoint: Endpoint) -> None:
    assert output_of(endpoint, reply("hm((B"), reasoning_end="((") == text("B", "hm")
    whole = "<think>hm</think>B"
    assert output_of(endpoint, reply(whole), reasoning_end="none") == text(whole, None)
