"""Retrieval data: queries, a corpus, and the links between them."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from hashlib import blake2b
from itertools import chain, compress
from numbers import Real
from typing import ClassVar

import numpy as np
from msgspec import Struct, field
from msgspec.structs import replace

from mmbench.columns import ABSENT, Places, column, entries, places, take_rows
from mmbench.datasets.judgements import Judgements, digest_of_ids, extra_rows, judgements
from mmbench.datasets.provenance import column_notes
from mmbench.datasets.retrieval_matching import match
from mmbench.text import count
from mmbench.types import Content, Outputs, Sample


class RetrievalData(Struct, frozen=True, dict=True):
    """Retrieval data: queries, corpus documents, and links {query id: {document id: grade}}.

    Ids are unique among queries and unique among documents. A document without a link is a
    distractor. A query with links but no grade above 0 has no relevant document, and its score is
    0; a query without any link was never judged and is excluded. A link to a document outside
    `corpus` is a relevant document that is never retrieved. `excluded` are documents that are left
    out of the corpus for a single query, {query id: [document id]}, such as the image of a composed
    query. `subsets` are small corpora of single queries, within which the positives are ranked a
    second time. Both may name documents outside the corpus. `source` is the provenance of the data
    for the run record (path, and commit on the hub). Its key `doubt` says why the data may differ
    from the data of the task's protocol; the record is then marked as not comparable. The class
    implements `mmbench.protocols.Dataset`. Raises TypeError for links of another form.
    """

    queries: Sequence[Sample]
    corpus: Sequence[Sample]
    links: dict[str, dict[str, float]]
    source: dict[str, str] = field(default_factory=dict)
    excluded: dict[str, list[str]] = field(default_factory=dict)
    subsets: dict[str, list[str]] = field(default_factory=dict)
    group_name: ClassVar[str] = ""
    optional_tags: ClassVar[list[str]] = []

    def __post_init__(self) -> None:
        links: object = self.links  # the links may come from a plugin's data source
        if not isinstance(links, dict) or not all(map(_are_grades, links.values())):
            raise TypeError("links must be {query id: {document id: grade}} with numbers as grades")

    def judgements(self, query: Sample) -> dict[str, float]:
        """Return the judged documents of a query with their grades."""
        return self.links.get(query.id, {})

    def positives(self, query: Sample) -> dict[str, float]:
        """Return the relevant documents of a query with their grades, all above 0."""
        return {doc: grade for doc, grade in self.judgements(query).items() if grade > 0}

    @cached_property
    def judged(self) -> Judgements:
        """Return the links as arrays of row numbers and grades."""
        return judgements(self.links, column(self.queries, "id"), column(self.corpus, "id"))

    @cached_property
    def linked(self) -> Places:
        """Return the row numbers of judged documents in the corpus, ascending.

        Documents that are judged only for queries outside the data are included.
        """
        absent = places(list(self.links), column(self.queries, "id")) < 0
        names = chain.from_iterable(compress(self.links.values(), absent.tolist()))
        further = places(list(dict.fromkeys(names)), column(self.corpus, "id"))
        rows = np.unique(np.concatenate([self.judged.document, further]))
        return rows[rows >= 0]

    def unjudged(self) -> int:
        """Return the number of queries without judgements, which are excluded."""
        return len(self.queries) - len(np.unique(self.judged.query))

    def without_relevant(self) -> int:
        """Return the number of judged queries without a relevant document, which score 0."""
        query, relevant = self.judged.query, self.judged.relevant
        return len(np.unique(query)) - len(np.unique(query[relevant]))

    def extra_rows(self) -> dict[str, Places]:
        """Return, by role, the row numbers of samples that only the embeddings added.

        An embedding file may have ids that are not in the data. Their samples have no contents and
        no judgements.
        """
        judged = {"query": self.judged.query, "corpus": self.linked}
        return {role: extra_rows(samples, judged[role]) for role, samples in self.by_role().items()}

    def absent_positives(self, failed: Collection[int]) -> list[tuple[str, str]]:
        """Return (query id, reason) for queries with a relevant document outside the corpus.

        Queries in the rows `failed` are skipped.
        """
        judged = self.judged
        reasons: dict[int, str] = {}
        for at in np.flatnonzero(judged.absent).tolist():
            row = int(judged.query[at])
            if row not in failed:
                reasons.setdefault(
                    row, f"its relevant document {judged.names[at]} is not in the corpus"
                )
        return [(self.queries[row].id, why) for row, why in reasons.items()]

    def by_role(self) -> dict[str, Sequence[Sample]]:
        """Return the samples by role: `query` and `corpus`, like the requests to a model."""
        return {"query": self.queries, "corpus": self.corpus}

    def sizes(self) -> dict[str, int]:
        """Return the number of judged queries and the number of documents, by role."""
        return {"query": len(self.queries) - self.unjudged(), "corpus": len(self.corpus)}

    def limit(self, n: int) -> RetrievalData:
        """Return the first n documents, with the queries that have a relevant document among them.

        A query that has no relevant document in the whole data set is kept if one of its judged
        documents is among the first n.
        """
        corpus = self.corpus[:n]
        documents = set(column(corpus, "id"))
        queries = [
            query
            for query in self.queries
            if not documents.isdisjoint(self.positives(query) or self.judgements(query))
        ]
        links = {
            q.id: {d: g for d, g in self.judgements(q).items() if d in documents} for q in queries
        }
        return replace(self, queries=queries, corpus=corpus, links=links)

    def test_rows(self) -> Places:
        """Return the rows [n] int64 of the queries with judgements."""
        return np.unique(self.judged.query)

    def part(self, rows: Places, /) -> RetrievalData:
        """Return the data with only the queries in `rows`; the corpus and all links are kept."""
        return replace(self, queries=take_rows(self.queries, rows))

    def contents(
        self, fields: Mapping[str, str], both: bool, /
    ) -> Iterator[tuple[str, str, Content]]:
        """Yield the role, id and content of every evaluated sample.

        The content of a sample that has only an id is "". Queries that were never judged are
        included only if `both` is true, which means that documents also search for queries.
        Embeddings may add millions of ids, which are yielded as a single hash. The second contents
        of composed queries (the field `query_text`) come last.
        """
        beyond = self.extra_rows()
        for role, samples in self.by_role().items():
            others, known = beyond[role], np.ones(len(samples), np.bool_)
            if role == "query" and not both:
                others, known = others[:0], np.isin(np.arange(len(samples)), self.judged.query)
            known[others] = False
            ids, column_contents = (
                column(samples, "id"),
                entries(column(samples, "inputs"), fields[role]),
            )
            for ident, content in compress(zip(ids, column_contents, strict=True), known.tolist()):
                yield role, ident, "" if content is ABSENT else content
            if len(others):
                names = take_rows(ids, others)
                yield role, f"{len(names)} without judgements", digest_of_ids(names)
        if "query_text" in fields:
            texts = entries(column(self.queries, "inputs"), fields["query_text"])
            for ident, content in zip(column(self.queries, "id"), texts, strict=True):
                yield "query_text", ident, "" if content is ABSENT else content

    def targets_hash(self) -> bytes:
        """Return a hash of the links; together with the contents it identifies the data."""
        state = blake2b(digest_size=16)
        for query, to in sorted(self.links.items()):
            state.update(repr((query, sorted(to.items()))).encode())
        for documents in filter(None, (self.excluded, self.subsets)):
            state.update(repr(sorted(documents.items())).encode())
        return state.digest()

    def notes(self) -> list[str]:
        """Return notes on documents and queries without judgements or relevant documents."""
        unlinked = len(self.corpus) - len(self.linked)
        zero, out = self.without_relevant(), self.unjudged()
        counts = [
            (
                unlinked,
                f"{count(unlinked, 'document')} of the corpus without judgements: not relevant",
            ),
            (zero, f"{count(zero, 'judged query')} without a relevant document: counted as 0"),
            (out, f"{count(out, 'query')} without judgements: left out"),
        ]
        return [*column_notes(self.source), *(note for n, note in counts if n)]

    def match(self, outputs: Outputs, *, partial: bool = False) -> tuple[RetrievalData, Outputs]:
        """Match the data and the outputs of another program by their ids, and return both.

        The returned data have only samples with outputs; the returned outputs have the ids of
        samples. Queries and documents that only the outputs have are added to the data. Raises
        DataError for samples without an output, unless `partial` is true.
        """
        return match(self, outputs, partial=partial)

    def with_samples(self, queries: Sequence[Sample], corpus: Sequence[Sample]) -> RetrievalData:
        """Return the data with other queries and documents; only the links of these queries are
        kept.
        """
        known = places(list(self.links), column(queries, "id")) >= 0
        links = dict(compress(self.links.items(), known.tolist()))
        return replace(self, queries=queries, corpus=corpus, links=links)

    def with_group_tags(self) -> RetrievalData:
        """Return the data unchanged: groups of retrieval data have no name, so there is no tag to
        add.
        """
        return self

    def with_sample(self, role: str, row: int, sample: Sample) -> RetrievalData:
        """Return the data with another sample in row `row` of a role, `query` or `corpus`."""
        rows = list(self.by_role()[role])
        rows[row] = sample
        return replace(self, **{"queries" if role == "query" else role: rows})

    def shuffled(self, seed: int) -> RetrievalData:
        """Return the data with the queries in random order.

        Documents keep their order, because a split of the corpus is a range of consecutive
        documents.
        """
        n = len(self.queries)
        order = random.Random(seed).sample(range(n), n)
        return replace(self, queries=take_rows(self.queries, np.array(order, np.int64)))

    def permuted(self, seed: int) -> RetrievalData:
        """Return the data with the documents of all links permuted at random."""
        ids = list(column(self.corpus, "id"))
        other = dict(zip(ids, random.Random(seed).sample(ids, len(ids)), strict=True))
        links = {
            query: {other.get(document, document): grade for document, grade in to.items()}
            for query, to in self.links.items()
        }
        excluded, subsets = (
            {query: [other.get(one, one) for one in listed] for query, listed in documents.items()}
            for documents in (self.excluded, self.subsets)
        )
        return replace(self, links=links, excluded=excluded, subsets=subsets)

    def shards(self) -> list[RetrievalData]:
        """Return the data as a single shard: every query is compared with every document."""
        return [self]


def _are_grades(links: object) -> bool:
    """Return whether `links`, the links of one query, map document ids to numbers."""
    return isinstance(links, dict) and all(isinstance(one, Real) for one in links.values())
