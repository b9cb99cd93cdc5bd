"""Generated rankings: equal scores, several graded positives."""

from __future__ import annotations

from functools import cache
from hashlib import blake2b
from typing import NamedTuple

import numpy as np

from mmbench.types import Array, Prediction

QUERIES, DOCUMENTS, CUT = 200, 400, 50
INPUTS = f"generated: {QUERIES} queries, {DOCUMENTS} documents, equal scores, grades 1 to 3"


class Made(NamedTuple):
    """Vectors of small whole numbers, so that many products are equal, and graded positives."""

    queries: Array
    corpus: Array
    ids: list[str]
    grades: list[dict[int, int]]


@cache
def made() -> Made:
    """200 queries and 400 documents."""
    draws = np.random.default_rng(7)
    queries, corpus = (
        draws.integers(-1, 2, (n, 6)).astype(np.float32) for n in (QUERIES, DOCUMENTS)
    )
    queries[:, 0] = corpus[:, 0] = 1
    counts = draws.integers(1, 8, QUERIES)
    chosen = [draws.choice(DOCUMENTS, count, replace=False) for count in counts]
    grades = [{int(doc): int(draws.integers(1, 4)) for doc in docs} for docs in chosen]
    return Made(queries, corpus, [f"d{i}" for i in range(DOCUMENTS)], grades)


@cache
def orders() -> list[list[int]]:
    """The documents of each query: by falling score, equal ones by the hash of their id."""
    data = made()
    hashes = [blake2b(doc.encode(), digest_size=8).digest() for doc in data.ids]
    scores = data.queries.astype(np.float64) @ data.corpus.astype(np.float64).T
    return [sorted(range(DOCUMENTS), key=lambda i: (-row[i], hashes[i])) for row in scores]


@cache
def predictions(cut: int) -> list[Prediction]:
    """The first documents of each ranking."""
    data = made()
    return [
        Prediction(f"q{q}", [data.ids[i] for i in order[:cut]], _target(grades))
        for q, (order, grades) in enumerate(zip(orders(), data.grades, strict=True))
    ]


def _target(grades: dict[int, int]) -> dict[str, float]:
    return {f"d{doc}": float(grade) for doc, grade in grades.items()}
