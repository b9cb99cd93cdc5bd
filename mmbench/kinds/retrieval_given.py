"""Retrieval from what somebody else computed: embeddings, or documents listed for each query."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmbench.errors import DataError
from mmbench.kinds.per_sample import refuse_unmatched
from mmbench.search.listed import listed_ranking
from mmbench.types import Answers, Outputs, Prediction, RetrievalData, Sample

if TYPE_CHECKING:
    from mmbench.types import Array


def match(data: RetrievalData, outputs: Outputs, *, partial: bool) -> RetrievalData:
    """The samples that have an output. Raises DataError for those without, and for strangers."""
    if not outputs.embeddings:
        asking = [query.id for query in data.queries]
        refuse_unmatched(asking, outputs.values, partial=partial)
        return _kept(data, set(outputs.values), {doc.id for doc in data.corpus})
    sides = {}
    for side, samples in (("query", data.queries), ("corpus", data.corpus)):
        ids = [sample.id for sample in samples]
        sides[side] = set(outputs.embeddings[side][0])
        try:
            refuse_unmatched(ids, sides[side], partial=partial)
        except DataError as error:
            raise DataError(f"{side} embeddings: {error}") from error
    return _kept(data, sides["query"], sides["corpus"])


def _kept(data: RetrievalData, queries: set[str], corpus: set[str]) -> RetrievalData:
    return RetrievalData(
        [sample for sample in data.queries if sample.id in queries],
        [sample for sample in data.corpus if sample.id in corpus],
        {query: to for query, to in data.links.items() if query in queries},
        data.source,
    )


def embedded(data: RetrievalData, outputs: Outputs) -> dict[str, Answers]:
    """Given vectors as answers: L2-normalised, in the order of the data; unusable ones failed."""
    return {
        "query": _answers(data.queries, *outputs.embeddings["query"]),
        "corpus": _answers(data.corpus, *outputs.embeddings["corpus"]),
    }


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
    """One prediction per query from its list of documents; what is not listed was not found."""
    return [_prediction(data, query, outputs.values[query.id]) for query in data.queries]


def _prediction(data: RetrievalData, query: Sample, listed: object) -> Prediction:
    if not isinstance(listed, list) or not all(isinstance(doc, str) for doc in listed):
        raise DataError(f"the output for {query.id} is not a list of document ids")
    grades = data.links.get(query.id, {})
    if not any(grade > 0 for grade in grades.values()):
        return Prediction(query.id, error="no document is given as its positive", group=query.group)
    ranking = listed_ranking(listed, grades)
    return Prediction(query.id, ranking, group=query.group, tags=query.tags)
