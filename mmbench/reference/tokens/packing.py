"""Packing of several conversations with a common beginning into one row of tokens.

    <start> <user> <image> × places | what colour is it ? … <end> | is there a star ? … <end>

The trunk is the common beginning of all conversations, and a branch is the rest of one
conversation. The tokens of a branch attend to the trunk and to their own branch, and they have the
same positions as in a row of their own. So the loss is the same as with one row per conversation,
but the image is encoded only once. Molmo is trained this way on images with several annotations
(Deitke et al. 2024, arXiv 2409.17146).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

import torch
from torch import Tensor

TRUNK, OUTSIDE = 0, -1
"""The branch ids of the trunk and of padding; branches have the ids 1, 2, …"""


def pack(
    conversations: Sequence[tuple[list[int], list[bool]]], context: int
) -> tuple[list[int], list[bool], list[int]]:
    """Pack conversations into one row; return its ids, learnt flags and branch ids.

    A conversation is a pair of lists: its token ids, and for each token whether it is learnt. It is
    truncated to `context` tokens. All tokens of a single conversation belong to the trunk.
    """
    cut = [list(zip(*conversation, strict=True))[:context] for conversation in conversations]
    shared = sum(1 for _ in takewhile(_all_equal, zip(*cut, strict=False)))
    while any(conversation[shared][1] for conversation in cut if len(conversation) > shared):
        shared -= (
            1  # a learnt token is predicted from the previous token, which must be in its branch
        )
    rows = [(*token, TRUNK) for token in cut[0][:shared]]
    for number, conversation in enumerate(cut, 1):
        rows += [(*token, number) for token in conversation[shared:]]
    ids, learnt, branch_ids = (list(column) for column in zip(*rows, strict=True))
    return ids, learnt, branch_ids


def _all_equal(tokens: tuple[object, ...]) -> bool:
    return all(token == tokens[0] for token in tokens)


def visibility_mask(branch_ids: Tensor, last: int | None = None) -> Tensor:
    """Return the attention mask, bool [n, t, t], for branch ids, int64 [n, t].

    A token attends to itself and to the tokens before it in the trunk and in its own branch.
    Padding attends to itself, since a fully masked row would become NaN. With `last`, the mask has
    only the last `last` tokens as queries, [n, last, t].
    """
    t = branch_ids.shape[1]
    first = 0 if last is None else t - last
    own = branch_ids[:, None, :] == branch_ids[:, first:, None]
    own &= (branch_ids != OUTSIDE)[:, None, :]
    itself = torch.ones(t - first, t, dtype=torch.bool, device=branch_ids.device).triu(first)
    return (own | itself | (branch_ids == TRUNK)[:, None, :]).tril(first)


def positions(seen: Tensor) -> Tensor:
    """Return the position of each token in its conversation, int64 [… , t].

    `seen` is the result of `visibility_mask`.
    """
    return (seen.sum(-1) - 1).clamp(min=0)
