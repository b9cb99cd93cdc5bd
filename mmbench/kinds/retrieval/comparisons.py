"""Documents with which the positives of single queries are compared.

A query may have excluded documents, which its corpus lacks, and a subset: a small corpus of its
own. Both need the ranks of further documents in the whole corpus: the rank of a positive without
the excluded documents is lower by the number of those before it, and its rank within the subset is
1 more than the number of members before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from mmbench.columns import column, places
from mmbench.datasets import RetrievalData
from mmbench.datasets.judgements import Judgements
from mmbench.types import Prediction, Ranking

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


class Comparisons(NamedTuple):
    """All c pairs of a query and a document that is excluded or in its subset, but not relevant.

    The relevant documents of a query belong to its subset.

    `query` and `document` [c] int64 are rows of the data; `excluded` [c] says whether the document
    is excluded. `has_subset` are the rows of the queries with a subset.
    """

    query: Ints
    document: Ints
    excluded: Mask
    has_subset: frozenset[int]

    def take(self, rows: Mask) -> Comparisons:
        """Return the comparisons selected by a mask [c]."""
        return self._replace(
            query=self.query[rows], document=self.document[rows], excluded=self.excluded[rows]
        )

    def applied(
        self,
        predictions: list[Prediction],
        queries: Ints,
        ranks: Ints,
        names: Sequence[str],
    ) -> list[Prediction]:
        """Return predictions of queries without their excluded documents, and with subset ranks.

        `queries` [n] are the rows of the n predictions, ascending. `ranks` [c] are the ranks of the
        documents, 0 if unknown, and `names` their ids.
        """
        if not (len(self.query) or self.has_subset):
            return predictions
        before: dict[int, list[tuple[int, bool, str]]] = {}
        rows = zip(self.query.tolist(), ranks.tolist(), self.excluded.tolist(), names, strict=True)
        for query, rank, excluded, name in rows:
            before.setdefault(query, []).append((rank, excluded, name))
        return [
            prediction
            if prediction.value is None
            else replace(prediction, value=self._compared(prediction.value, row, before))
            for prediction, row in zip(predictions, queries.tolist(), strict=True)
        ]

    def _compared(
        self, ranking: Ranking, row: int, before: Mapping[int, list[tuple[int, bool, str]]]
    ) -> Ranking:
        others = before.get(row, [])
        excluded = sorted(rank for rank, is_excluded, _ in others if is_excluded and rank)
        members = [rank for rank, is_excluded, _ in others if rank and not is_excluded]
        absent = {name for _, is_excluded, name in others if is_excluded}
        subset: list[int | None] = []
        if row in self.has_subset:
            subset = [
                None if rank is None else nth + sum(one < rank for one in members)
                for nth, rank in enumerate(ranking.ranks, start=1)
            ]
        return replace(
            ranking,
            ranks=[
                None if rank is None else rank - sum(one < rank for one in excluded)
                for rank in ranking.ranks
            ],
            top=[name for name in ranking.top if name not in absent],
            depth=None if ranking.depth is None else ranking.depth - len(excluded),
            size=None if ranking.size is None else ranking.size - len(absent),
            subset=subset,
        )


NONE = Comparisons(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, bool), frozenset())


def comparisons(data: RetrievalData, judged: Judgements) -> Comparisons:
    """Return the comparisons of all queries; documents outside the corpus are left out."""
    if not (data.excluded or data.subsets):
        return NONE
    relevant = set(
        zip(judged.query[judged.relevant].tolist(), judged.document[judged.relevant].tolist(),
            strict=True)
    )  # fmt: skip
    found: dict[tuple[int, int], bool] = {}
    ids, corpus = column(data.queries, "id"), column(data.corpus, "id")
    row_of = {ident: row for row, ident in enumerate(ids)}
    for documents, excluded in ((data.excluded, True), (data.subsets, False)):
        pairs = [(q, one) for q, listed in documents.items() if q in row_of for one in listed]
        if not pairs:
            continue
        rows = places([one for _, one in pairs], corpus).tolist()
        for (query, _), row in zip(pairs, rows, strict=True):
            pair = (row_of[query], row)
            if row >= 0 and pair not in relevant:
                found.setdefault(pair, excluded)
    queries, rows = (np.array([pair[side] for pair in found], np.int64) for side in (0, 1))
    has_subset = frozenset(row_of[query] for query in data.subsets if query in row_of)
    return Comparisons(queries, rows, np.array(list(found.values()), bool), has_subset)
