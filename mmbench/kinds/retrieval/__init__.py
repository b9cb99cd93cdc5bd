"""The kind `retrieval`: it ranks a corpus for each query, in one direction or in both."""

from __future__ import annotations

from hashlib import blake2b
from typing import ClassVar

import msgspec
import numpy as np

from mmbench.columns import column
from mmbench.columns.vectors import Vectors
from mmbench.datasets import RetrievalData
from mmbench.errors import DataError, SpecError
from mmbench.kinds.per_sample import with_failures
from mmbench.kinds.responses import vectors
from mmbench.kinds.retrieval.composed import (
    check_composed,
    composed,
    joint_requests,
    query_fields,
)
from mmbench.kinds.retrieval.options import RetrievalOptions, search_methods
from mmbench.kinds.retrieval.outputs import (
    Embedded,
    embedded,
    extra_ids,
    failed,
    judged_alone,
    ranked,
    unjudged_documents,
)
from mmbench.kinds.retrieval.rank import oracle, silent
from mmbench.kinds.retrieval.requests import requests_of
from mmbench.kinds.retrieval.search import EXACT, SearchMethod, search_splits
from mmbench.kinds.retrieval.splits import make_splits
from mmbench.protocols import Embeds, EmbedsJointly, Needs, Responses
from mmbench.search.compressed.forms import VectorForm, parse_form
from mmbench.search.executors import search_executor
from mmbench.search.indexes.approximate import check_factory
from mmbench.search.indexes.factory_checks import check_size
from mmbench.search.part_search import CPU
from mmbench.text import count, listed
from mmbench.types import (
    Array,
    KindOptions,
    Outputs,
    Predictions,
    Requests,
    Role,
    TaskSpec,
)

_ROLES: dict[str, Role] = {"query": "query", "query_text": "query", "corpus": "document"}


class Retrieval:
    """The kind `retrieval`. Its data are a RetrievalData object; a model must implement Embeds."""

    Options: ClassVar[type[KindOptions]] = RetrievalOptions
    dataset: ClassVar[type] = RetrievalData
    baselines: ClassVar[tuple[str, ...]] = ("oracle", "constant", "random", "empty")
    no_answer: ClassVar[str | None] = None

    def __init__(self, task: TaskSpec, /) -> None:
        self.task = task
        self.options = task.options_of(RetrievalOptions)
        self._splits = task.protocol.get("splits", 1)
        self._composed = "query_text" in task.fields
        if set(task.fields) - {"query_text"} != {"query", "corpus"}:
            raise SpecError(
                f"task {task.name}: fields of a retrieval task must be query and corpus; set"
                " e.g. `fields: {query: text, corpus: image}`"
            )
        check_composed(task, self.options.compose, self.options.directions)
        if "{text}" not in self.options.prompt:
            raise SpecError(
                f"task {task.name}: prompt {self.options.prompt!r} has no {{text}}; add it where"
                " the text belongs"
            )
        self._indexes = (self.options.index, *self.options.compared_indexes)
        forms = (self.options.vectors, *self.options.compared_vectors)
        self._methods = search_methods(self._indexes, [*map(parse_form, forms)])
        for index in self._indexes:
            if index != EXACT:
                check_factory(index)

    def directions(self) -> list[str]:
        """Return the names of the directions, such as `text-to-image` and `image-to-text`.

        If there is only one direction, its name is "".
        """
        if self.options.directions != "both":
            return [""]
        query, corpus = self.task.fields["query"], self.task.fields["corpus"]
        if query == corpus:
            query, corpus = "query", "corpus"
        return [f"{query}-to-{corpus}", f"{corpus}-to-{query}"]

    def needs(self) -> Needs:
        """Return the ability Embeds, or EmbedsJointly for composed queries in one request."""
        return Needs(EmbedsJointly if self.options.compose == "joint" else Embeds)

    def check(self, data: RetrievalData, /) -> None:
        """Raise UserError if an index needs more training vectors than a search has.

        A search is over the corpus and, if the task has both directions, also over the queries.
        Also raise UserError if torch does not find the device of the search.
        """
        if self.options.search_device not in ("", "auto"):
            self._device()
        if (data.excluded or data.subsets) and (self._splits > 1 or len(self.directions()) > 1):
            raise DataError(
                f"task {self.task.name}: queries with excluded documents or subsets of the corpus"
                " are searched in one direction and one split; set `directions: query-to-corpus`"
            )
        sizes = [len(data.corpus)]
        if len(self.directions()) > 1:
            sizes.append(len(data.queries))
        for index in self._indexes:
            if index != EXACT:
                check_size(index, min(sizes) // self._splits)

    def needs_all(self, _data: RetrievalData, /) -> str:
        """Return why the task needs all queries: they are the documents of the other direction."""
        if len(self.directions()) == 1:
            return ""
        return (
            "each query is a document of the other direction, so that the model must embed all"
            " samples; a task with `directions: query-to-corpus` can be evaluated on a part"
        )

    def requests(self, data: RetrievalData, _seed: int, /) -> dict[str, Requests]:
        """Return embedding requests for the queries and the corpus.

        Texts are inserted into the prompt. Raises DataError if a sample lacks its field.
        """
        spec, prompt = self.task, self.options.prompt
        fields = {role: spec.fields[role] for role in ("query", "corpus")}
        if self._composed:
            fields |= query_fields(spec, self.options.compose)
        samples = {"query_text": data.queries, **data.by_role()}
        requests = {
            name: requests_of(spec, prompt, samples[name], field, _ROLES[name])
            for name, field in fields.items()
        }
        if self.options.compose == "joint":
            requests["query"] = joint_requests(requests["query"], requests.pop("query_text"))
        asked = msgspec.structs.replace(requests["query"], instruction=self.options.instruction)
        return requests | {"query": asked}

    def failures(self, data: RetrievalData, responses: Responses, /) -> list[tuple[str, str]]:
        """Return (id, reason) of each failed query and document.

        A query also counts as failed if none of its positives are in the corpus.
        """
        queries = composed(responses)
        answers = {"query": queries, "corpus": responses["corpus"]}
        return failed(data, answers) + data.absent_positives(queries.failures.keys())

    def predictions(self, data: RetrievalData, responses: Responses, /) -> Predictions:
        """Return the rankings for each direction and split, and reports on an approximate index.

        Each split of the data is searched separately.
        """
        answers = (composed(responses), vectors(responses, "corpus"))
        searched = self._search(
            data, *(Embedded(Vectors(answer.vectors), answer.failures) for answer in answers)
        )
        return msgspec.structs.replace(searched, failures=self.failures(data, responses))

    def _search(self, data: RetrievalData, queries: Embedded, corpus: Embedded) -> Predictions:
        """Return the rankings, and reports on the searches, without the failures."""
        splits = make_splits(data, (queries.failures, corpus.failures), self._splits)
        sides, device = (queries.vectors, corpus.vectors), self._device()
        return search_splits(
            splits,
            self.directions(),
            sides,
            self._methods,
            device,
            top=self.options.top,
            gaps="modality_gap" in self.task.metrics,
        )

    def _device(self) -> str:
        return search_executor().device_for(self.options.search_device or "auto")

    def accept(self, data: RetrievalData, outputs: Outputs, /) -> Predictions:
        """Return rankings from another program's outputs.

        The outputs are embeddings, or a list of document ids (best first) for each query. Raises
        DataError for any other output, for lists if the task has both directions, and for
        embeddings of unknown ids if the data are searched in splits.
        """
        n = unjudged_documents(data, outputs)
        notes = (
            [f"{count(n, 'listed document')} without judgements, treated as not relevant"]
            if n
            else []
        )
        if outputs.embeddings:
            return self._accept_embeddings(data, outputs, notes)
        if self._methods != [SearchMethod(self.options.index)]:
            raise DataError(
                "--vectors needs embeddings, and the outputs are rankings; leave it out"
            )
        if len(self.directions()) > 1:
            raise DataError(
                f"task {self.task.name} has both directions; give embeddings (.npz), not a run"
            )
        predictions = with_failures(
            {self.directions()[0]: [ranked(data, outputs, self.options.top)]}
        )
        return msgspec.structs.replace(predictions, notes=notes)

    def _accept_embeddings(
        self, data: RetrievalData, outputs: Outputs, notes: list[str]
    ) -> Predictions:
        """Return rankings from another program's embeddings of queries and documents.

        If the task has one direction, a query without judgements is not scored, so an unusable
        embedding of this query does not count as a failure. If the task has both directions, it
        counts, because the other direction searches the queries.
        """
        if self._splits > 1 and (strangers := extra_ids(data)):
            raise DataError(
                f"task {self.task.name} searches its data in {self._splits} splits, and the"
                f" embeddings of {listed(strangers)} belong to no split; leave them out"
            )
        embeddings = embedded(data, outputs)
        searched = self._search(data, embeddings["query"], embeddings["corpus"])
        if len(self.directions()) == 1:
            embeddings["query"] = judged_alone(data, embeddings["query"])
        return msgspec.structs.replace(searched, failures=failed(data, embeddings), notes=notes)

    def baseline(self, name: str, data: RetrievalData, seed: int, /) -> Predictions:
        """Return the rankings of a baseline.

        `oracle` has the best possible rankings, `empty` retrieves nothing; `constant` ranks by
        equal vectors, `random` by random vectors.
        """
        splits, names = make_splits(data, ({}, {}), self._splits), self.directions()
        if name not in ("oracle", "empty"):
            queries, corpus = (Vectors(_drawn(name, role, data, seed)) for role in data.by_role())
            searched = search_splits(splits, names, (queries, corpus), [SearchMethod()], CPU)
            return with_failures(searched.directions)
        ranker = oracle if name == "oracle" else silent
        ranked = [ranker(split, len(names) > 1) for split in splits]
        return with_failures(
            {
                name: [
                    split.predictions(results[nth], forward=nth == 0)
                    for split, results in zip(splits, ranked, strict=True)
                ]
                for nth, name in enumerate(names)
            }
        )

    def signature(self, data: RetrievalData, /) -> str:
        """Return the index, the form of vectors that are not full, and the composition of queries.

        `no-relevant=zero` is added if a judged query has no relevant document: it scores 0.
        """
        form = self._methods[0].form
        compressed = "" if form == VectorForm() else f",vectors={form.name}"
        zero = ",no-relevant=zero" if data.without_relevant() else ""
        how = f",compose={self.options.compose}" if self._composed else ""
        return f"index={self.options.index}{compressed}{how}{zero}"


def _drawn(name: str, role: str, data: RetrievalData, seed: int) -> Array:
    """Return the vectors of the baseline `name` for queries or documents, float32.

    For `random`, they are random vectors [n, 64], derived from the seed and the ids. For
    `constant`, they are equal vectors [n, 1].
    """
    ids = column(data.by_role()[role], "id")
    draws = [
        blake2b(f"{seed}/{role}/{ident}".encode("utf-8", "surrogatepass")).digest()
        if name == "random"
        else b"\1"
        for ident in ids
    ]
    raw = np.frombuffer(b"".join(draws), np.int8).astype(np.float32)
    return raw.reshape(len(ids), -1)
