"""Conversion of a list of documents, best first, to the ranks of the relevant documents."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from mmbench.search.order import IdOrder
from mmbench.types import Ranking

EVIDENCE = 5  # number of retrieved documents that are stored per query


def listed_ranking(
    listed: Sequence[str], grades: Mapping[str, float], top: int = EVIDENCE
) -> Ranking:
    """Return the Ranking of the relevant documents in a list of document ids, best first.

    The first `top` documents are stored in it.

    Relevant documents have a grade above 0. A relevant document that is not in the list has no
    rank. A document that is listed twice gets its first rank.
    """
    first_rank = {document: rank for rank, document in reversed(list(enumerate(listed, start=1)))}
    positives = [document for document, grade in grades.items() if grade > 0]
    positives.sort(key=lambda document: first_rank.get(document, math.inf))
    ranks = [first_rank.get(document) for document in positives]
    return Ranking(ranks, [grades[document] for document in positives], list(listed[:top]))


def best_first(scores: Mapping[str, float]) -> list[str]:
    """Return document ids by descending score; equal scores are ordered by the hash of the id."""
    documents = list(scores)
    keys = IdOrder(documents, len(documents)).keys(np.arange(len(documents)))
    order = np.lexsort((keys, -np.array(list(scores.values()), np.float64)))
    return [documents[row] for row in order]
