"""Rankers of the pairs of a split: search with embeddings, or a baseline."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mmbench.columns.vectors import Vectors
from mmbench.kinds.retrieval.splits import Ints, Ranked, RetrievalSplit, SplitSide
from mmbench.search.approximate import approximate_search
from mmbench.search.exact import search
from mmbench.search.listed import EVIDENCE

Reports = list[dict[str, Any]]  # of an approximate index, in the order of the searches

# (a split, whether both directions are searched) -> results by direction
Ranker = Callable[[RetrievalSplit, bool], list[Ranked]]


def by_index(queries: Vectors, corpus: Vectors, index: str, reports: Reports) -> Ranker:
    """Return a ranker by dot product of embeddings [n, d] and [m, d]: exact, or with a FAISS index.

    An index copies them; exact search reads them in blocks.

    Approximate indexes append one report per search to `reports`.
    """

    def rank(split: RetrievalSplit, both: bool) -> list[Ranked]:
        sides = _of_one_width(_live(queries, split.queries), _live(corpus, split.corpus))
        pairs, ids = split.pairs, (split.queries.ids, split.corpus.ids)
        if index == "exact" or not all(map(len, sides)):  # an index cannot be empty
            results = search(
                *sides, pairs, query_ids=ids[0], corpus_ids=ids[1], both=both, top=EVIDENCE
            )
            return [Ranked(result.ranks, result.top) for result in results]
        ranked, copies = [], [side[:] for side in sides]
        for source, target in ((0, 1), (1, 0))[: 1 + both]:
            result, report = approximate_search(
                copies[source],
                copies[target],
                (pairs[source], pairs[target]),
                index,
                query_ids=ids[source],
                corpus_ids=ids[target],
                top=EVIDENCE,
            )
            reports.append(report)
            ranked.append(Ranked(result.ranks, result.top, report["depth"]))
        return ranked

    return rank


def _live(vectors: Vectors, side: SplitSide) -> Vectors:
    return vectors if len(side.live) == len(vectors) else vectors.take(side.live)


def _of_one_width(queries: Vectors, corpus: Vectors) -> tuple[Vectors, Vectors]:
    """Return the vectors of both sides; if one is empty, replace both by vectors of width 1.

    A side that failed entirely has no width.
    """
    if len(queries) and len(corpus):
        return queries, corpus
    return Vectors(np.ones((len(queries), 1))), Vectors(np.ones((len(corpus), 1)))


def oracle(split: RetrievalSplit, both: bool) -> list[Ranked]:
    """Return ranks with every positive before everything else, the highest grade first."""
    ways, grades = split.pairs[: 1 + both], split.positives.grade[split.live]
    return [Ranked(_places(askers, grades)) for askers in ways]


def silent(split: RetrievalSplit, both: bool) -> list[Ranked]:
    """Return ranks of 0: nothing is retrieved for any query."""
    return [Ranked(np.zeros_like(askers)) for askers in split.pairs[: 1 + both]]


def _places(askers: Ints, grades: np.ndarray[Any, np.dtype[np.float64]]) -> Ints:
    """Return 1, 2, … within each searching sample, by descending grade."""
    order = np.lexsort((-grades, askers))
    sorted_askers = askers[order]
    first = np.searchsorted(sorted_askers, sorted_askers)
    places = np.empty_like(askers)
    places[order] = np.arange(len(askers)) - first + 1
    return places
