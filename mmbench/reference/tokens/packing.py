"""Several conversations about one thing as one row: what they begin with stands there once.

    <start> <user> <image> × places | what colour is it ? … <end> | is there a star ? … <end>

Each branch sees the trunk before it and itself, at the positions that it would have alone, so that
a model learns from it as if it came alone, and the image is read once. Molmo trains so on images
with several annotations (Deitke et al. 2024, arXiv 2409.17146).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

import torch
from torch import Tensor

TRUNK, OUTSIDE = 0, -1
"""The number of what all branches share, and of padding, which no one sees; branches are 1, 2, …"""


def pack(
    conversations: Sequence[tuple[list[int], list[bool]]], context: int
) -> tuple[list[int], list[bool], list[int]]:
    """Conversations (ids, and whether each is learnt) as one: ids, learnt, and of which branch.

    One that is longer than the context loses its last tokens. One alone is all trunk.
    """
    cut = [list(zip(*conversation, strict=True))[:context] for conversation in conversations]
    shared = sum(1 for _ in takewhile(_all_equal, zip(*cut, strict=False)))
    while any(conversation[shared][1] for conversation in cut if len(conversation) > shared):
        shared -= 1  # what is learnt is predicted from the token before it, in the same branch
    rows = [(*token, TRUNK) for token in cut[0][:shared]]
    for number, conversation in enumerate(cut, 1):
        rows += [(*token, number) for token in conversation[shared:]]
    ids, learnt, branch_ids = (list(column) for column in zip(*rows, strict=True))
    return ids, learnt, branch_ids


def _all_equal(tokens: tuple[object, ...]) -> bool:
    return all(token == tokens[0] for token in tokens)


def visibility_mask(branch_ids: Tensor, last: int | None = None) -> Tensor:
    """Whether each token sees each, bool [n, t, t], by the branch of each, int64 [n, t].

    It sees what stands before it in the trunk and in its own branch, and itself; so does padding,
    since a token that saw nothing would be worth nothing (NaN). With `last` only what that many
    tokens at the end see, [n, last, t].
    """
    t = branch_ids.shape[1]
    first = 0 if last is None else t - last
    own = branch_ids[:, None, :] == branch_ids[:, first:, None]
    own &= (branch_ids != OUTSIDE)[:, None, :]
    itself = torch.ones(t - first, t, dtype=torch.bool, device=branch_ids.device).triu(first)
    return (own | itself | (branch_ids == TRUNK)[:, None, :]).tril(first)


def positions(seen: Tensor) -> Tensor:
    """The position of each token in its own conversation, int64 [… , t], from `visibility_mask`."""
    return (seen.sum(-1) - 1).clamp(min=0)
