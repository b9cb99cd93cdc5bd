"""Tokens and cost of generated texts, as the model or its server counts them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from mmbench.text import count
from mmbench.types import GeneratedText


class TokenCounts(NamedTuple):
    """Sums over generated texts: tokens of prompts, of completions, and of the reasoning in these.

    `uncounted` is the number of texts without a count of the prompt's tokens.
    """

    prompt: int = 0
    completion: int = 0
    reasoning: int = 0
    uncounted: int = 0

    def plus(self, outputs: Iterable[object]) -> TokenCounts:
        """Return the sums with those of further outputs; only generated texts count."""
        texts = [output for output in outputs if isinstance(output, GeneratedText)]
        return TokenCounts(
            self.prompt + sum(text.prompt_tokens for text in texts),
            self.completion + sum(text.tokens for text in texts),
            self.reasoning + sum(text.reasoning_tokens for text in texts),
            self.uncounted + sum(not text.prompt_tokens for text in texts),
        )

    def cost(self, price: Sequence[float]) -> float:
        """Return the cost by the prices of a million prompt and completion tokens."""
        return (self.prompt * price[0] + self.completion * price[1]) / 1e6


class Usage(NamedTuple):
    """The tokens of a run: of the texts that it computed, and of all its distinct texts."""

    computed: TokenCounts = TokenCounts()
    total: TokenCounts = TokenCounts()

    def tokens(self) -> dict[str, dict[str, int]]:
        """Return the sums for the record, {} without a text."""
        if self.total == TokenCounts():
            return {}
        return {"computed": self.computed._asdict(), "all": self.total._asdict()}

    def cost(self, price: Sequence[float] | None) -> dict[str, Any]:
        """Return the prices and costs for the record, {} without a price."""
        if price is None:
            return {}
        costs = {"computed": self.computed.cost(price), "all": self.total.cost(price)}
        return {"price": list(price), **{name: round(cost, 8) for name, cost in costs.items()}}

    def notes(self, price: Sequence[float] | None) -> list[str]:
        """Return a note where the cost lacks the prompts without a count of tokens."""
        if price is None or not self.total.uncounted:
            return []
        return [
            f"the cost leaves out the prompts of {count(self.total.uncounted, 'answer')}: their"
            " tokens were not counted"
        ]
