"""Match embeddings, or lists of documents, of other programs with queries and documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeGuard

from msgspec.structs import replace

from mmbench.datasets.matching import refuse_unmatched
from mmbench.errors import DataError
from mmbench.search.listed import best_first
from mmbench.text import count, listed, path_id, repeated
from mmbench.types import Outputs, Sample

if TYPE_CHECKING:
    from mmbench.datasets.retrieval import RetrievalData


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
    return data.with_samples(asked, data.corpus), replace(outputs, values=values)


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
    matched = data.with_samples(sides["query"], sides["corpus"])
    if not partial:
        _refuse_absent(matched)
    return matched, replace(outputs, embeddings=embeddings)


class _Names:
    """Resolves the ids of outputs to the ids of samples."""

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
        return [self.resolve(doc) for doc in value] if is_listed(value) else value

    def unique(self, given: Sequence[str], what: str) -> list[str]:
        """Return what is meant by each id. Raises DataError where two mean the same."""
        ids = [self.resolve(ident) for ident in given]
        refuse_twice(ids, what)
        return ids


def refuse_twice(ids: list[str], what: str) -> None:
    """Raise DataError for ids that occur twice."""
    if len(set(ids)) < len(ids):
        raise DataError(f"{what} that stand twice: {listed(repeated(ids))}; give each once")


def _matched(samples: list[Sample], given: list[str], *, partial: bool) -> list[Sample]:
    """Return the samples with given ids, in their order, then a new sample for each further id."""
    ids, present = [sample.id for sample in samples], set(given)
    missing = not present.issuperset(ids)
    if (missing and not partial) or present.isdisjoint(ids):
        refuse_unmatched(ids, given, partial=partial)
    kept = [sample for sample in samples if sample.id in present]
    return kept + [Sample(ident, {}) for ident in sorted(present.difference(ids))]


def _refuse_absent(data: RetrievalData) -> None:
    """Raise DataError for positives that are neither in the corpus of the data nor embedded."""
    known = {doc.id for doc in data.corpus}
    wanted = dict.fromkeys(doc for query in data.queries for doc in data.positives(query))
    absent = [doc for doc in wanted if doc not in known]
    if absent:
        raise DataError(
            f"corpus embeddings: none for {count(len(absent), 'judged document')}:"
            f" {listed(absent)}; --partial counts them as never retrieved"
        )


def _is_scored(value: object) -> TypeGuard[dict[str, float]]:
    return isinstance(value, dict) and all(isinstance(score, float) for score in value.values())


def is_listed(value: object) -> TypeGuard[list[str]]:
    """Return whether a value is a list of document ids."""
    return isinstance(value, list) and all(isinstance(doc, str) for doc in value)
