"""Greedy matching of tokens, the core of BERTScore."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import numpy as np

from mmbench.models.support.arrays import float32_array
from mmbench.types import Array, MatchRequest, TokenMatches

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor


def match(
    item: MatchRequest,
    ids: Mapping[str, list[int]],
    vectors: Mapping[str, Tensor],
    ends: Collection[int | None],
) -> TokenMatches:
    """Return the best cosine of each token of a text and of its references.

    `ids` has the token ids of each text, and `vectors` their vectors of length 1, float32 [t, d].
    `ends` are the ids of the tokens that begin, separate and end texts. They take part in the
    matches, and get the id -1.
    """
    import torch

    others = torch.cat([vectors[one] for one in item.references])
    sizes = np.cumsum([len(ids[one]) for one in item.references])[:-1]
    cosines = np.split(_cosines(vectors[item.text], others), sizes, axis=1)
    return TokenMatches(
        _marked(ids[item.text], ends),
        [_marked(ids[one], ends) for one in item.references],
        [_best(one, 1) for one in cosines],
        [_best(one, 0) for one in cosines],
    )


def _cosines(one: Tensor, other: Tensor) -> Array:
    """Return the cosines of vectors of length 1, float32 [t, r]; rounding never exceeds 1."""
    return float32_array(one @ other.T).clip(-1, 1)


def _best(cosines: Array, axis: int) -> Array:
    """Return the highest cosine along an axis, or 0 if the other text has no token."""
    if not cosines.shape[axis]:
        return np.zeros(cosines.shape[1 - axis], np.float32)
    best: Array = cosines.max(axis=axis)
    return best


def _marked(ids: list[int], ends: Collection[int | None]) -> NDArray[np.int32]:
    return np.array([-1 if one in ends else one for one in ids], np.int32)
