"""Seconds of intervals and paired tests for a run of COCO's size, with their limits."""

from collections.abc import Callable
from statistics import median
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from benchmarks.rows import Row
from mmbench import stats
from mmbench.stats.bootstrap import intervals
from mmbench.stats.paired import paired_many
from mmbench.stats.resampler import Resampler
from mmbench.types import Score

Floats = NDArray[np.float64]
CLASSES = 20


def rows(quick: bool = False) -> list[Row]:
    n, repeats = (2500, 1) if quick else (25_000, 3)
    rng = np.random.default_rng(0)
    names = [f"sample-{i}" for i in range(n)]
    images = [f"image-{i // 5}" for i in range(n)]
    folding = [_binary(rng, n) for _ in range(10)] + [_ratio(rng, n) for _ in range(4)]
    ranks = stats.score(rng.integers(1, 5000, n), fold_name="median")
    precision = stats.score(_scores(rng, n), fold_name="mean-ap")
    pairs = [(s.fold, s.rows, rng.permuted(s.rows, axis=0)) for s in folding]
    cases: list[tuple[str, float, Callable[[], object]]] = [
        ("draws of 1,000 resamples", 0.4, lambda: list(Resampler(names).weights(100))),
        ("intervals of 14 folding metrics", 1, lambda: intervals(folding, [names] * 14)),
        ("the same by image", 1, lambda: intervals(folding, [images] * 14)),
        ("interval of a median", 20, lambda: intervals([ranks], [names])),
        (f"interval of mean AP, {CLASSES} classes", 20, lambda: intervals([precision], [names])),
        ("paired, 14 metrics, 10,000 permutations", 10, lambda: paired_many(pairs, names)),
    ]
    return [_row(f"{name}, {n:,} rows", limit, call, repeats) for name, limit, call in cases]


def _row(name: str, limit: float, call: Callable[[], object], repeats: int) -> Row:
    seconds = []
    for _ in range(repeats):
        start = perf_counter()
        call()
        seconds.append(perf_counter() - start)
    return Row(name, median(seconds), limit=limit, note=f"median of {repeats}")


def _binary(rng: np.random.Generator, n: int) -> Score:
    return stats.score((rng.random(n) < rng.random()).astype(float))


def _ratio(rng: np.random.Generator, n: int) -> Score:
    return stats.score(
        np.column_stack([rng.poisson(1, n), 1 + rng.poisson(15, n)]), fold_name="ratio"
    )


def _scores(rng: np.random.Generator, n: int) -> Floats:
    """Return class scores, then whether each class is correct: 1 in 20, mostly with high scores."""
    right = (rng.random((n, CLASSES)) < 1 / 20).astype(float)
    return np.column_stack([rng.normal(right, 1), right])
