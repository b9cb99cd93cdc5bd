"""Vectors to search, and rankings by their definition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b

import numpy as np

Links = Sequence[Sequence[int]]


def unit_vectors(n: int, d: int, seed: int) -> np.ndarray:
    """Return random vectors of length 1: float32 [n, d]."""
    vectors = np.random.default_rng(seed).standard_normal((n, d)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def order_key(ident: str) -> bytes:
    """Return the hash of an id, by which documents of equal scores are ordered."""
    return blake2b(ident.encode(), digest_size=8).digest()


def naive_order(scores: Mapping[str, float]) -> list[str]:
    """Return the ids of documents, best score first, by sorting."""
    return sorted(scores, key=lambda ident: (-scores[ident], order_key(ident)))


def naive_ranks(
    scores: np.ndarray, positives: Links, ids: Sequence[str] | None = None
) -> list[list[int]]:
    """Return the ascending ranks of the positives of each row of scores [queries, documents].

    The id of a document is its number unless `ids` are given.
    """
    names = [str(row) for row in range(scores.shape[1])] if ids is None else ids
    found = []
    for row, own in zip(scores.tolist(), positives, strict=True):
        order = naive_order(dict(zip(names, row, strict=True)))
        found.append(sorted(order.index(names[document]) + 1 for document in own))
    return found


def transposed(positives: Links, documents: int) -> list[list[int]]:
    """Return for each document the queries whose positive it is."""
    return [[query for query, own in enumerate(positives) if d in own] for d in range(documents)]


def as_lists(ranks: Sequence[np.ndarray]) -> list[list[int]]:
    """Return ranks, which have to be int64, as lists."""
    assert all(own.dtype == np.int64 for own in ranks)
    return [own.tolist() for own in ranks]
