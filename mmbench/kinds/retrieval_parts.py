"""What of a retrieval data set can be searched: the samples that did not fail, and their pairs.

A pair is a query and one of its positives. Ranks are per pair, so that grades stay with them.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mmbench.types import Prediction, Ranking, RetrievalData, Sample

Ints = NDArray[np.int64]
Failures = dict[int, str]


@dataclass(frozen=True)
class Side:
    """The samples of one side in one split: `live` are the rows that did not fail."""

    samples: list[Sample]
    live: list[int]
    errors: Failures

    @property
    def ids(self) -> list[str]:
        """Ids of the live samples, by position."""
        return [self.samples[row].id for row in self.live]


@dataclass(frozen=True)
class Ranked:
    """What a search found in one direction.

    `ranks` [p] int64 per pair, from 1, 0 where unknown; `top` [askers, k] int64 positions of the
    first few documents; `depth` is how far it looked, None for the whole corpus.
    """

    ranks: Ints
    top: Ints
    depth: int | None = None


@dataclass(frozen=True)
class Part:
    """One split: its two sides, its pairs as positions among the live, and their grades.

    `linked` holds for each side the rows that have a link at all: only these ask.
    """

    queries: Side
    corpus: Side
    pair_queries: Ints
    pair_corpus: Ints
    grades: NDArray[np.float64]
    linked: tuple[set[int], set[int]]
    orphans: Failures

    def predictions(self, ranked: Ranked, *, forward: bool) -> list[Prediction]:
        """One prediction per sample that asks, in the order of the data."""
        asking, other = (self.queries, self.corpus) if forward else (self.corpus, self.queries)
        askers = self.pair_queries if forward else self.pair_corpus
        rankings = _rankings(ranked, askers, self.grades, len(asking.live), other.ids)
        found = dict(zip(asking.live, rankings, strict=True))
        linked = self.linked[0 if forward else 1]
        errors = asking.errors | (self.orphans if forward else {})
        rows = sorted({*asking.live, *errors} & linked)
        return [_prediction(asking.samples[r], found.get(r), errors.get(r)) for r in rows]


def parts(data: RetrievalData, failures: tuple[Failures, Failures], splits: int) -> list[Part]:
    """The splits of a data set: equal runs of documents, each with the queries linked to them.

    A document that no query links to belongs to the split it stands in.
    """
    size = -(-len(data.corpus) // splits) or 1
    split_of = {sample.id: row // size for row, sample in enumerate(data.corpus)}
    homes = [
        next((split_of[d] for d in data.links.get(q.id, {}) if d in split_of), 0)
        for q in data.queries
    ]
    found = []
    for split in range(splits):
        queries = [row for row, home in enumerate(homes) if home == split]
        corpus = range(split * size, min((split + 1) * size, len(data.corpus)))
        found.append(_part(data, failures, queries, corpus))
    return found


def orphans(data: RetrievalData, failed: set[int]) -> list[tuple[str, str]]:
    """Queries that cannot be answered by any document of the corpus, with the reason."""
    rows = {sample.id: row for row, sample in enumerate(data.corpus)}
    lost = []
    for row, query in enumerate(data.queries):
        links = {d: g for d, g in data.links.get(query.id, {}).items() if g > 0}
        if row not in failed and not any(d in rows for d in links):
            lost.append((query.id, _why_orphan(links, rows, {})))
    return lost


def _part(
    data: RetrievalData,
    failures: tuple[Failures, Failures],
    queries: list[int],
    corpus: range,
) -> Part:
    asking = _side(data.queries, queries, failures[0])
    ranked = _side(data.corpus, corpus, failures[1])
    place = {data.corpus[row].id: i for i, row in enumerate(ranked.live)}
    row_of = {data.corpus[row].id: row for row in corpus}
    pairs: list[tuple[int, int, float]] = []
    linked: tuple[set[int], set[int]] = (set(), set())
    orphans: Failures = {}
    position = {row: i for i, row in enumerate(asking.live)}
    for row in queries:
        links = {d: g for d, g in data.links.get(data.queries[row].id, {}).items() if g > 0}
        linked[0].add(row)
        linked[1].update(row_of[d] for d in links if d in row_of)
        if not any(d in place for d in links):
            orphans[row] = _why_orphan(links, row_of, ranked.errors)
        if row in position:
            pairs += [(position[row], place[d], g) for d, g in links.items() if d in place]
    columns = list(zip(*pairs, strict=True)) or [(), (), ()]
    return Part(
        asking,
        ranked,
        np.array(columns[0], dtype=np.int64),
        np.array(columns[1], dtype=np.int64),
        np.array(columns[2], dtype=np.float64),
        linked,
        {row: why for row, why in orphans.items() if row not in asking.errors},
    )


def _side(samples: list[Sample], rows: list[int] | range, failures: Failures) -> Side:
    live = [row for row in rows if row not in failures]
    return Side(samples, live, {row: failures[row] for row in rows if row in failures})


def _why_orphan(links: dict[str, float], row_of: dict[str, int], errors: Failures) -> str:
    if not links:
        return "no document is given as its positive"
    name = next(iter(links))
    if name not in row_of:
        return f"its document {name} is not in the corpus"
    return f"its document {name} failed: {errors[row_of[name]]}"


def _rankings(
    ranked: Ranked, askers: Ints, grades: NDArray[np.float64], n: int, ids: list[str]
) -> list[Ranking | None]:
    """Per live asker its ranking, None for one whose positives all failed."""
    unknown = ranked.ranks == 0
    order = np.lexsort((ranked.ranks, unknown, askers))
    ranks = [rank or None for rank in ranked.ranks[order].tolist()]
    grade = grades[order].tolist()
    cuts = np.searchsorted(askers[order], np.arange(n + 1)).tolist()
    names = [[ids[doc] for doc in docs if doc >= 0] for docs in ranked.top.tolist()]
    return [
        Ranking(ranks[a:b], grade[a:b], names[i], ranked.depth) if b > a else None
        for i, (a, b) in enumerate(pairwise(cuts))
    ]


def _prediction(sample: Sample, ranking: Ranking | None, error: str | None) -> Prediction:
    if error is None and ranking is None:
        error = "none of its positives could be evaluated"
    return Prediction(
        sample.id,
        value=None if error else ranking,
        error=error,
        group=sample.group,
        tags=sample.tags,
    )
