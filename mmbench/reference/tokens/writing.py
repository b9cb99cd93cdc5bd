"""How the multimodal GPT writes and draws: token after token, with a cache, many rows at once."""

from __future__ import annotations

import torch
from torch import Tensor

from mmbench.reference.architectures.gpt import GPT
from mmbench.reference.tokens.mixed import PAD
from mmbench.reference.tokens.packing import OUTSIDE, TRUNK
from mmbench.reference.tokens.sampling import Pick, continued, likeliest


@torch.inference_mode()
def write(
    gpt: GPT, ids: Tensor, end: int, most: int, pick: Pick = likeliest, guidance: float = 1.0
) -> list[list[int]]:
    """What follows each row of ids [n, t], up to and with `end`; shorter rows begin with `PAD`.

    At most `most` tokens, and no more than the context has room for. A row that has ended
    takes no part in the steps that follow. With a `guidance` other than 1 each token is chosen by
    unguided + guidance · (guided - unguided) logits, where unguided is without the texts.
    """
    rows = _GuidedRows(gpt, ids, guidance)
    lengths = (ids != PAD).sum(1).tolist()
    room = [min(most, gpt.context - length) for length in lengths]
    return continued(rows.first(ids), rows.after, end, room, pick)


class _GuidedRows:
    """Rows that are gone on with, where guided twice: all with their texts, then all without."""

    def __init__(self, gpt: GPT, ids: Tensor, guidance: float) -> None:
        self._gpt, self._guidance = gpt, guidance
        self._ways = 1 if guidance == 1 else 2
        self._caches = gpt.caches()
        self._drawn = ids.new_zeros(self._ways * len(ids))
        self._branches = torch.where(ids == PAD, OUTSIDE, TRUNK).repeat(self._ways, 1)

    def first(self, ids: Tensor) -> Tensor:
        """Logits [n, vocabulary] of what follows ids [n, t]."""
        return self._logits(
            ids if self._ways == 1 else torch.cat([ids, self._gpt.without_texts(ids)])
        )

    def after(self, left: Tensor, tokens: Tensor) -> Tensor:
        """A `Next` of `sampling`."""
        before = len(self._drawn) // self._ways
        rows = torch.cat([left + way * before for way in range(self._ways)])
        self._drawn = self._drawn[rows]
        kept = self._branches[rows]
        self._branches = torch.cat([kept, kept.new_full((len(rows), 1), TRUNK)], dim=1)
        for cache in self._caches:
            cache.keep(rows)
        return self._logits(tokens.repeat(self._ways)[:, None])

    def _logits(self, new: Tensor) -> Tensor:
        features = self._gpt.features(new, self._caches, self._drawn, self._branches)[:, -1]
        self._drawn = self._gpt.drawn(new, self._drawn)[:, -1]
        logits = self._gpt.logits(features, new[:, -1], self._drawn)
        return logits if self._ways == 1 else guided(logits, self._guidance)


def guided(logits: Tensor, guidance: float) -> Tensor:
    """Logits [2 n, vocabulary], with the text and then without, to [n, vocabulary]."""
    with_text, without = logits.chunk(2)
    moved = without + guidance * (with_text - without)
    return moved.masked_fill(with_text == -torch.inf, -torch.inf)
