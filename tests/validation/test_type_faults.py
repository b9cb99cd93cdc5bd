"""Values of a wrong type, in words: which value, what it must be, and what it is."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
import pytest

from mmbench.types import GenerationConfig
from mmbench.validation.type_faults import type_fault


class Member(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    generation: GenerationConfig | None = None


@pytest.mark.parametrize(
    ("value", "hint", "fault"),
    [
        (1, int, ""),
        ("high", float | None, "x must be a number, not 'high'"),
        ("a", int | list[int] | None, "x must be an integer or a list, not 'a'"),
        (None, int, "x must be an integer, not null"),
        (True, str, "x must be a string, not true"),
        ([1], dict[str, int], "x must be a mapping, not a list"),
        ({"a": 1}, list[int], "x must be a list, not a mapping"),
        (["a", 2], list[str], "x[1] must be a string, not 2"),
        (
            {"a": {"b": 1}},
            dict[str, dict[str, str]],
            "x[...][...] must be a string, not an integer",
        ),
        ([1, 2, 3], tuple[int, int], "x must be a list of length 2, not a list"),
        ("q", Literal["a", "b"], "x must be one of a, b, not 'q'"),
        ({1: 2}, dict[str, int], "x: Expected `str`, got `int` - at `key` in `$`"),
        ("y" * 99, int, f"x must be an integer, not '{'y' * 58}…"),
        ({"stop": [1]}, GenerationConfig, "x.stop[0] must be a string, not 1"),
        (
            {"max_new_tokens": 1},
            GenerationConfig,
            "unknown key of x 'max_new_tokens': did you mean max_tokens?",
        ),
        ([{}], list[Member], "x[0]: missing key name"),
        (
            [{"name": "a", "generation": {"temprature": 1}}],
            list[Member],
            "unknown key of x[0].generation 'temprature': did you mean temperature?",
        ),
    ],
)
def test_a_fault_is_said_in_words(value: Any, hint: Any, fault: str) -> None:
    assert type_fault("x", value, hint) == fault


def test_what_an_option_belongs_to_is_said() -> None:
    fault = type_fault("stop", ["a", 1], list[str], "option of model api")
    assert fault == "option stop[1] of model api must be a string, not 1"
    assert type_fault("stop", 1, str, "option") == "option stop must be a string, not 1"
