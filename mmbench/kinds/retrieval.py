"""Retrieval: rank the documents of a corpus for each query, in one direction or in both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Any

from mmbench.datasets import RetrievalData
from mmbench.errors import DataError, SpecError
from mmbench.kinds.per_sample import failed_predictions
from mmbench.kinds.retrieval_given import embedded, match, ranked, unjudged_documents
from mmbench.kinds.retrieval_judged import (
    absent_positives,
    judged_alone,
    judgements,
    notes,
    outside,
    positives,
    unjudged,
    without_relevant,
)
from mmbench.kinds.retrieval_parts import parts
from mmbench.kinds.retrieval_rank import Ranker, by_index, oracle, silent
from mmbench.kinds.retrieval_requests import requests_of
from mmbench.protocols import Embeds
from mmbench.search.approximate import check_factory
from mmbench.search.factories import check_size
from mmbench.text import count, listed
from mmbench.types import (
    Answers,
    Content,
    Outputs,
    Prediction,
    Requests,
    Role,
    Sample,
    TaskSpec,
)

Directions = dict[str, list[list[Prediction]]]


class Retrieval:
    """The kind `retrieval`. Its data is a RetrievalData, its model an Embeds."""

    ability = Embeds
    baselines = ("oracle", "constant", "random", "empty")

    def check(self, spec: TaskSpec, index: str = "exact") -> None:
        """Refuse a spec or an index that this kind cannot run. Raises UserError."""
        if set(spec.fields) != {"query", "corpus"}:
            raise SpecError(
                f"task {spec.name}: fields of a retrieval task are query and corpus,"
                " e.g. `fields: {query: text, corpus: image}`"
            )
        if "{text}" not in spec.prompt:
            raise SpecError(f"task {spec.name}: prompt {spec.prompt!r} has no {{text}}")
        if index != "exact":
            check_factory(index)

    def check_index(self, spec: TaskSpec, data: RetrievalData, index: str) -> None:
        """Refuse an index that the smaller of the sides that are searched cannot train.

        Raises UserError.
        """
        sizes = [len(data.corpus)]
        if len(self.directions(spec)) > 1:
            sizes.append(len(data.queries))
        check_size(index, min(sizes) // spec.protocol.get("splits", 1))

    def directions(self, spec: TaskSpec) -> list[str]:
        """`text-to-image` and `image-to-text`; one empty name for a task of one direction."""
        if spec.directions != "both":
            return [""]
        query, corpus = spec.fields["query"], spec.fields["corpus"]
        if query == corpus:
            query, corpus = "query", "corpus"
        return [f"{query}-to-{corpus}", f"{corpus}-to-{query}"]

    def limit(self, data: RetrievalData, n: int) -> RetrievalData:
        """The first n documents of the corpus, with the queries that have a positive among them.

        A query without a relevant document stays where one that was judged for it does.
        """
        corpus = data.corpus[:n]
        kept = {sample.id for sample in corpus}
        queries = [
            q
            for q in data.queries
            if not kept.isdisjoint(positives(data, q) or judgements(data, q))
        ]
        links = {q.id: {d: g for d, g in judgements(data, q).items() if d in kept} for q in queries}
        return RetrievalData(queries, corpus, links, data.source)

    def sizes(self, data: RetrievalData) -> dict[str, int]:
        """How many queries were judged, and how many documents there are."""
        return {"query": len(data.queries) - unjudged(data), "corpus": len(data.corpus)}

    def links(self, data: RetrievalData) -> bytes:
        """A digest of the links, which with the samples' keys says what was asked of."""
        state = blake2b(digest_size=16)
        for query, to in sorted(data.links.items()):
            state.update(repr((query, sorted(to.items()))).encode())
        return state.digest()

    def samples(self, data: RetrievalData) -> dict[str, list[Sample]]:
        """The samples by the name of their requests."""
        return {"query": data.queries, "corpus": data.corpus}

    def needs(self, spec: TaskSpec) -> type:
        """Embeds."""
        return self.ability

    def told(self, answers: Mapping[str, Any], data: RetrievalData) -> list[str]:
        """Nothing: of vectors there is nothing to tell."""
        return []

    def requests(self, spec: TaskSpec, data: RetrievalData, seed: int) -> dict[str, Requests]:
        """What the model has to embed: the contents of both sides, texts put into the prompt.

        Raises DataError when a sample has no such field.
        """
        roles: dict[str, Role] = {"query": "query", "corpus": "document"}
        return {
            side: requests_of(spec, samples, spec.fields[side], roles[side])
            for side, samples in self.samples(data).items()
        }

    def contents(self, spec: TaskSpec, data: RetrievalData) -> Iterator[tuple[str, str, Content]]:
        """Side, id and content of every sample: what it is asked of. No content for a bare id.

        A query that was never judged counts only where documents ask for queries as well.
        """
        both = len(self.directions(spec)) > 1
        for side, samples in self.samples(data).items():
            for sample in samples:
                if both or side == "corpus" or data.links.get(sample.id):
                    yield side, sample.id, sample.inputs.get(spec.fields[side], "")

    def match(
        self, data: RetrievalData, outputs: Outputs, *, partial: bool = False
    ) -> tuple[RetrievalData, Outputs]:
        """Data with the queries and documents of the outputs, and outputs by the ids of the data.

        Raises DataError for samples without an output, unless `partial`.
        """
        return match(data, outputs, partial=partial)

    def accept(
        self, spec: TaskSpec, data: RetrievalData, outputs: Outputs
    ) -> tuple[Directions, dict[str, Any]]:
        """Predictions from embeddings, or from documents listed best first for each query.

        Raises DataError for anything else, for lists where a task asks in both directions, and for
        embeddings beyond the data where it is searched in splits.
        """
        if outputs.embeddings:
            strangers = outside(data)
            if strangers and spec.protocol.get("splits", 1) > 1:
                raise DataError(
                    f"task {spec.name}: searches {spec.protocol['splits']} splits of its own data;"
                    f" these embeddings belong to none: {listed(strangers)}; leave them out"
                )
            return self.predict(spec, data, embedded(data, outputs), "exact")
        if len(self.directions(spec)) > 1:
            raise DataError(
                f"task {spec.name} asks in both directions: give embeddings (.npz), not a run"
            )
        return {self.directions(spec)[0]: [ranked(data, outputs)]}, {}

    def output_failures(
        self, spec: TaskSpec, data: RetrievalData, outputs: Outputs, directions: Directions
    ) -> list[tuple[str, str]]:
        """Id and reason of each sample whose output cannot be used, documents included.

        A query that was never judged counts only where documents ask for queries as well.
        """
        if outputs.embeddings:
            answers = embedded(data, outputs)
            if len(self.directions(spec)) == 1:
                answers["query"] = judged_alone(data, answers["query"])
            return self._failed(data, answers)
        return failed_predictions(directions)

    def output_notes(
        self, data: RetrievalData, outputs: Outputs, directions: Directions
    ) -> list[str]:
        """What a reader of the scores should know of the outputs."""
        n = unjudged_documents(data, outputs)
        return [f"{count(n, 'listed document')} without judgements: not relevant"] if n else []

    def failures(self, data: RetrievalData, answers: dict[str, Answers]) -> list[tuple[str, str]]:
        """Id and reason of each sample that failed of itself, not because another one did."""
        return self._failed(data, answers) + absent_positives(data, set(answers["query"].failures))

    def _failed(self, data: RetrievalData, answers: dict[str, Answers]) -> list[tuple[str, str]]:
        return [
            (samples[row].id, reason)
            for side, samples in self.samples(data).items()
            for row, reason in sorted(answers[side].failures.items())
        ]

    def notes(self, data: RetrievalData) -> list[str]:
        """What a reader of the scores should know of the data."""
        return notes(data)

    def signature(self, index: str, spec: TaskSpec, data: RetrievalData) -> str:
        """What the way of searching adds to the signature of a score.

        Where judged queries have no relevant document, also that they count 0.
        """
        return f"index={index}" + (",no-relevant=zero" if without_relevant(data) else "")

    def predict(
        self, spec: TaskSpec, data: RetrievalData, answers: dict[str, Answers], index: str
    ) -> tuple[Directions, dict[str, Any]]:
        """Predictions by direction and split, and what is to be told about the index.

        `index` is `exact` or a FAISS factory string. Each split is searched on its own.
        """
        reports: list[dict[str, Any]] = []
        vectors = answers["query"].vectors, answers["corpus"].vectors
        ranker = by_index(*vectors, index, reports)
        failures = (answers["query"].failures, answers["corpus"].failures)
        found = self._predict(spec, data, failures, ranker)
        names, splits = self.directions(spec), len(next(iter(found.values())))
        labels = [
            (name or "index") + (f", split {split + 1}" if splits > 1 else "")
            for split in range(splits)
            for name in names
        ]
        return found, dict(zip(labels, reports, strict=False))  # none for exact search

    def baseline(
        self, who: str, spec: TaskSpec, data: RetrievalData, seed: int
    ) -> tuple[Directions, dict[str, Any]]:
        """What a model without eyes would say: the best, the same always, chance, or nothing."""
        import numpy as np

        if who in ("oracle", "empty"):
            ranker = oracle if who == "oracle" else silent
            return self._predict(spec, data, ({}, {}), ranker), {}
        sides = []
        for name, samples in self.samples(data).items():
            draws = [
                blake2b(f"{seed}/{name}/{s.id}".encode("utf-8", "surrogatepass")).digest()
                if who == "random"
                else b"\1"
                for s in samples
            ]
            raw = np.frombuffer(b"".join(draws), np.int8).astype(np.float32)
            sides.append(raw.reshape(len(samples), -1))
        return self._predict(spec, data, ({}, {}), by_index(sides[0], sides[1], "exact", [])), {}

    def _predict(
        self,
        spec: TaskSpec,
        data: RetrievalData,
        failures: tuple[dict[int, str], dict[int, str]],
        ranker: Ranker,
    ) -> Directions:
        names = self.directions(spec)
        found: Directions = {name: [] for name in names}
        for part in parts(data, failures, spec.protocol.get("splits", 1)):
            ranked = ranker(part, len(names) == 2)
            for way, (name, result) in enumerate(zip(names, ranked, strict=True)):
                found[name].append(part.predictions(result, forward=way == 0))
        return found
