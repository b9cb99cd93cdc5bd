"""Batched generation with the multimodal GPT, using a key-value cache."""

from __future__ import annotations

import torch
from torch import Tensor

from mmbench.reference.architectures.gpt import GPT
from mmbench.reference.tokens.mixed import PAD
from mmbench.reference.tokens.packing import OUTSIDE, TRUNK
from mmbench.reference.tokens.sampling import NextTokens, generate, greedy


@torch.inference_mode()
def write(
    gpt: GPT,
    ids: Tensor,
    end: int,
    max_tokens: int,
    sampler: NextTokens = greedy,
    guidance: float = 1.0,
) -> list[list[int]]:
    """Generate token ids after each row of ids [n, t], up to the id `end`.

    Rows are padded on the left with `PAD`. At most `max_tokens` tokens are generated, and no more
    than fit into the context. Finished rows are left out of further steps. With a `guidance` other
    than 1, the logits are u + guidance · (c - u), where c are the logits with the text of the
    prompt and u the logits without it.
    """
    guided_rows = _GuidedRows(gpt, ids, guidance)
    lengths = (ids != PAD).sum(1).tolist()
    room = [min(max_tokens, gpt.context - length) for length in lengths]
    return generate(guided_rows.first_logits(ids), guided_rows.next_logits, end, room, sampler)


class _GuidedRows:
    """The rows of a batch during generation, with their caches.

    With guidance there are twice as many rows: first all rows with their texts, then all rows
    without.
    """

    def __init__(self, gpt: GPT, ids: Tensor, guidance: float) -> None:
        self._gpt, self._guidance = gpt, guidance
        self._passes = 1 if guidance == 1 else 2
        self._caches = gpt.caches()
        self._image_counts = ids.new_zeros(self._passes * len(ids))
        self._branch_ids = torch.where(ids == PAD, OUTSIDE, TRUNK).repeat(self._passes, 1)

    def first_logits(self, ids: Tensor) -> Tensor:
        """Return the logits [n, vocabulary] of the next tokens after ids [n, t]."""
        return self._logits(
            ids if self._passes == 1 else torch.cat([ids, self._gpt.mask_texts(ids)])
        )

    def next_logits(self, rows_left: Tensor, tokens: Tensor) -> Tensor:
        """Return the logits that follow `tokens`, the new tokens of the rows `rows_left`.

        This is a `NextLogits` function for `sampling.generate`.
        """
        before = len(self._image_counts) // self._passes
        rows = torch.cat([rows_left + number * before for number in range(self._passes)])
        self._image_counts = self._image_counts[rows]
        branch_ids = self._branch_ids[rows]
        self._branch_ids = torch.cat(
            [branch_ids, branch_ids.new_full((len(rows), 1), TRUNK)], dim=1
        )
        for cache in self._caches:
            cache.select_rows(rows)
        return self._logits(tokens.repeat(self._passes)[:, None])

    def _logits(self, new: Tensor) -> Tensor:
        features = self._gpt.features(new, self._caches, self._image_counts, self._branch_ids)
        self._image_counts = self._gpt.image_counts(new, self._image_counts)[:, -1]
        logits = self._gpt.logits(features[:, -1], new[:, -1], self._image_counts)
        return logits if self._passes == 1 else apply_guidance(logits, self._guidance)


def apply_guidance(logits: Tensor, guidance: float) -> Tensor:
    """Combine the logits of 2 n rows to [n, vocabulary], by the formula in `write`.

    The first n rows of logits are computed with the text, the other n rows without it.
    """
    with_text, without = logits.chunk(2)
    moved = without + guidance * (with_text - without)
    return moved.masked_fill(with_text == -torch.inf, -torch.inf)
