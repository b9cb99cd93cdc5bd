"""Baselines of retrieval, which rank the positives of a split without searching."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mmbench.kinds.retrieval.splits import Ints, Ranked, RetrievalSplit

# (split, both directions?) -> results by direction
Ranker = Callable[[RetrievalSplit, bool], list[Ranked]]


def oracle(split: RetrievalSplit, both: bool) -> list[Ranked]:
    """Return the best possible ranks, for one direction or for `both`.

    All positives are first, in descending order of grade.
    """
    others = np.zeros(len(split.compared.query))
    ways, grades = split.pairs[: 1 + both], np.append(split.positives.grade[split.live], others)
    return [Ranked(_places(askers, grades)) for askers in ways]


def silent(split: RetrievalSplit, both: bool) -> list[Ranked]:
    """Return rank 0 (not retrieved) for every positive, for one direction or for `both`."""
    return [Ranked(np.zeros_like(askers)) for askers in split.pairs[: 1 + both]]


def _places(askers: Ints, grades: np.ndarray[Any, np.dtype[np.float64]]) -> Ints:
    """Return the ranks of positives [p]: 1, 2, … within each searching sample, by descending grade.

    `askers` [p] is the searching sample of each positive, `grades` [p] its grade.
    """
    order = np.lexsort((-grades, askers))
    sorted_askers = askers[order]
    first = np.searchsorted(sorted_askers, sorted_askers)
    places = np.empty_like(askers)
    places[order] = np.arange(len(askers)) - first + 1
    return places
