"""How a text is generated, in the words of transformers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmbench.types import Generation


def greedy_or_sampled(options: Generation) -> dict[str, Any]:
    """Arguments of `generate`; sampling wants its seed set around it (`seeds.seeded`)."""
    most = {"max_new_tokens": options.max_tokens, "num_beams": 1}
    if options.temperature == 0:
        # A checkpoint's own settings may turn sampling on, and set what only sampling takes.
        return {**most, "do_sample": False, "temperature": None, "top_p": None, "top_k": None}
    chance = {"temperature": options.temperature, "top_p": options.top_p, "top_k": None}
    return {**most, **chance, "do_sample": True}


def cut_at(text: str, stops: Sequence[str]) -> str:
    """The text before the first of the stops."""
    ends = [text.find(stop) for stop in stops if stop in text]
    return text[: min(ends)] if ends else text
