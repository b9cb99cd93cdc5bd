"""The next token: the likeliest, or one drawn by chance; and token after token until the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

Pick = Callable[[Tensor, Sequence[int]], Tensor]
"""From logits [m, vocabulary] and the rows of the batch that these m are, to ids [m]."""


Next = Callable[[Tensor, Tensor], Tensor]
"""From the places among the rows that still went on of those that go on, int64 [m], and the tokens
[m] that these were given, to logits [m, vocabulary] of what comes next."""


def continued(
    logits: Tensor, after: Next, end: int, most: Sequence[int], pick: Pick
) -> list[list[int]]:
    """What follows each row of logits [n, vocabulary], up to and with `end`.

    At most `most` [n] tokens, which is 0 for all or for none. A row that has ended takes no part in
    the steps that follow.
    """
    said: list[list[int]] = [[] for _ in logits]
    going = [row for row, room in enumerate(most) if room > 0]
    while going:
        tokens = pick(logits, going)
        for row, token in zip(going, tokens.tolist(), strict=True):
            said[row].append(token)
        on = [
            i for i, row in enumerate(going) if said[row][-1] != end and len(said[row]) < most[row]
        ]
        going = [going[i] for i in on]
        if going:
            left = torch.tensor(on, device=logits.device)
            logits = after(left, tokens[left])
    return said


def likeliest(logits: Tensor, rows: Sequence[int]) -> Tensor:  # noqa: ARG001 - a Pick takes it
    """The token with the highest logit; of equal ones the first."""
    return logits.argmax(-1)


@dataclass(frozen=True)
class TokenSampler:
    """Tokens drawn at a `temperature` above 0, row i by the generator i of `chances` (on the CPU).

    So what a row is given does not depend on its batch. Drawn from the `top_k` likeliest
    tokens (0 is all of them), and of these from the fewest likeliest whose probabilities add up to
    `top_p` (nucleus sampling, Holtzman et al. 2020, arXiv 1904.09751, section 3.1).
    """

    temperature: float
    top_p: float
    chances: Sequence[Generator]
    top_k: int = 0

    def __call__(self, logits: Tensor, rows: Sequence[int]) -> Tensor:
        """A Pick."""
        shares = (logits.float() / self.temperature).softmax(-1).cpu()
        highest, order = torch.sort(shares, dim=-1, descending=True, stable=True)
        if self.top_k:
            highest = highest[:, : self.top_k] / highest[:, : self.top_k].sum(-1, keepdim=True)
        before = highest.cumsum(-1) - highest
        nucleus = highest * (before < self.top_p)
        nucleus[:, 0] = highest[:, 0]  # whatever top_p is, one is left
        chances = [self.chances[row] for row in rows]
        drawn = [
            some.multinomial(1, generator=chance)
            for some, chance in zip(nucleus, chances, strict=True)
        ]
        return order.gather(-1, torch.stack(drawn))[:, 0].to(logits.device)
