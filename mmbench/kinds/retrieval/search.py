"""Search of the embeddings of retrieval data, in one way or in several ways to compare."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from msgspec.structs import replace

from mmbench.columns.vectors import Vectors
from mmbench.kinds.retrieval.splits import Ranked, RetrievalSplit, SplitSide
from mmbench.search.compressed.forms import VectorForm
from mmbench.search.compressed.search import compressed_search, vectors_report
from mmbench.search.exact import search
from mmbench.search.executors import search_executor
from mmbench.search.indexes.approximate import approximate_search
from mmbench.search.indexes.recall import ExactSample, exact_report
from mmbench.search.listed import EVIDENCE
from mmbench.search.part_search import CPU
from mmbench.types import Array, Prediction, Predictions

Report = dict[str, Any]  # a report on the search of a split in one direction
EXACT = "exact"
FULL_VECTORS = VectorForm()


@dataclass(frozen=True)
class SearchMethod:
    """A method of search: an index (`exact` or a FAISS factory string) and a form of the vectors.

    A form other than full vectors is searched exactly.
    """

    index: str = EXACT
    form: VectorForm = FULL_VECTORS

    @property
    def name(self) -> str:
        """The index, or the form if it is not that of full vectors."""
        return self.index if self.form == FULL_VECTORS else self.form.name


def search_splits(
    splits: Sequence[RetrievalSplit],
    directions: Sequence[str],
    sides: tuple[Vectors, Vectors],
    methods: Sequence[SearchMethod],
    device: str,
    *,
    top: int = EVIDENCE,
    gaps: bool = False,
) -> Predictions:
    """Return the rankings of all splits by the first method, with the others as alternatives.

    `directions` are the names of one or two directions, `sides` the embeddings of queries and
    corpus. `top` is the number of documents that are stored per query. If `gaps`, each ranking has
    its term of the modality gap.
    """
    found = [Predictions({name: list[list[Prediction]]() for name in directions}) for _ in methods]
    by_vectors = any(method.form != FULL_VECTORS for method in methods)
    for number, split in enumerate(splits):
        split_search = SplitSearch(split, *sides, device, both=len(directions) > 1, top=top)
        part = f", split {number + 1}" if len(splits) > 1 else ""
        for method, predictions in zip(methods, found, strict=True):
            if by_vectors and len(methods) > 1:
                results = split_search.rank_compressed(method.form)
            else:
                results = split_search.rank(method, compared=len(methods) > 1)
            for nth, (name, (ranked, report)) in enumerate(zip(directions, results, strict=True)):
                rankings = predictions.directions[name]
                assert isinstance(rankings, list)
                ranked = split_search.with_sides(ranked, nth) if gaps else ranked
                rankings.append(split.predictions(ranked, forward=nth == 0))
                if report:
                    predictions.search[f"{name or 'index'}{part}"] = report
    first, *others = found
    return replace(
        first, alternatives=dict(zip([one.name for one in methods[1:]], others, strict=True))
    )


class SplitSearch:
    """The search of the embeddings of a split by dot product, in one direction or in `both`.

    `queries` [n, d] and `corpus` [m, d] are the embeddings of all splits. Exact search reads them
    in blocks; FAISS indexes share a copy of them, which stays in this process. All methods share
    the exact search of some queries. `device` is a torch device, and `top` the number of nearest
    documents that are returned.
    """

    def __init__(
        self,
        split: RetrievalSplit,
        queries: Vectors,
        corpus: Vectors,
        device: str,
        *,
        both: bool,
        top: int,
    ) -> None:
        self._top = top
        self._sides = _of_one_width(_live(queries, split.queries), _live(corpus, split.corpus))
        self._pairs, self._ids = split.pairs, (split.queries.ids, split.corpus.ids)
        self._device, self._both = device, both
        self._device_here = search_executor().device_here(device)
        self._directions = ((0, 1), (1, 0))[: 1 + both]  # (searching side, searched side)

    def rank(self, method: SearchMethod, *, compared: bool) -> list[tuple[Ranked, Report]]:
        """Return the ranks and a report for each direction.

        The report is empty for exact search of full vectors on the CPU, unless the search is
        `compared` with indexes.
        """
        if method.form != FULL_VECTORS:
            return self.rank_compressed(method.form)
        if method.index != EXACT and all(map(len, self._sides)):  # an index cannot be empty
            return [self._rank_by_index(method.index, *one) for one in self._directions]
        results = search(
            *self._sides,
            self._pairs,
            query_ids=self._ids[0],
            corpus_ids=self._ids[1],
            both=self._both,
            top=self._top,
            device=self._device,
            divide=search_executor().divide,
        )
        reports = [self._exact_report(*one, compared=compared) for one in self._directions]
        ranked = [Ranked(result.ranks, result.top) for result in results]
        return list(zip(ranked, reports, strict=True))

    def with_sides(self, ranked: Ranked, direction: int) -> Ranked:
        """Return the result of the search in a direction, 0 or 1, together with the vectors."""
        source, target = self._directions[direction]
        return dataclasses.replace(ranked, sides=(self._sides[source], self._sides[target]))

    def rank_compressed(self, form: VectorForm) -> list[tuple[Ranked, Report]]:
        """Return the ranks with vectors in a form, and a report, for each direction."""
        if not all(map(len, self._sides)):
            return self.rank(SearchMethod(), compared=False)
        if form == FULL_VECTORS:
            exact = self.rank(SearchMethod(), compared=False)
            reports = [self._full_report(*one) for one in self._directions]
            return [(ranked, one) for (ranked, _), one in zip(exact, reports, strict=True)]
        return [self._rank_form(form, *direction) for direction in self._directions]

    def _full_report(self, source: int, target: int) -> Report:
        sample = self._samples[source]
        return vectors_report(FULL_VECTORS, sample, sample.top, self._sides[target].shape)

    def _rank_form(self, form: VectorForm, source: int, target: int) -> tuple[Ranked, Report]:
        result, report = compressed_search(
            self._sides[source],
            self._sides[target],
            (self._pairs[source], self._pairs[target]),
            form,
            sample=self._samples[source],
            query_ids=self._ids[source],
            corpus_ids=self._ids[target],
            top=self._top,
            device=self._device,
            divide=search_executor().divide,
        )
        return Ranked(result.ranks, result.top), report

    def _rank_by_index(self, index: str, source: int, target: int) -> tuple[Ranked, Report]:
        result, report = approximate_search(
            self._copies[source],
            self._copies[target],
            (self._pairs[source], self._pairs[target]),
            index,
            query_ids=self._ids[source],
            corpus_ids=self._ids[target],
            top=self._top,
            device=self._device_here,
            sample=self._samples[source],
        )
        return Ranked(result.ranks, result.top, report["depth"]), report

    def _exact_report(self, source: int, target: int, *, compared: bool) -> Report:
        if compared and all(map(len, self._sides)):
            return exact_report(self._samples[source], self._sides[target], self._device_here)
        return {} if self._device == CPU else {"factory": "exact", "device": self._device}

    @cached_property
    def _copies(self) -> list[Array]:
        return [side[:] for side in self._sides]

    @cached_property
    def _samples(self) -> list[ExactSample]:
        """The exact search of some samples of the searching side, for each direction."""
        return [
            ExactSample(
                self._sides[source],
                self._sides[target],
                query_ids=self._ids[source],
                corpus_ids=self._ids[target],
                device=self._device_here,
            )
            for source, target in self._directions
        ]


def _live(vectors: Vectors, side: SplitSide) -> Vectors:
    return vectors if len(side.live) == len(vectors) else vectors.take(side.live)


def _of_one_width(queries: Vectors, corpus: Vectors) -> tuple[Vectors, Vectors]:
    """Return vectors of equal width.

    If all samples of one side failed, its vectors have no width. Then both sides are replaced by
    vectors of width 1.
    """
    if len(queries) and len(corpus):
        return queries, corpus
    return Vectors(np.ones((len(queries), 1))), Vectors(np.ones((len(corpus), 1)))
