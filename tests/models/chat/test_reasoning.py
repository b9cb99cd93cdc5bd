"""Chat models that reason: the trained answers of tiny checkpoints, split token for token."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mmbench.errors import ModelError
from mmbench.models.chat.adapters import Llava
from mmbench.types import GeneratedText, GenerationConfig
from mmbench.validation.named_values import grouped_options
from tests.support.checkpoints import chat
from tests.support.conversations import replies, user

TRACE, ANSWER = "hm; A or B?", "B; so it is"  # 11 tokens each, a letter has one


@pytest.fixture(scope="module", params=["plain", "special", "opened"])
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return a folder, its markers, and the tokens of trace and markers that it generates."""
    special = request.param == "special"
    start, end = ("[THINK]", "[/THINK]") if special else ("<think>", "</think>")
    opened = request.param == "opened"
    folder = chat.thinking(
        tmp_path_factory.mktemp("thinking"),
        ("" if opened else start) + TRACE + end + ANSWER,
        markers=(start, end),
        special=special,
        opened=opened,
    )
    return folder, start, end, len(TRACE) + (1 if opened else 2)


def output_of(folder: Path, limit: int, *stops: str, **options: Any) -> GeneratedText:
    model = Llava(folder, device="cpu", dtype="float32", **grouped_options(Llava, options))
    (output,) = replies(model, [user("q")], GenerationConfig(max_tokens=limit, stop=stops))
    assert isinstance(output, GeneratedText)
    return output


def test_the_reasoning_is_apart_from_the_answer(case: Any) -> None:
    folder, start, end, before = case
    whole = GeneratedText(ANSWER, "stop", before + len(ANSWER), TRACE)
    assert output_of(folder, 64) == whole
    assert output_of(folder, 64, reasoning_start=start, reasoning_end=end) == whole
    assert output_of(folder, 64, reasoning_end=end).text == ANSWER


def test_the_limit_is_that_of_the_answer_and_the_budget_is_on_top(case: Any) -> None:
    folder, _, _, before = case
    cut = output_of(folder, 4, thinking_budget=before)
    assert cut == GeneratedText(ANSWER[:4], "length", before + 4, TRACE)
    spare = output_of(folder, 4, thinking_budget=before + 5)  # not for the answer
    assert spare == cut
    assert output_of(folder, 11, thinking_budget=before) == GeneratedText(
        ANSWER, "length", before + 11, TRACE
    )  # the end token did not fit
    assert output_of(folder, 12, thinking_budget=before).finish == "stop"


def test_a_trace_without_an_end_is_no_answer(case: Any) -> None:
    folder, _, _, before = case
    for limit, options in ((4, {}), (4, {"thinking_budget": before - 5})):
        output = output_of(folder, limit, **options)
        assert (output.text, output.finish) == ("", "length")
        assert output.reasoning and TRACE.startswith(output.reasoning)


def test_a_stop_string_ends_the_answer_and_not_the_reasoning(case: Any) -> None:
    output = output_of(case[0], 64, ";")
    assert (output.text, output.reasoning, output.finish) == ("B", TRACE, "stop")


def test_without_separation_the_text_stays(case: Any) -> None:
    folder, _, _, before = case
    output = output_of(folder, 64, reasoning_end="none")
    assert output.reasoning is None
    assert output.text.endswith(ANSWER)
    assert output.text != ANSWER and TRACE in output.text
    assert output.tokens == before + len(ANSWER)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"reasoning_start": "<a>"}, "give reasoning_end too"),
        ({"thinking_budget": -1}, "must be at least 0"),
        ({"thinking_budget": 9, "reasoning_end": "none"}, "leave one of them out"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    tmp_path: Path, options: dict[str, Any], words: str
) -> None:
    folder = chat.llava(tmp_path)
    with pytest.raises(ModelError, match=words):
        Llava(folder, device="cpu", dtype="float32", **grouped_options(Llava, options))
