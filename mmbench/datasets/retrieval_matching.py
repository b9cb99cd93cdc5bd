"""Matching of the outputs of other programs to the queries and documents of a data set.

The outputs are embeddings or ranked documents.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeGuard

import numpy as np
from msgspec.structs import replace

from mmbench.columns import (
    Keyed,
    Places,
    Texts,
    are_distinct,
    column,
    concatenate,
    places,
    sort_names,
    table,
    take_rows,
    texts_of,
)
from mmbench.columns.vectors import Vectors
from mmbench.datasets.columns import sample_columns
from mmbench.datasets.matching import refuse_unmatched
from mmbench.errors import DataError
from mmbench.search.listed import best_first
from mmbench.text import count, listed, path_id, repeated
from mmbench.types import Outputs, Sample

if TYPE_CHECKING:
    from mmbench.datasets.retrieval import RetrievalData


def match(data: RetrievalData, outputs: Outputs, *, partial: bool) -> tuple[RetrievalData, Outputs]:
    """Match the data and the outputs of another program by their ids, and return both.

    The returned data have only samples with outputs; the returned outputs have the ids of samples.
    Queries and documents that only the outputs have are added to the data, without judgements.
    Output ids that are paths become ids of the data (`path_id`). Raises DataError for duplicate ids
    and, unless `partial` is true, for samples without an output and judged documents without an
    embedding.
    """
    if outputs.embeddings:
        return _match_embeddings(data, outputs, partial=partial)
    if any(hasattr(value, "ndim") for value in outputs.values.values()):
        raise DataError(
            "an .npy file holds class scores, one row per sample; for embeddings, give an .npz of"
            " queries and corpus: np.savez('x.npz', query=…, query_ids=…, corpus=…, corpus_ids=…)"
        )
    documents = _IdResolver(data.corpus)
    by_output_id = Keyed.from_mapping(outputs.values)
    queries, at = _match_rows(data.queries, by_output_id.names, "queries", partial=partial)
    values = {
        query: documents.resolve_all(value, query)
        for query, value in zip(
            column(queries, "id"), take_rows(by_output_id.column, at), strict=True
        )
    }
    return data.with_samples(queries, data.corpus), replace(outputs, values=values)


def _match_embeddings(
    data: RetrievalData, outputs: Outputs, *, partial: bool
) -> tuple[RetrievalData, Outputs]:
    embeddings, sides = {}, {}
    for side, samples in data.by_role().items():
        output_ids, vectors = outputs.embeddings[side]
        try:
            sides[side], rows = _match_rows(samples, output_ids, "vectors", partial=partial)
        except DataError as error:
            raise DataError(f"{side} embeddings: {error}") from error
        embeddings[side] = column(sides[side], "id"), Vectors.from_array(vectors).take(rows)
    matched = data.with_samples(sides["query"], sides["corpus"])
    if not partial:
        _refuse_absent(matched)
    return matched, replace(outputs, embeddings=embeddings)


class _IdResolver:
    """A converter of output ids to sample ids."""

    def __init__(self, samples: Sequence[Sample]) -> None:
        self._ids: set[str] = set(column(samples, "id"))
        self._by_path = {path_id(ident): ident for ident in self._ids}

    def resolve(self, ident: str) -> str:
        """Return the id of the sample to which an output id refers.

        An id that refers to no sample is normalised by `path_id`.
        """
        if ident in self._ids:
            return ident
        path = path_id(ident)
        return self._by_path.get(path, path)

    def resolve_all(self, value: object, query: str) -> object:
        """Convert the document ids in the output for a query: a list of ids, or scores by id.

        Return a list of ids, the best document first. A value that is neither a list nor a mapping
        is returned unchanged. Raises DataError for duplicate documents in a mapping.
        """
        if _is_scored(value):
            names = self.unique(list(value), f"the output for {query}: documents")
            return best_first(dict(zip(names, value.values(), strict=True)))
        return [self.resolve(doc) for doc in value] if is_listed(value) else value

    def unique(self, output_ids: Sequence[str], what: str) -> list[str]:
        """Convert output ids to sample ids. Raises DataError if two refer to the same sample.

        `what` is the noun in the message for the ids ("query ids").
        """
        ids = [self.resolve(ident) for ident in output_ids]
        refuse_twice(ids, what)
        return ids


def refuse_twice(ids: Sequence[str], what: str) -> None:
    """Raise DataError for duplicate ids; `what` is the noun in the message for the ids."""
    if not are_distinct(ids):
        raise DataError(f"{what} occur twice: {listed(repeated(ids))}; give each once")


def _match_rows(
    samples: Sequence[Sample], output_ids: Sequence[str], what: str, *, partial: bool
) -> tuple[Sequence[Sample], Places]:
    """Match one role's samples with the ids of outputs.

    Return the samples that have an output, in order, followed by a new sample for each other output
    id, sorted by id. Also return the position of each sample's id in `output_ids`, [n] int64.
    Raises DataError if two output ids refer to the same sample (`what` is the noun in the message),
    and the errors of `refuse_unmatched`.
    """
    ids, names = column(samples, "id"), _as_paths(output_ids)
    rows, paths = places(output_ids, ids), _as_paths(ids)
    if names is not output_ids or paths is not ids:
        rows = np.where(rows < 0, places(names, paths), rows)
    known, strange = np.flatnonzero(rows >= 0), np.flatnonzero(rows < 0)
    place = np.full(len(ids), -1)
    place[rows[known]] = known
    present, new = np.flatnonzero(place >= 0), take_rows(names, strange)
    order, first = sort_names(new)
    short = len(present) < len(ids) and not partial
    if not first.all() or len(present) < len(known) or short or not len(present):
        own = len(ids) + np.arange(len(names))
        all_meant = take_rows(concatenate([ids, names]), np.where(rows < 0, own, rows))
        refuse_twice(all_meant, what)
        refuse_unmatched(ids, all_meant, partial=partial)
    matched = samples if len(present) == len(ids) else take_rows(samples, present)
    at = np.concatenate([place[present], strange[order]])
    return _with_new(matched, take_rows(new, order)), at


def _as_paths(ids: Sequence[str]) -> Sequence[str]:
    """Return ids normalised by `path_id`; the same object if no id changes."""
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = texts_of(ids)
    if texts is None:
        return [path_id(ident) for ident in ids]
    dots = [pc.match_substring(texts.array, pattern) for pattern in ("./", "/.")]
    could = pc.or_(*dots)
    if not pc.any(could).as_py():
        return ids
    paths = [path_id(ident) for ident in Texts(texts.array.filter(could))]
    return Texts(pc.replace_with_mask(texts.array, could, pa.array(paths, pa.large_string())))


def _with_new(samples: Sequence[Sample], ids: Sequence[str]) -> Sequence[Sample]:
    """Return the samples, followed by a new sample without contents for each of `ids`."""
    if not len(ids):
        return samples
    known = table(Sample, samples, ("inputs", "tags"))
    own = known.columns["id"]
    return concatenate([known.with_columns(id=texts_of(own) or own), sample_columns(ids)])


def _refuse_absent(data: RetrievalData) -> None:
    """Raise DataError for relevant documents that are not in the corpus and have no embedding."""
    judged = data.judged
    absent = list(dict.fromkeys(judged.names[at] for at in np.flatnonzero(judged.absent).tolist()))
    if absent:
        raise DataError(
            f"no corpus embeddings for {count(len(absent), 'judged document')}:"
            f" {listed(absent)}; --partial counts these documents as never retrieved"
        )


def _is_scored(value: object) -> TypeGuard[dict[str, float]]:
    return isinstance(value, dict) and all(isinstance(score, float) for score in value.values())


def is_listed(value: object) -> TypeGuard[list[str]]:
    """Return whether a value is a list of document ids."""
    return isinstance(value, list) and all(isinstance(doc, str) for doc in value)
