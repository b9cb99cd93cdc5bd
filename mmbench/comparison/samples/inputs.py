"""The stored inputs of the samples of a run, and the documents of its rankings."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

from mmbench.comparison.samples.run_sample import Hit
from mmbench.protocols import StoredSamples
from mmbench.types import Ranking, StoredSample

_UNKNOWN = 1 << 62  # the rank by which documents with an unknown rank are sorted


class Documents(NamedTuple):
    """The first documents of a ranking, best first, and the relevant documents, best first."""

    hits: list[Hit]
    relevant: list[Hit]


class StoredInputs:
    """The sample table of a run's data, read by the direction and the id of a row.

    `table` is None if the samples are not stored; nothing is then found. `directions` are the
    directions of the run: queries search in the first, documents in the second.
    """

    def __init__(self, table: StoredSamples | None, directions: Sequence[str]) -> None:
        self._table, self._directions = table, directions

    def sample(self, direction: str, ident: str) -> StoredSample | None:
        """Return the stored sample of a row; None if the table does not have it."""
        return self._get(self._roles(direction)[0], ident) or self._get("sample", ident)

    def documents(
        self, direction: str, ident: str, stored: StoredSample | None, ranking: Ranking
    ) -> Documents:
        """Return the documents of the ranking in a row whose stored sample is `stored`.

        A relevant document that is not among the first has a known rank only if it is the only one.
        """
        searches, role = self._roles(direction)
        if searches == "query":
            relevant = list((stored.relevant if stored else None) or {})
        else:
            relevant = self._queries_of.get(ident, [])
        hits = [Hit(n, i, i in relevant, self._get(role, i)) for n, i in enumerate(ranking.top, 1)]
        ranks = {hit.id: hit.rank for hit in hits}
        if len(relevant) == 1 and ranking.ranks:
            ranks = {relevant[0]: ranking.ranks[0] or 0}
        documents = [Hit(ranks.get(i, 0), i, True, self._get(role, i)) for i in relevant]
        return Documents(hits, sorted(documents, key=lambda hit: hit.rank or _UNKNOWN))

    def _roles(self, direction: str) -> tuple[str, str]:
        """Return the role of the samples that search in a direction, and of those they find."""
        first = not direction or direction == self._directions[0]
        return ("query", "corpus") if first else ("corpus", "query")

    def _get(self, role: str, ident: str) -> StoredSample | None:
        return None if self._table is None else self._table.get(role, ident)

    @cached_property
    def _queries_of(self) -> dict[str, list[str]]:
        """The queries for which each document is relevant."""
        queries: dict[str, list[str]] = {}
        for ident in self._table.ids("query") if self._table is not None else ():
            query = self._get("query", ident)
            for document in (query.relevant if query else None) or {}:
                queries.setdefault(document, []).append(ident)
        return queries
