"""Reasoning of models that write: options of adapters, and the separation from the answer.

A model marks its reasoning in its text, by default with one of the markers that
`mmbench.text.reasoning` knows (`<think>…</think>` and its relatives).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from mmbench.errors import ModelError
from mmbench.models.support.generation import generated_text
from mmbench.text.reasoning import (
    SplitText,
    marker_tokens,
    opening_marker,
    reasoning_end,
    split_at_markers,
    split_reasoning,
)
from mmbench.types import GeneratedText, GenerationConfig

if TYPE_CHECKING:
    from mmbench.models.support.library_types import Tokenizer

OFF = "none"  # as the end marker: nothing is reasoning


def reasons(options: Mapping[str, object]) -> bool:
    """Return whether options of a model say that it reasons, by a budget or by markers."""
    end = options.get("reasoning_end", OFF)
    return bool(options.get("thinking_budget")) or end not in ("", OFF)


class Reasoning(NamedTuple):
    """How a model marks its reasoning, and the tokens that it has for it.

    `start` and `end` are the options `reasoning_start` and `reasoning_end`: empty ones stand for
    the known markers, and an end of `none` leaves the text as the model wrote it. `budget` is the
    option `thinking_budget`: tokens on top of a task's `max_tokens`, which limits the answer.
    """

    start: str = ""
    end: str = ""
    budget: int = 0

    @classmethod
    def from_options(cls, start: str, end: str, budget: int) -> Reasoning:
        """Return the settings in the options of a model. Raises ModelError if they conflict."""
        if start and not end:
            raise ModelError("option reasoning_start is given alone; give reasoning_end too")
        if budget and end == OFF:
            raise ModelError(
                "option thinking_budget has no effect with reasoning_end=none; leave one of them"
                " out"
            )
        return cls(start, end, budget)

    def extended(self, options: GenerationConfig) -> GenerationConfig:
        """Return settings of generation with the budget added to the limit of tokens."""
        return replace(options, max_tokens=options.max_tokens + self.budget)

    def split(self, text: str, prompt: str = "") -> SplitText:
        """Split a generated text; the end of `prompt` may be the marker that opens reasoning."""
        if self.end == OFF:
            return SplitText(None, text)
        if not self.end:
            return split_reasoning(opening_marker(prompt) + text)
        opened = self.start if self.start and prompt.rstrip().endswith(self.start.strip()) else ""
        return split_at_markers(opened + text, self.start, self.end)

    def generated_text(
        self,
        ids: Sequence[int],
        prompt: str,
        options: GenerationConfig,
        decode: Callable[[Sequence[int]], str],
        *,
        finished: bool,
    ) -> GeneratedText:
        """Return the answer and the reasoning in generated token ids.

        The answer is cut after `options.max_tokens` tokens and at the stop strings. `decode`
        returns the text of ids with its markers, `prompt` is the text before them. `finished` is
        true if the model ended the text before the limit.
        """
        used = self._within_limit(ids, prompt, options.max_tokens, decode)
        split = self.split(decode(used), prompt)
        return generated_text(
            split.answer,
            len(used),
            options,
            finished=finished and len(used) == len(ids),
            reasoning=split.reasoning,
        )

    def _within_limit(
        self,
        ids: Sequence[int],
        prompt: str,
        limit: int,
        decode: Callable[[Sequence[int]], str],
    ) -> Sequence[int]:
        """Return the ids up to `limit` tokens after the reasoning, all of an unclosed trace."""
        if len(ids) <= limit or not self.budget:
            return ids
        text = decode(ids)
        if not self.split(text, prompt).answer:
            return ids
        end = self._end(text)
        first = bisect_left(range(len(ids)), end, key=lambda n: self._end(decode(ids[:n])))
        return ids[: first + limit]

    def _end(self, text: str) -> int:
        """Return the position after the last marker that ends reasoning, 0 without one."""
        if not self.end:
            return reasoning_end(text)
        return text.rfind(self.end) + len(self.end) if self.end in text else 0

    def tokens(self, tokenizer: Tokenizer) -> dict[int, str]:
        """Return the ids and texts of the added tokens of a tokenizer that mark reasoning."""
        if self.end == OFF:
            return {}
        texts = {number: str(one) for number, one in tokenizer.added_tokens_decoder.items()}
        markers = marker_tokens(texts.values()) | {self.start, self.end}
        return {number: text for number, text in texts.items() if text in markers}


def decode_with_markers(
    tokenizer: Tokenizer, markers: Mapping[int, str], ids: Sequence[int]
) -> str:
    """Return the text of ids without special tokens, except `markers`: texts of tokens by id."""
    text, first = "", 0
    for at, token in enumerate(ids):
        if token in markers:
            text += tokenizer.decode(ids[first:at], skip_special_tokens=True) + markers[token]
            first = at + 1
    return text + tokenizer.decode(ids[first:], skip_special_tokens=True)
