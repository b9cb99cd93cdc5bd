"""The samples of a test set that overlap with a training list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from mmbench.columns import column
from mmbench.comparison.overlap.result import OverlapPair
from mmbench.datasets import RetrievalData
from mmbench.protocols import Dataset

By = Literal["media", "text", "any"]
_TEXT = ("text", "words")


def overlapping_samples(
    data: Dataset, pairs: Iterable[OverlapPair], by: By, texts: frozenset[str]
) -> dict[str, set[str]]:
    """Return the ids of the overlapping samples by role.

    `by` selects the matches that count: those of media, of texts, or both; `texts` are the names of
    the parts that are texts. In retrieval, a query also overlaps if a relevant document does, and a
    document if one of its queries does, because both directions search for the same pairs.
    """
    found: dict[str, set[str]] = {role: set() for role in data.by_role()}
    for pair in pairs:
        if by == "any" or (pair.part in texts) == (by == "text"):
            found[pair.role].add(pair.id)
    return _with_partners(data, found) if isinstance(data, RetrievalData) else found


def _with_partners(data: RetrievalData, found: Mapping[str, set[str]]) -> dict[str, set[str]]:
    queries, documents = set(found["query"]), set(found["corpus"])
    for ident, query in zip(column(data.queries, "id"), data.queries, strict=True):
        positives = data.positives(query)
        if ident in found["query"]:
            documents |= positives.keys()
        if not found["corpus"].isdisjoint(positives):
            queries.add(ident)
    return {"query": queries, "corpus": documents}
