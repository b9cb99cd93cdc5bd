"""The judgements of a retrieval data set: what was judged, and what a reader should know of it."""

from __future__ import annotations

from mmbench.datasets import RetrievalData
from mmbench.text import count
from mmbench.types import Answers, Sample


def judgements(data: RetrievalData, query: Sample) -> dict[str, float]:
    """Return the documents that were judged for a query, with their grades."""
    return data.links.get(query.id, {})


def positives(data: RetrievalData, query: Sample) -> dict[str, float]:
    """Return the documents that are relevant to a query, with their grades, all above 0."""
    return {doc: grade for doc, grade in judgements(data, query).items() if grade > 0}


def judged_alone(data: RetrievalData, answers: Answers) -> Answers:
    """Return the answers of queries without the failures of those that were never judged."""
    failures = {
        row: why for row, why in answers.failures.items() if judgements(data, data.queries[row])
    }
    return Answers(answers.vectors, failures)


def outside(data: RetrievalData) -> list[str]:
    """Return the ids that only embeddings brought: samples without contents and judgements."""
    linked = {doc for to in data.links.values() for doc in to} | data.links.keys()
    return [s.id for s in (*data.queries, *data.corpus) if not s.inputs and s.id not in linked]


def absent_positives(data: RetrievalData, failed: set[int]) -> list[tuple[str, str]]:
    """Return the queries, but for `failed` rows, with a positive outside the corpus, and why."""
    known = {sample.id for sample in data.corpus}
    lost = []
    for row, query in enumerate(data.queries):
        absent = [doc for doc in positives(data, query) if doc not in known]
        if row not in failed and absent:
            lost.append((query.id, f"its document {absent[0]} is not in the corpus"))
    return lost


def unjudged(data: RetrievalData) -> int:
    """Return how many queries have no judgement: these are left out."""
    return sum(not judgements(data, query) for query in data.queries)


def without_relevant(data: RetrievalData) -> int:
    """Return how many queries were judged and have no relevant document: these count 0."""
    judged = [query for query in data.queries if judgements(data, query)]
    return sum(not positives(data, query) for query in judged)


def notes(data: RetrievalData) -> list[str]:
    """Return how many documents and queries lack judgements or relevant documents, in words."""
    linked = {doc for to in data.links.values() for doc in to}
    alone = sum(sample.id not in linked for sample in data.corpus)
    zero, out = without_relevant(data), unjudged(data)
    found = [
        (alone, f"{count(alone, 'document')} of the corpus without judgements: not relevant"),
        (zero, f"{count(zero, 'judged query')} without a relevant document: counted as 0"),
        (out, f"{count(out, 'query')} without judgements: left out"),
    ]
    return [note for n, note in found if n]
