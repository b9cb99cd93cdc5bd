"""The options that all generative models share: ranges, precedence over the task, system prompt."""

from __future__ import annotations

from typing import Any

import pytest

from mmbench.errors import ModelError
from mmbench.models.support.writing_options import WritingOptions
from mmbench.types import GenerationConfig, Message


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"temperature": -0.1}, "temperature=-0.1 must be a number from 0 to 100"),
        ({"temperature": float("nan")}, "temperature=nan must be"),
        ({"temperature": 1.0, "top_p": 0.0}, "top_p=0.0 must be a number above 0 and at most 1"),
        ({"temperature": 1.0, "top_k": 0}, "top_k=0 must be an integer from 1 on"),
        ({"temperature": 1.0, "min_p": 1.5}, "min_p=1.5 must be a number from 0 to 1"),
        ({"repetition_penalty": 0.0}, "repetition_penalty=0.0 must be a number above 0"),
        ({"seed": -1}, "seed=-1 must be an integer"),
        ({"thinking_budget": -1}, "thinking_budget=-1 must be at least 0"),
        ({"top_p": 0.9}, "top_p has no effect on greedy decoding; give a temperature above 0"),
        ({"temperature": 0.0, "top_k": 5}, "top_k has no effect on greedy decoding"),
        ({"reasoning_start": "<a>"}, "reasoning_start is given alone; give reasoning_end too"),
    ],
)
def test_options_out_of_range_are_refused(options: dict[str, Any], reason: str) -> None:
    with pytest.raises(ModelError, match=f"^option {reason}"):
        WritingOptions(**options)


def test_options_of_the_model_replace_those_of_the_task() -> None:
    task = GenerationConfig(max_tokens=7, temperature=0.5, top_p=0.8, seed=3, stop=("x",))
    assert WritingOptions().applied(task) == task
    options = WritingOptions(temperature=0.7, top_p=0.95, seed=4)
    expected = GenerationConfig(max_tokens=7, temperature=0.7, top_p=0.95, seed=7, stop=("x",))
    assert options.applied(task) == expected
    greedy = WritingOptions(temperature=0.0, seed=4).applied(task)
    assert (greedy.temperature, greedy.seed) == (0.0, 3)


def test_the_system_prompt_precedes_that_of_the_task() -> None:
    turns = [Message("system", ("Be brief.",)), Message("user", ("q",))]
    options = WritingOptions(system="You see.")
    assert options.with_system(turns) == [
        Message("system", ("You see.\n\n", "Be brief.")),
        Message("user", ("q",)),
    ]
    assert options.with_system(turns[1:]) == [Message("system", ("You see.",)), turns[1]]
    assert WritingOptions().with_system(turns) is turns


def test_only_given_settings_are_passed_on() -> None:
    assert WritingOptions().more_settings() == {}
    options = WritingOptions(temperature=1.0, top_k=5, min_p=0.1, repetition_penalty=1.05)
    assert options.more_settings() == {"top_k": 5, "min_p": 0.1, "repetition_penalty": 1.05}
