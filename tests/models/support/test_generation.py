"""How a text ends, random numbers of one sample, and settings that are not given."""

from __future__ import annotations

import pytest
import torch

from mmbench.models.support.generation import drop_none, generated_text, seeded
from mmbench.types import GeneratedText, GenerationConfig


@pytest.mark.parametrize(
    ("text", "finished", "expected"),
    [
        (" a cat ", True, GeneratedText("a cat", "stop", 3)),
        (" a cat ", False, GeneratedText("a cat", "length", 3)),
        ("a cat\n\nUser: and", False, GeneratedText("a cat", "stop", 3)),
        ("a; b\n\nc", True, GeneratedText("a", "stop", 3)),  # the stop that comes first
        ("", False, GeneratedText("", "length", 3)),
        ("\n\n", False, GeneratedText("", "stop", 3)),
    ],
)
def test_a_text_ends_at_the_first_stop_or_where_the_model_says(
    text: str, finished: bool, expected: GeneratedText
) -> None:
    options = GenerationConfig(stop=("\n\n", ";"))
    assert generated_text(text, 3, options, finished=finished) == expected


def test_a_seed_holds_inside_and_leaves_no_trace() -> None:
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    with seeded(7, "cpu"):
        inside = torch.rand(3)
    assert torch.equal(before, torch.random.get_rng_state())
    with pytest.raises(ValueError, match="stop"), seeded(7, "cpu"):
        assert torch.equal(inside, torch.rand(3))
        raise ValueError("stop")
    assert torch.equal(before, torch.random.get_rng_state())
    with seeded(2**64 - 1, "cpu"):
        assert not torch.equal(inside, torch.rand(3))


def test_zero_and_an_empty_text_are_given_and_none_is_not() -> None:
    assert drop_none(steps=0, negative="", height=None) == {"steps": 0, "negative": ""}
    assert drop_none() == {}
