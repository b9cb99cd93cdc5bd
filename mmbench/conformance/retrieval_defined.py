"""Retrieval metrics of one query, written out."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

K = 10

# The grades down a ranking, 0 for what is wrong, and all grades of the query → its value.
Naive = Callable[[list[float], list[float]], float]


def _first(gains: Sequence[float]) -> float:
    return next((rank for rank, gain in enumerate(gains, 1) if gain), math.inf)


def _precision(gains: Sequence[float], k: int) -> float:
    return sum(gain > 0 for gain in gains[:k]) / k


def _ap(gains: Sequence[float], grades: Sequence[float], k: int) -> float:
    hits = [rank for rank, gain in enumerate(gains[:k], 1) if gain]
    return sum(_precision(gains, rank) for rank in hits) / len(grades)


def _dcg(gains: Sequence[float]) -> float:
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains[:K], 1))


NAIVE: dict[str, Naive] = {
    "recall@1": lambda gains, _: float(any(gains[:1])),
    "recall@5": lambda gains, _: float(any(gains[:5])),
    f"recall@{K}": lambda gains, _: float(any(gains[:K])),
    "mean_rank": lambda gains, _: _first(gains),
    "median_rank": lambda gains, _: _first(gains),
    "mrr": lambda gains, _: 1 / _first(gains),
    "map": lambda gains, grades: _ap(gains, grades, len(gains)),
    f"fraction_recall@{K}": lambda gains, grades: _precision(gains, K) * K / len(grades),
    f"precision@{K}": lambda gains, _: _precision(gains, K),
    f"mrr@{K}": lambda gains, _: 1 / _first(gains[:K]),
    f"map@{K}": lambda gains, grades: _ap(gains, grades, K),
    "map@R": lambda gains, grades: _ap(gains, grades, len(grades)),
    "r_precision": lambda gains, grades: _precision(gains, len(grades)),
    f"ndcg@{K}": lambda gains, grades: _dcg(gains) / _dcg(sorted(grades, reverse=True)),
    "rsum": lambda gains, _: float(sum(any(gains[:k]) for k in (1, 5, 10))),
}
