"""A list of documents, best first, as the ranks of those that are relevant."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from mmbench.search.order import IdOrder
from mmbench.types import Ranking

EVIDENCE = 5  # documents kept of a list


def listed_ranking(listed: Sequence[str], grades: Mapping[str, float]) -> Ranking:
    """Ranks of the documents with a grade above 0; what is not listed was not found.

    A document that stands twice counts where it stands first.
    """
    first_rank = {document: rank for rank, document in reversed(list(enumerate(listed, start=1)))}
    positives = [document for document, grade in grades.items() if grade > 0]
    positives.sort(key=lambda document: first_rank.get(document, math.inf))
    ranks = [first_rank.get(document) for document in positives]
    return Ranking(ranks, [grades[document] for document in positives], list(listed[:EVIDENCE]))


def best_first(scores: Mapping[str, float]) -> list[str]:
    """Return documents by falling score; equal scores are in the order of the ids' hashes."""
    documents = list(scores)
    keys = IdOrder(documents, len(documents)).keys(np.arange(len(documents)))
    order = np.lexsort((keys, -np.array(list(scores.values()), np.float64)))
    return [documents[row] for row in order]
