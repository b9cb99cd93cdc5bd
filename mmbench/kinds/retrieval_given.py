"""Retrieval from what somebody else computed: embeddings, or documents of each query.

Documents are listed best first, or have a score each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeGuard

import msgspec

from mmbench.datasets import RetrievalData
from mmbench.errors import DataError
from mmbench.kinds.per_sample import refuse_unmatched
from mmbench.kinds.retrieval_judged import positives
from mmbench.kinds.retrieval_parts import prediction
from mmbench.search.listed import best_first, listed_ranking
from mmbench.text import count, listed, path_id, repeated
from mmbench.types import Answers, Broken, Outputs, Prediction, Sample

if TYPE_CHECKING:
    from mmbench.types import Array


def match(data: RetrievalData, outputs: Outputs, *, partial: bool) -> tuple[RetrievalData, Outputs]:
    """Return the samples that have an output, with the queries and documents that outputs add.

    A query or a document that is only in the outputs has no judgement. Ids of outputs that are
    paths become those of the data (`path_id`). Raises DataError for ids that stand twice and,
    unless `partial`, for samples without an output and for judged documents without an embedding.
    """
    if outputs.embeddings:
        return _match_embeddings(data, outputs, partial=partial)
    if any(hasattr(value, "ndim") for value in outputs.values.values()):
        raise DataError(
            "an .npy file holds scores of classes, a row a sample: for embeddings give an .npz of"
            " both sides, np.savez('x.npz', query=…, query_ids=…, corpus=…, corpus_ids=…)"
        )
    queries, documents = _Names(data.queries), _Names(data.corpus)
    ids = queries.unique(list(outputs.values), "queries")
    values = {
        ident: documents.resolve_all(value, ident)
        for ident, value in zip(ids, outputs.values.values(), strict=True)
    }
    asked = _matched(data.queries, ids, partial=partial)
    return _of(data, asked, data.corpus), msgspec.structs.replace(outputs, values=values)


def _match_embeddings(
    data: RetrievalData, outputs: Outputs, *, partial: bool
) -> tuple[RetrievalData, Outputs]:
    embeddings, sides = {}, {}
    for side, samples in (("query", data.queries), ("corpus", data.corpus)):
        given, vectors = outputs.embeddings[side]
        try:
            ids = _Names(samples).unique(given, "vectors")
            sides[side] = _matched(samples, ids, partial=partial)
        except DataError as error:
            raise DataError(f"{side} embeddings: {error}") from error
        embeddings[side] = ids, vectors
    matched = _of(data, sides["query"], sides["corpus"])
    if not partial:
        _refuse_absent(matched)
    return matched, msgspec.structs.replace(outputs, embeddings=embeddings)


class _Names:
    """The ids of samples, and which of them an id of an output means."""

    def __init__(self, samples: list[Sample]) -> None:
        self._ids = {sample.id for sample in samples}
        self._by_path = {path_id(ident): ident for ident in self._ids}

    def resolve(self, ident: str) -> str:
        """Return the id of the sample that is meant; that of a stranger as `path_id` has it."""
        if ident in self._ids:
            return ident
        path = path_id(ident)
        return self._by_path.get(path, path)

    def resolve_all(self, value: object, query: str) -> object:
        """Return what a list of documents, or one with scores, means, best first; else the value.

        Raises DataError for a document that stands twice.
        """
        if _is_scored(value):
            names = self.unique(list(value), f"the output for {query}: documents")
            return best_first(dict(zip(names, value.values(), strict=True)))
        return [self.resolve(doc) for doc in value] if _is_listed(value) else value

    def unique(self, given: Sequence[str], what: str) -> list[str]:
        """Return what is meant by each id. Raises DataError where two mean the same."""
        ids = [self.resolve(ident) for ident in given]
        _refuse_twice(ids, what)
        return ids


def _refuse_twice(ids: list[str], what: str) -> None:
    if len(set(ids)) < len(ids):
        raise DataError(f"{what} that stand twice: {listed(repeated(ids))}; give each once")


def _matched(samples: list[Sample], given: list[str], *, partial: bool) -> list[Sample]:
    """The samples among the given ids, in their order, and behind them those of further ids."""
    ids, present = [sample.id for sample in samples], set(given)
    missing = not present.issuperset(ids)
    if (missing and not partial) or present.isdisjoint(ids):
        refuse_unmatched(ids, given, partial=partial)
    kept = [sample for sample in samples if sample.id in present]
    return kept + [Sample(ident, {}) for ident in sorted(present.difference(ids))]


def _refuse_absent(data: RetrievalData) -> None:
    """Raise DataError for positives that are neither in the corpus of the data nor embedded."""
    known = {doc.id for doc in data.corpus}
    wanted = dict.fromkeys(doc for query in data.queries for doc in positives(data, query))
    absent = [doc for doc in wanted if doc not in known]
    if absent:
        raise DataError(
            f"corpus embeddings: none for {count(len(absent), 'judged document')}:"
            f" {listed(absent)}; --partial counts them as never retrieved"
        )


def _of(data: RetrievalData, queries: list[Sample], corpus: list[Sample]) -> RetrievalData:
    ids = {sample.id for sample in queries}
    links = {query: to for query, to in data.links.items() if query in ids}
    return RetrievalData(queries, corpus, links, data.source)


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
    found = {doc for value in lists if _is_listed(value) for doc in value}
    return len(found - known)


def _prediction(data: RetrievalData, query: Sample, given: object) -> Prediction:
    grades = positives(data, query)
    if isinstance(given, Broken):
        return prediction(query, None, given.reason, list(grades.values()), None)
    if not _is_listed(given):
        raise DataError(
            f"the output for {query.id} is neither a list of document ids nor {{document: score}}"
        )
    _refuse_twice(given, f"the output for {query.id}: documents")
    return prediction(query, listed_ranking(given, grades), None, [], None)


def _is_scored(value: object) -> TypeGuard[dict[str, float]]:
    return isinstance(value, dict) and all(isinstance(score, float) for score in value.values())


def _is_listed(value: object) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(doc, str) for doc in value)
