"""Tokens and cost of generated texts, as the model or its server counts them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from mmbench.text import count
from mmbench.types import GeneratedText


class TokenCounts(NamedTuple):
    """Sums over generated texts: tokens of prompts, of completions, and of reasoning.

    Reasoning tokens are part of the completions. `uncounted` is the number of texts whose prompt
    tokens were not counted.
    """

    prompt: int = 0
    completion: int = 0
    reasoning: int = 0
    uncounted: int = 0

    def plus(self, outputs: Iterable[object]) -> TokenCounts:
        """Return the sums with the tokens of further outputs added; only generated texts count."""
        texts = [output for output in outputs if isinstance(output, GeneratedText)]
        return TokenCounts(
            self.prompt + sum(text.prompt_tokens for text in texts),
            self.completion + sum(text.tokens for text in texts),
            self.reasoning + sum(text.reasoning_tokens for text in texts),
            self.uncounted + sum(not text.prompt_tokens for text in texts),
        )

    @property
    def is_unknown(self) -> bool:
        """Whether there are texts, but no token was counted: the server reports no `usage`."""
        return self.uncounted > 0 and not (self.prompt or self.completion)

    def cost(self, price: Sequence[float]) -> float | None:
        """Return the cost; None if the tokens are unknown.

        `price` has the prices of a million prompt tokens and of a million completion tokens.
        """
        if self.is_unknown:
            return None
        return (self.prompt * price[0] + self.completion * price[1]) / 1e6


def sum_counts(counts: Iterable[TokenCounts]) -> TokenCounts:
    """Return the sums of several token counts."""
    return TokenCounts(*map(sum, zip(*counts, strict=True)))


class Usage(NamedTuple):
    """The token counts of a run.

    `computed` covers the texts that the run itself computed; `total` also covers the texts that it
    read from the journal.
    """

    computed: TokenCounts = TokenCounts()
    total: TokenCounts = TokenCounts()

    def tokens(self) -> dict[str, dict[str, int]]:
        """Return the token counts for the record; return {} if no text was generated."""
        if self.total == TokenCounts():
            return {}
        return {"computed": self.computed._asdict(), "all": self.total._asdict()}

    def cost(self, price: Sequence[float] | None) -> dict[str, Any]:
        """Return the prices and costs for the record; return {} if `price` is None."""
        if price is None:
            return {}
        costs = {"computed": self.computed.cost(price), "all": self.total.cost(price)}
        rounded = {name: None if cost is None else round(cost, 8) for name, cost in costs.items()}
        return {"price": list(price), **rounded}

    def notes(self, price: Sequence[float] | None) -> list[str]:
        """Return a note if the cost is unknown, or leaves out prompts without a token count."""
        if price is None or not self.total.uncounted:
            return []
        if self.total.is_unknown:
            return ["the cost is unknown: the server reported no token counts (`usage`)"]
        return [
            f"the cost leaves out the prompts of {count(self.total.uncounted, 'answer')}: their"
            " tokens were not counted"
        ]
