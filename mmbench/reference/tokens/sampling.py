"""The next token: the likeliest, or one drawn by chance; and token after token until the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

NextTokens = Callable[[Tensor, Sequence[int]], Tensor]
"""From logits [m, vocabulary] and the rows of the batch that these m are, to ids [m]."""


NextLogits = Callable[[Tensor, Tensor], Tensor]
"""From the places among the rows that still went on of those that go on, int64 [m], and the tokens
[m] that these were given, to logits [m, vocabulary] of what comes next."""


def generate(
    logits: Tensor, next_logits: NextLogits, end: int, limits: Sequence[int], sampler: NextTokens
) -> list[list[int]]:
    """What follows each row of logits [n, vocabulary], up to and with `end`.

    At most `limits` [n] tokens, which is 0 for all or for none. A row that has ended takes no part
    in the steps that follow.
    """
    generated: list[list[int]] = [[] for _ in logits]
    active = [row for row, limit in enumerate(limits) if limit > 0]
    while active:
        tokens = sampler(logits, active)
        for row, token in zip(active, tokens.tolist(), strict=True):
            generated[row].append(token)
        continuing = [
            i
            for i, row in enumerate(active)
            if generated[row][-1] != end and len(generated[row]) < limits[row]
        ]
        active = [active[i] for i in continuing]
        if active:
            kept_rows = torch.tensor(continuing, device=logits.device)
            logits = next_logits(kept_rows, tokens[kept_rows])
    return generated


def greedy(logits: Tensor, rows: Sequence[int]) -> Tensor:  # noqa: ARG001 - a NextTokens takes it
    """The token with the highest logit; of equal ones the first."""
    return logits.argmax(-1)


@dataclass(frozen=True)
class TokenSampler:
    """Tokens drawn at a `temperature` above 0, row i by generator i of `generators` (on the CPU).

    So what a row is given does not depend on its batch. Drawn from the `top_k` likeliest
    tokens (0 is all of them), and of these from the fewest likeliest whose probabilities add up to
    `top_p` (nucleus sampling, Holtzman et al. 2020, arXiv 1904.09751, section 3.1).
    """

    temperature: float
    top_p: float
    generators: Sequence[Generator]
    top_k: int = 0

    def __call__(self, logits: Tensor, rows: Sequence[int]) -> Tensor:
        """A NextTokens."""
        probabilities = (logits.float() / self.temperature).softmax(-1).cpu()
        highest, order = torch.sort(probabilities, dim=-1, descending=True, stable=True)
        if self.top_k:
            highest = highest[:, : self.top_k] / highest[:, : self.top_k].sum(-1, keepdim=True)
        before = highest.cumsum(-1) - highest
        nucleus = highest * (before < self.top_p)
        nucleus[:, 0] = highest[:, 0]  # whatever top_p is, one is left
        generators = [self.generators[row] for row in rows]
        columns = [
            weights.multinomial(1, generator=generator)
            for weights, generator in zip(nucleus, generators, strict=True)
        ]
        return order.gather(-1, torch.stack(columns))[:, 0].to(logits.device)
