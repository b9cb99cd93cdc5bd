"""Runs made of samples and answers, without a model, for pages and reporters that show samples."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import pyarrow as pa

from mmbench.comparison.samples.run_samples import RunSamples
from mmbench.types import StoredSample
from tests.support.boards import model_info, plain_score, record, task_info


class StoredList:
    """Stored samples in a list: a `mmbench.protocols.StoredSamples`."""

    def __init__(self, samples: Sequence[StoredSample], labels: Sequence[str] = ()) -> None:
        self._samples = {(sample.role, sample.id): sample for sample in samples}
        self.labels = list(labels)

    def __len__(self) -> int:
        return len(self._samples)

    def ids(self, role: str, /) -> list[str]:
        return [ident for of_role, ident in self._samples if of_role == role]

    def get(self, role: str, ident: str, /) -> StoredSample | None:
        return self._samples.get((role, ident))


def answered(
    samples: Sequence[StoredSample],
    answers: Sequence[str | None],
    *,
    model: str = "m",
    reasoning: Sequence[str | None] | None = None,
) -> RunSamples:
    """Return a run with an answer for each sample, scored by equality; None is a failed sample."""
    rights = [
        None if answer is None else float(answer == sample.target)
        for sample, answer in zip(samples, answers, strict=True)
    ]
    columns = {
        "error": [None if answer is not None else "it broke" for answer in answers],
        "value": [None if answer is None else encoded(answer) for answer in answers],
        "exact_match": [None if right is None else [right] for right in rights],
        "exact_match:score": rights,
        **({} if reasoning is None else {"reasoning": list(reasoning)}),
    }
    return run_of(samples, columns, ["exact_match"], model=model)


def ranked(
    queries: Sequence[StoredSample],
    documents: Sequence[StoredSample],
    orders: Sequence[Sequence[str]],
    directions: Sequence[str] = (),
) -> RunSamples:
    """Return a retrieval run: for each query, the ids of the first documents, best first."""
    values, hits = [], []
    for query, order in zip(queries, orders, strict=True):
        relevant = query.relevant or {}
        ranks = sorted(order.index(ident) + 1 for ident in relevant if ident in order)
        values.append({"ranks": ranks, "grades": [1.0] * len(ranks), "top": list(order)})
        hits.append(float(ranks[:1] == [1]))
    columns = {
        "error": [None] * len(queries),
        "value": list(map(encoded, values)),
        "recall@1": [[hit] for hit in hits],
        "recall@1:score": hits,
        **({"direction": list(directions)} if directions else {}),
    }
    names = [f"recall@1[{name}]" for name in dict.fromkeys(directions)] or ["recall@1"]
    return run_of(queries, columns, names, stored=[*queries, *documents])


def run_of(
    samples: Sequence[StoredSample],
    columns: Mapping[str, Any],
    scores: Sequence[str],
    *,
    model: str = "m",
    stored: Sequence[StoredSample] | None = None,
    labels: Sequence[str] = (),
) -> RunSamples:
    """Return a run with a row for each sample, and further `columns` of rows."""
    rows = {
        "direction": [""] * len(samples),
        "split": [0] * len(samples),
        "id": [sample.id for sample in samples],
        "group": [sample.group for sample in samples],
        "target": [None if one.target is None else encoded(one.target) for one in samples],
        "tags": [encoded(sample.tags) for sample in samples],
        **columns,
    }
    made = record(
        model=model_info(model),
        task=task_info(),
        scores={name: plain_score() for name in scores},
        headline=scores[0],
    )
    kept = StoredList(samples if stored is None else stored, labels)
    return RunSamples(made, pa.table(rows), kept)


def encoded(value: object) -> str:
    return msgspec.json.encode(value).decode()
