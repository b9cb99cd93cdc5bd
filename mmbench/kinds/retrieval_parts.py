"""What of a retrieval data set can be searched: the samples that did not fail, and their pairs.

A pair is a query and one of its positives. Ranks are per pair, so that grades stay with them. A
positive that failed, or that is not in the corpus, has no pair: it is never retrieved.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mmbench.datasets import RetrievalData
from mmbench.types import Prediction, Ranking, Sample

Ints = NDArray[np.int64]
Failures = dict[int, str]
Grades = Mapping[int, list[float]]


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

    @property
    def size(self) -> int:
        """How many samples the split has, the failed ones included."""
        return len(self.live) + len(self.errors)


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
class Judged:
    """The positives of the samples of one side that ask, by row: the grades of each.

    `grades` holds all of them, `failed` those that are in the corpus and failed, `absent` those
    that are not in the corpus. A row that asks has an entry in `grades`.
    """

    grades: Grades
    failed: Grades
    absent: Grades


@dataclass(frozen=True)
class Part:
    """One split: its two sides, its pairs as positions among the live, and their grades.

    `judged` holds for each side the samples that ask.
    """

    queries: Side
    corpus: Side
    pair_queries: Ints
    pair_corpus: Ints
    grades: NDArray[np.float64]
    judged: tuple[Judged, Judged]

    def predictions(self, ranked: Ranked, *, forward: bool) -> list[Prediction]:
        """One prediction per sample that asks, in the order of the data."""
        asking, other = (self.queries, self.corpus) if forward else (self.corpus, self.queries)
        askers = self.pair_queries if forward else self.pair_corpus
        judged = self.judged[0 if forward else 1]
        found = dict(zip(asking.live, _found(ranked, askers, self.grades, other.ids), strict=True))
        made = []
        for row, grades in sorted(judged.grades.items()):
            sample, error = asking.samples[row], asking.errors.get(row)
            size = other.size + len(judged.absent.get(row, []))
            ranking = None if error else _with_failed(found[row], row, judged, other)
            made.append(prediction(sample, ranking, error, grades, size))
        return made


def prediction(
    sample: Sample,
    ranking: Ranking | None,
    error: str | None,
    grades: list[float],
    size: int | None,
) -> Prediction:
    """Return the prediction of a query: its ranking, or the error with which it failed.

    The target of a failed one is the ranking of a query whose positives, of these `grades`, were
    never retrieved from a corpus of `size` documents.
    """
    nothing = Ranking([None] * len(grades), grades, failed=len(grades), size=size)
    return Prediction(
        sample.id,
        value=ranking,
        target=nothing if error else None,
        error=error,
        group=sample.group,
        tags=sample.tags,
    )


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
        found.append(_part(data, failures, queries, corpus, split_of))
    return found


def _part(
    data: RetrievalData,
    failures: tuple[Failures, Failures],
    queries: list[int],
    corpus: range,
    split_of: Mapping[str, int],
) -> Part:
    asking = _side(data.queries, queries, failures[0])
    ranked = _side(data.corpus, corpus, failures[1])
    row_of = {data.corpus[row].id: row for row in corpus}
    forward, backward = _Judging(ranked), _Judging(asking)
    pairs: list[tuple[int, int, float]] = []
    for row in queries:
        if data.links.get(data.queries[row].id):
            forward.grades[row] = []
        for document, grade in data.positives(data.queries[row]).items():
            place = row_of.get(document)
            if place is not None:
                forward.add(row, place, grade)
                backward.add(place, row, grade)
                pairs.append((row, place, grade))
            elif document not in split_of:
                forward.add_absent(row, grade)
    columns = list(zip(*_live(pairs, asking, ranked), strict=True)) or [(), (), ()]
    return Part(
        asking,
        ranked,
        np.array(columns[0], dtype=np.int64),
        np.array(columns[1], dtype=np.int64),
        np.array(columns[2], dtype=np.float64),
        (forward.judged(), backward.judged()),
    )


class _Judging:
    """Gathers the positives of the samples that ask."""

    def __init__(self, other: Side) -> None:
        self.grades: dict[int, list[float]] = defaultdict(list)
        self._failed: dict[int, list[float]] = defaultdict(list)
        self._absent: dict[int, list[float]] = defaultdict(list)
        self._errors = other.errors

    def add(self, row: int, positive: int, grade: float) -> None:
        self.grades[row].append(grade)
        if positive in self._errors:
            self._failed[row].append(grade)

    def add_absent(self, row: int, grade: float) -> None:
        self.grades[row].append(grade)
        self._absent[row].append(grade)

    def judged(self) -> Judged:
        return Judged(dict(self.grades), dict(self._failed), dict(self._absent))


def _live(
    pairs: list[tuple[int, int, float]], queries: Side, corpus: Side
) -> Iterator[tuple[int, int, float]]:
    """The pairs of which neither sample failed, as positions among the live."""
    position, place = ({row: i for i, row in enumerate(side.live)} for side in (queries, corpus))
    for query, document, grade in pairs:
        if query in position and document in place:
            yield position[query], place[document], grade


def _side(samples: list[Sample], rows: list[int] | range, failures: Failures) -> Side:
    live = [row for row in rows if row not in failures]
    return Side(samples, live, {row: failures[row] for row in rows if row in failures})


def _found(
    ranked: Ranked, askers: Ints, grades: NDArray[np.float64], ids: list[str]
) -> list[Ranking]:
    """Per live asker the ranking of the positives that did not fail."""
    unknown = ranked.ranks == 0
    order = np.lexsort((ranked.ranks, unknown, askers))
    ranks = [rank or None for rank in ranked.ranks[order].tolist()]
    grade = grades[order].tolist()
    cuts = np.searchsorted(askers[order], np.arange(len(ranked.top) + 1)).tolist()
    names = [[ids[doc] for doc in docs if doc >= 0] for docs in ranked.top.tolist()]
    return [
        Ranking(ranks[a:b], grade[a:b], names[i], ranked.depth)
        for i, (a, b) in enumerate(pairwise(cuts))
    ]


def _with_failed(found: Ranking, row: int, judged: Judged, other: Side) -> Ranking:
    """The ranking of an asker with the positives that could not be ranked behind the others."""
    failed, absent = judged.failed.get(row, []), judged.absent.get(row, [])
    lost = [*failed, *absent]
    return Ranking(
        [*found.ranks, *[None] * len(lost)],
        [*found.grades, *lost],
        found.top,
        found.depth,
        failed=len(lost),
        failed_others=len(other.errors) - len(failed),
        size=other.size + len(absent),
    )
