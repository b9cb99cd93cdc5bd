"""Retrieval from what somebody else computed: embeddings, or documents of each query.

Documents are listed best first, or have a score each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmbench.datasets import RetrievalData
from mmbench.datasets.retrieval_matching import is_listed, refuse_twice
from mmbench.errors import DataError
from mmbench.kinds.retrieval_parts import prediction
from mmbench.search.listed import listed_ranking
from mmbench.types import Answers, Broken, Outputs, Prediction, Sample

if TYPE_CHECKING:
    from mmbench.types import Array


def embedded(data: RetrievalData, outputs: Outputs) -> dict[str, Answers]:
    """Given vectors as answers: L2-normalised, in the order of the data; unusable ones failed."""
    return {
        "query": _answers(data.queries, *outputs.embeddings["query"]),
        "corpus": _answers(data.corpus, *outputs.embeddings["corpus"]),
    }


def judged_alone(data: RetrievalData, answers: Answers) -> Answers:
    """Return the answers of queries without the failures of those that were never judged."""
    failures = {
        row: why for row, why in answers.failures.items() if data.judgements(data.queries[row])
    }
    return Answers(answers.vectors, failures)


def _answers(samples: list[Sample], ids: list[str], vectors: Array) -> Answers:
    import numpy as np

    row_of = {ident: row for row, ident in enumerate(ids)}
    found = vectors[[row_of[sample.id] for sample in samples]]
    norms = np.linalg.norm(found.astype(np.float64), axis=1)
    good = np.isfinite(norms) & (norms > 0)
    failures = {int(row): "its embedding is zero, NaN or infinite" for row in np.flatnonzero(~good)}
    scaled = found / np.where(good, norms, 1)[:, None]
    return Answers(np.where(good[:, None], scaled, 0).astype(np.float32), failures)


def ranked(data: RetrievalData, outputs: Outputs) -> list[Prediction]:
    """One prediction per judged query from its list; what is not listed was not found."""
    return [
        _prediction(data, query, outputs.values[query.id])
        for query in data.queries
        if data.links.get(query.id)
    ]


def unjudged_documents(data: RetrievalData, outputs: Outputs) -> int:
    """Return how many documents stand in the lists of judged queries that nobody judged at all."""
    known = {sample.id for sample in data.corpus}
    lists = (value for query, value in outputs.values.items() if data.links.get(query))
    found = {doc for value in lists if is_listed(value) for doc in value}
    return len(found - known)


def _prediction(data: RetrievalData, query: Sample, given: object) -> Prediction:
    grades = data.positives(query)
    if isinstance(given, Broken):
        return prediction(query, None, given.reason, list(grades.values()), None)
    if not is_listed(given):
        raise DataError(
            f"the output for {query.id} is neither a list of document ids nor {{document: score}}"
        )
    refuse_twice(given, f"the output for {query.id}: documents")
    return prediction(query, listed_ranking(given, grades), None, [], None)
