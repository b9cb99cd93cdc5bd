"""Greedy and random sampling of tokens, and the generation loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

NextTokens = Callable[[Tensor, Sequence[int]], Tensor]
"""A function of logits [m, vocabulary] and their m rows in the batch, which returns ids [m]."""


NextLogits = Callable[[Tensor, Tensor], Tensor]
"""A function of the indices of unfinished rows among the rows of the last step, int64 [m], and
their new tokens [m], which returns the next logits [m, vocabulary]."""


def generate(
    logits: Tensor, next_logits: NextLogits, end: int, limits: Sequence[int], sampler: NextTokens
) -> list[list[int]]:
    """Generate token ids for n rows, up to and including the id `end`.

    `logits` [n, vocabulary] are the logits of the first new token; `next_logits` returns the logits
    of each further token. `limits` [n] is the largest number of tokens per row; either all limits
    are 0 or none is. Finished rows are left out of further steps.
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
    """Return the token with the highest logit of each row; ties go to the lowest id."""
    return logits.argmax(-1)


@dataclass(frozen=True)
class TokenSampler:
    """A sampler that draws tokens at a `temperature` above 0.

    Row i uses generator i of `generators` (on the CPU), so its tokens do not depend on the batch.
    Tokens are drawn from the `top_k` most likely tokens (0: all), and of these from the smallest
    set with a total probability of at least `top_p` (nucleus sampling, Holtzman et al. 2020, arXiv
    1904.09751, section 3.1).
    """

    temperature: float
    top_p: float
    generators: Sequence[Generator]
    top_k: int = 0

    def __call__(self, logits: Tensor, rows: Sequence[int]) -> Tensor:
        """Draw a token for each row of logits; `rows` are the indices of their generators."""
        probabilities = (logits.float() / self.temperature).softmax(-1).cpu()
        highest, order = torch.sort(probabilities, dim=-1, descending=True, stable=True)
        if self.top_k:
            highest = highest[:, : self.top_k] / highest[:, : self.top_k].sum(-1, keepdim=True)
        before = highest.cumsum(-1) - highest
        nucleus = highest * (before < self.top_p)
        nucleus[:, 0] = highest[:, 0]  # one token remains for any top_p
        generators = [self.generators[row] for row in rows]
        columns = [
            weights.multinomial(1, generator=generator)
            for weights, generator in zip(nucleus, generators, strict=True)
        ]
        return order.gather(-1, torch.stack(columns))[:, 0].to(logits.device)
