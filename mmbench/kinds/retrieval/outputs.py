"""Scoring of other programs' outputs for retrieval: embeddings, or a document list per query.

A document list has document ids, best first, or a score for each document.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from mmbench.columns import column, places, take_rows
from mmbench.columns.vectors import Vectors
from mmbench.datasets import RetrievalData
from mmbench.datasets.retrieval_matching import is_listed, refuse_twice
from mmbench.errors import DataError
from mmbench.kinds.retrieval.splits import prediction
from mmbench.search.listed import listed_ranking
from mmbench.types import (
    Array,
    GeneratedOutputs,
    InvalidContent,
    Outputs,
    Prediction,
    Ranking,
    Sample,
    VectorOutputs,
)


class Embedded(NamedTuple):
    """The normalised vectors of queries or documents, and the failed rows with their reasons."""

    vectors: Vectors
    failures: dict[int, str]


def embedded(data: RetrievalData, outputs: Outputs) -> dict[str, Embedded]:
    """Return the L2-normalised vectors of each role (query, corpus), in the order of the data.

    A vector that is zero, NaN or infinite is a failure.
    """
    return {
        role: _embedded(column(samples, "id"), *outputs.embeddings[role])
        for role, samples in data.by_role().items()
    }


def failed(
    data: RetrievalData, answers: Mapping[str, VectorOutputs | GeneratedOutputs | Embedded]
) -> list[tuple[str, str]]:
    """Return (id, reason) of each query and document without a vector."""
    return [
        (samples[row].id, reason)
        for role, samples in data.by_role().items()
        for row, reason in sorted(answers[role].failures.items())
    ]


def extra_ids(data: RetrievalData) -> list[str]:
    """Return the ids for which there are embeddings, but which the task's data do not contain."""
    rows = data.extra_rows()
    ids = {role: column(samples, "id") for role, samples in data.by_role().items()}
    return [ident for role in ids for ident in take_rows(ids[role], rows[role])]


def judged_alone(data: RetrievalData, answers: Embedded) -> Embedded:
    """Return `answers`, the vectors of queries, with only the failures of judged queries.

    Failures of queries without judgements are removed.
    """
    judged = set(data.judged.query.tolist())
    failures = {row: why for row, why in answers.failures.items() if row in judged}
    return answers._replace(failures=failures)


def _embedded(ids: Sequence[str], output_ids: Sequence[str], vectors: Array | Vectors) -> Embedded:
    unit, unusable = Vectors.from_array(vectors).take(places(ids, output_ids)).of_length_1()
    why = "its embedding is zero, NaN or infinite"
    return Embedded(unit, dict.fromkeys(unusable.tolist(), why))


def ranked(data: RetrievalData, outputs: Outputs, top: int) -> list[Prediction]:
    """Return a prediction for each judged query: the ranking given by its document list.

    The first `top` documents of a list are stored.
    """
    return [
        _prediction(data, query, outputs.values[query.id], top)
        for query in data.queries
        if data.links.get(query.id)
    ]


def unjudged_documents(data: RetrievalData, outputs: Outputs) -> int:
    """Return the number of documents that are in lists of judged queries but not in the corpus."""
    lists = (value for query, value in outputs.values.items() if data.links.get(query))
    documents = {doc for value in lists if is_listed(value) for doc in value}
    return len(documents.difference(column(data.corpus, "id"))) if documents else 0


def _prediction(data: RetrievalData, query: Sample, output: object, top: int) -> Prediction:
    grades = data.positives(query)
    if isinstance(output, InvalidContent):
        return prediction(query, None, output.reason, list(grades.values()), None)
    if not is_listed(output):
        raise DataError(
            f"the output for {query.id} is not a ranking; give a list of document ids, best first,"
            " or {document: score}"
        )
    refuse_twice(output, f"the output for {query.id}: documents")
    return prediction(query, _listed(data, query.id, output, grades, top), None, [], None)


def _listed(
    data: RetrievalData, query: str, output: list[str], grades: Mapping[str, float], top: int
) -> Ranking:
    """Return the ranking of a list without the excluded documents, with ranks in the subset."""
    excluded, subset = set(data.excluded.get(query, ())), data.subsets.get(query)
    ranking = listed_ranking([one for one in output if one not in excluded], grades, top)
    if subset is None:
        return ranking
    members = {*subset, *grades} - excluded
    return replace(
        ranking, subset=listed_ranking([one for one in output if one in members], grades).ranks
    )
