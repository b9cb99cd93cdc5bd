"""Rankers, which find the ranks of the positives of a split: by search, or as a baseline."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mmbench.columns.vectors import Vectors
from mmbench.kinds.retrieval.splits import Ints, Ranked, RetrievalSplit, SplitSide
from mmbench.search.indexes.approximate import approximate_search
from mmbench.search.exact import search
from mmbench.search.listed import EVIDENCE

Reports = list[dict[str, Any]]  # reports of an approximate index, in the order of the searches

# (split, both directions?) -> results by direction
Ranker = Callable[[RetrievalSplit, bool], list[Ranked]]


def by_index(queries: Vectors, corpus: Vectors, index: str, reports: Reports) -> Ranker:
    """Return a ranker that searches embeddings [n, d] and [m, d] by dot product.

    `index` is `exact` or a FAISS factory string. A FAISS index copies the embeddings; exact search
    reads them in blocks. Each search with an approximate index appends a report to `reports`.
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
    """Return vectors of equal width.

    If all samples of one side failed, its vectors have no width. Then both sides are replaced by
    vectors of width 1.
    """
    if len(queries) and len(corpus):
        return queries, corpus
    return Vectors(np.ones((len(queries), 1))), Vectors(np.ones((len(corpus), 1)))


def oracle(split: RetrievalSplit, both: bool) -> list[Ranked]:
    """Return the best possible ranks, for one direction or for `both`.

    All positives are first, in descending order of grade.
    """
    ways, grades = split.pairs[: 1 + both], split.positives.grade[split.live]
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
