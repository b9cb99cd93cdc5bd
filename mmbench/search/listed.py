"""Conversion of document lists, best first, into the ranks of relevant documents."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from mmbench.search.order import IdOrder
from mmbench.types import Ranking

EVIDENCE = 5  # number of retrieved documents that are stored per query


def listed_ranking(listed: Sequence[str], grades: Mapping[str, float]) -> Ranking:
    """Return the ranking of the documents with a grade above 0 in a list of ids, best first.

    A document that is not in the list has no rank. A document that is listed twice has its first
    rank.
    """
    first_rank = {document: rank for rank, document in reversed(list(enumerate(listed, start=1)))}
    positives = [document for document, grade in grades.items() if grade > 0]
    positives.sort(key=lambda document: first_rank.get(document, math.inf))
    ranks = [first_rank.get(document) for document in positives]
    return Ranking(ranks, [grades[document] for document in positives], list(listed[:EVIDENCE]))


def best_first(scores: Mapping[str, float]) -> list[str]:
    """Return documents by descending score; equal scores are ordered by the hash of the id."""
    documents = list(scores)
    keys = IdOrder(documents, len(documents)).keys(np.arange(len(documents)))
    order = np.lexsort((keys, -np.array(list(scores.values()), np.float64)))
    return [documents[row] for row in order]
