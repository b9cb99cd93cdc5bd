"""Splits of retrieval data: the samples that did not fail, and their positives.

A pair is a query and one of its positives. Each pair has a rank and a grade. A positive that failed
or is outside the corpus is never retrieved. In the direction from queries to corpus, the queries
are the searching samples; in the other direction, the documents are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise, repeat
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mmbench.columns import column, take_rows
from mmbench.columns.vectors import Vectors
from mmbench.datasets import RetrievalData
from mmbench.kinds.retrieval.comparisons import NONE, Comparisons, comparisons
from mmbench.search.gaps import gap_terms
from mmbench.types import Prediction, Ranking, Sample

Ints = NDArray[np.int64]
Failures = dict[int, str]


@dataclass(frozen=True)
class SplitSide:
    """One side of a split: its queries or its documents.

    `samples` are all queries or all documents of the data, including other splits. A row is an
    index into `samples`. `live` [n] int64 are the rows of the split that did not fail, and `ids`
    the ids of these n samples. `errors` maps each failed row to the reason.
    """

    samples: Sequence[Sample]
    live: Ints
    errors: Failures
    ids: Sequence[str]

    @property
    def size(self) -> int:
        """The number of samples in the split, including failed samples."""
        return len(self.live) + len(self.errors)

    def has_failed(self, rows: Ints) -> NDArray[np.bool_]:
        """Return a mask, in the shape of `rows`, of the rows that failed."""
        return np.isin(rows, np.fromiter(self.errors, np.int64, len(self.errors)))


@dataclass(frozen=True)
class Ranked:
    """The result of a search in one direction.

    `ranks` [p] int64 are the ranks of the pairs, from 1, or 0 if unknown. `top` [queries, k] int64
    are the positions of the k best documents, or None. `depth` is the number of documents that were
    retrieved per query, or None for the whole corpus. `sides` are the vectors of the searching and
    the searched samples that did not fail, for the modality gap; None if it is not wanted.
    """

    ranks: Ints
    top: Ints | None = None
    depth: int | None = None
    sides: tuple[Vectors, Vectors] | None = None


class RelevantPairs(NamedTuple):
    """The p pairs of a searching sample and one of its positives.

    `query` and `document` [p] int64 are rows of the samples; `document` is -1 for a positive
    outside the corpus. `grade` [p] float64 is the relevance.
    """

    query: Ints
    document: Ints
    grade: NDArray[np.float64]


@dataclass(frozen=True)
class RetrievalSplit:
    """One split of retrieval data.

    It has the queries, the corpus, the rows of the judged queries in ascending order, the
    positives, and the documents with which the positives of single queries are compared.
    """

    queries: SplitSide
    corpus: SplitSide
    judged: Ints
    positives: RelevantPairs
    comparisons: Comparisons = NONE

    @cached_property
    def live(self) -> NDArray[np.bool_]:
        """A mask [p] of the positives that can be ranked.

        The positive must be in the corpus, and neither the query nor the positive may have failed.
        """
        query, document, _ = self.positives
        failed = self.queries.has_failed(query) | self.corpus.has_failed(document)
        return (document >= 0) & ~failed

    @cached_property
    def compared(self) -> Comparisons:
        """The comparisons with documents that can be ranked."""
        query, document, *_ = self.comparisons
        failed = self.queries.has_failed(query) | self.corpus.has_failed(document)
        return self.comparisons.take(~failed)

    @cached_property
    def pairs(self) -> tuple[Ints, Ints]:
        """The pairs that are ranked, as two arrays of positions: first positives, then comparisons.

        The first array has positions among the queries that did not fail, the second positions
        among the documents that did not fail.
        """
        query, document, _ = self.positives
        return (
            np.searchsorted(self.queries.live, np.append(query[self.live], self.compared.query)),
            np.searchsorted(
                self.corpus.live, np.append(document[self.live], self.compared.document)
            ),
        )

    def predictions(self, ranked: Ranked, *, forward: bool) -> list[Prediction]:
        """Return one prediction per searching sample, in the order of the data.

        The searching samples are the queries if `forward`, else the documents with positives.
        """
        query, document, grade = self.positives
        ranks, n = np.zeros(len(query), np.int64), int(self.live.sum())
        ranks[self.live] = ranked.ranks[:n]
        if forward:
            sides = self.queries, self.corpus
            found = _predictions(*sides, self.judged, self.positives, ranks, ranked)
            compared_ids = take_rows(column(self.corpus.samples, "id"), self.compared.document)
            return self.compared.applied(found, self.judged, ranked.ranks[n:], compared_ids)
        there = document >= 0
        turned = RelevantPairs(document[there], query[there], grade[there])
        rows = np.unique(turned.query)
        return _predictions(self.corpus, self.queries, rows, turned, ranks[there], ranked)


def _predictions(
    asking: SplitSide,
    other: SplitSide,
    rows: Ints,
    positives: RelevantPairs,
    ranks: Ints,
    ranked: Ranked,
) -> list[Prediction]:
    """Return a prediction for each searching sample in `rows`.

    `ranks` [p] are the ranks of `positives`, 0 if unknown.
    """
    query, document, grade = positives
    failed, absent = other.has_failed(document), document < 0
    behind = np.where(asking.has_failed(query), 0, failed + 2 * absent)
    order = np.lexsort((ranks, ranks == 0, behind, query))
    cuts = np.searchsorted(query[order], np.append(rows, len(asking.samples))).tolist()
    known, grades = [rank or None for rank in ranks[order].tolist()], grade[order].tolist()
    query_places = np.searchsorted(rows, query)
    lost_counts = [
        np.bincount(query_places[which], minlength=len(rows)).tolist() for which in (failed, absent)
    ]
    answered = np.searchsorted(asking.live, rows[~asking.has_failed(rows)])
    tops = repeat(()) if ranked.top is None else iter(_names(ranked.top[answered], other.ids))
    gaps = iter(() if ranked.sides is None else _gaps(*ranked.sides, answered))
    predictions = []
    for row, (a, b), n, gone in zip(rows.tolist(), pairwise(cuts), *lost_counts, strict=True):
        error, size, ranking = asking.errors.get(row), other.size + gone, None
        if error is None:
            ranking = Ranking(
                *(known[a:b], grades[a:b], list(next(tops)), ranked.depth),
                failed=n + gone,
                failed_others=len(other.errors) - n,
                size=size,
                gap=next(gaps, None),
            )
        predictions.append(prediction(asking.samples[row], ranking, error, grades[a:b], size))
    return predictions


def _gaps(queries: Vectors, corpus: Vectors, scored: Ints) -> list[float]:
    """Return the terms of the modality gap of the queries at positions `scored` [q]."""
    if not len(scored) or not len(corpus):
        return []
    terms: list[float] = gap_terms(queries.take(scored), corpus).tolist()
    return terms


def _names(top: Ints, ids: Sequence[str]) -> list[list[str]]:
    """Return n lists of ids from positions [n, k] in `ids`; positions of -1 are left out."""
    names = list(take_rows(ids, top[top >= 0]))
    cuts = np.cumsum((top >= 0).sum(axis=1), dtype=np.int64).tolist()
    return [names[a:b] for a, b in pairwise([0, *cuts])]


def prediction(
    sample: Sample,
    ranking: Ranking | None,
    error: str | None,
    grades: list[float],
    size: int | None,
) -> Prediction:
    """Return the prediction of a query: its ranking, or the error that made it fail.

    The target of a failed query is a ranking in which no positive is retrieved; `grades` are the
    grades of its positives, and `size` is the number of documents in the corpus.
    """
    nothing = Ranking([None] * len(grades), grades, failed=len(grades), size=size)
    return Prediction(
        sample.id,
        value=ranking,
        target=nothing if error else None,
        error=error,
        group=sample.group,
        tags=sample.tags,
    )


def make_splits(
    data: RetrievalData, failures: tuple[Failures, Failures], splits: int
) -> list[RetrievalSplit]:
    """Divide the corpus into `splits` consecutive parts of equal size, with their queries.

    A query belongs to the split of its first judged document in the corpus, or to the first split
    if it has no such document. `failures` has two mappings of failed rows to reasons: for the
    queries and for the corpus.
    """
    n, m = len(data.queries), len(data.corpus)
    size = -(-m // splits) or 1
    judged = data.judged
    there = judged.document >= 0
    homes = np.zeros(n, np.int64)
    first, at = np.unique(judged.query[there], return_index=True)
    homes[first] = judged.document[there][at] // size
    data_splits = []
    for split in range(splits):
        own = homes[judged.query] == split
        inside = ~there | (judged.document // size == split)
        selected = own & inside & judged.relevant
        start = min(split * size, m)
        data_splits.append(
            RetrievalSplit(
                _side(data.queries, np.flatnonzero(homes == split), failures[0]),
                _side(data.corpus, np.arange(start, min(start + size, m)), failures[1]),
                np.unique(judged.query[own]),
                RelevantPairs(
                    judged.query[selected], judged.document[selected], judged.grade[selected]
                ),
                comparisons(data, judged) if splits == 1 else NONE,
            )
        )
    return data_splits


def _side(samples: Sequence[Sample], rows: Ints, failures: Failures) -> SplitSide:
    """Return one side of a split; `rows` are the indices of its samples, in ascending order."""
    failed = np.isin(rows, np.fromiter(failures, np.int64, len(failures)))
    ids, live = column(samples, "id"), rows
    errors = {row: failures[row] for row in rows[failed].tolist()}
    if len(errors):
        live = rows[~failed]
    return SplitSide(samples, live, errors, ids if len(live) == len(ids) else take_rows(ids, live))
