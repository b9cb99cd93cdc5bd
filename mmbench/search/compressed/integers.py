"""Exact search of codes whose dot products may exceed the integers that float32 represents.

Float32 represents all integers up to 2²⁴. By the inequality of Cauchy and Schwarz, the sum of the
absolute values of the products of two codes, and with it every partial sum of their dot product, is
at most the product of their lengths. Up to 2²⁴, the search in float32 is therefore exact in any
order of summation. Beyond, the search here sums in float64, which is exact up to 2⁵³.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from mmbench.columns.vectors import Vectors
from mmbench.search.checks import Ints
from mmbench.search.order import IdOrder
from mmbench.search.parts import SearchResult

EXACT_FLOAT32 = 1 << 24
_BLOCK = 1 << 12  # vectors that are converted at a time
_ROUNDED = 1.01  # more than sums of squares lose in float32, at up to 100,000 dimensions
_SCORES = 1 << 23  # scores in memory at a time

Scores = NDArray[np.float64]


def fits_float32(queries: Vectors, corpus: Vectors) -> bool:
    """Return whether float32 sums the dot products of all pairs of integer vectors exactly."""
    return _greatest_square(queries) * _greatest_square(corpus) <= EXACT_FLOAT32**2


def _greatest_square(vectors: Vectors) -> float:
    """Return an upper bound of the squared length of the vectors, near it."""
    blocks = (vectors[start : start + _BLOCK] for start in range(0, len(vectors), _BLOCK))
    squares = [np.einsum("ij,ij->i", block, block).max() for block in blocks]
    return float(max(squares)) * _ROUNDED


def _float64(vectors: Vectors, start: int) -> Scores:
    return vectors[start : start + _BLOCK].astype(np.float64)


def integer_search(
    queries: Vectors, corpus: Vectors, pairs: tuple[Ints, Ints], order: IdOrder, top: int
) -> SearchResult:
    """Return what `exact.search` returns, for integer vectors [n, d] and [m, d] and any sums.

    `order` orders documents with equal scores. Memory: a few times 64 MB, or a few times 8 m bytes.
    """
    keys = order.keys(np.arange(len(corpus)))
    ranks = np.zeros(len(pairs[0]), np.int64)
    best = np.empty((len(queries), top), np.int64)
    step = max(1, _SCORES // len(corpus))
    for start in range(0, len(queries), step):
        scores = _scores(queries[start : start + step].astype(np.float64), corpus)
        best[start : start + step] = [_first(line, keys, top) for line in scores]
        within = np.flatnonzero((pairs[0] >= start) & (pairs[0] < start + step))
        for pair in within:
            ranks[pair] = _rank(scores[pairs[0][pair] - start], keys, pairs[1][pair])
    return SearchResult(ranks, best)


def _scores(queries: Scores, corpus: Vectors) -> Scores:
    """Return the dot products [q, m] of queries [q, d] with the corpus."""
    blocks: Iterator[Scores] = (
        queries @ _float64(corpus, start).T for start in range(0, len(corpus), _BLOCK)
    )
    return np.concatenate([*blocks], axis=1)


def _first(scores: Scores, keys: NDArray[np.uint64], top: int) -> Ints:
    """Return the first `top` documents by descending score, and by key if scores are equal."""
    if not top:
        return np.empty(0, np.int64)
    least = np.partition(scores, len(scores) - top)[len(scores) - top]
    candidates = np.flatnonzero(scores >= least)
    return candidates[np.lexsort((keys[candidates], -scores[candidates]))[:top]]


def _rank(scores: Scores, keys: NDArray[np.uint64], document: int) -> int:
    own = scores[document]
    equal = keys[scores == own] < keys[document]
    return 1 + int(np.count_nonzero(scores > own)) + int(np.count_nonzero(equal))
