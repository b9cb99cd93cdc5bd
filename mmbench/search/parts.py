"""Exact search in a corpus that consists of parts, which different processes may search.

The rank of a positive is 1 + the number of items that precede it, and this number is the sum over
the parts. First, the parts that contain positives compute the scores of these positives. Then every
part counts its items with greater scores. The blocks of all parts have the shape that they have for
the complete corpus, so the result is bitwise the same for any division into parts, if all processes
multiply with the same library on the same type of device.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from mmbench.columns.vectors import Vectors
from mmbench.errors import DataError
from mmbench.search.checks import Ids, Ints, refuse_invalid
from mmbench.search.nearest import BestItems
from mmbench.search.order import IdOrder
from mmbench.search.part_search import (
    CorpusPart,
    PartBest,
    PartCounts,
    PartQuestion,
    VectorSource,
    count_part,
    score_pairs,
)
from mmbench.types import Array

# (function, queries, parts, arguments) -> function(queries, part, argument) for each part, in order
RunOnParts = Callable[
    [Callable[[Any, CorpusPart, Any], Any], Any, Sequence[CorpusPart], Sequence[Any]], Iterable[Any]
]

# (queries, corpus, ids of the corpus, device) -> a context manager, which returns the division
Divide = Callable[[Array | Vectors, Array | Vectors, Ids, str], "AbstractContextManager[Division]"]


class SearchResult(NamedTuple):
    """The result of a search in one direction, for n queries and p pairs (query, positive).

    `ranks` [p] int64 are the ranks of the positives, from 1; a rank beyond the depth of the search
    is 0. `top` [n, k] int64 are the k nearest rows of the searched side, best first, padded with
    -1.
    """

    ranks: Ints
    top: Ints


class Division(NamedTuple):
    """The queries of a search, the parts of its corpus, and the function that runs the parts."""

    queries: Array | Vectors | VectorSource
    parts: Sequence[CorpusPart]
    run: RunOnParts


def run_here(
    function: Callable[[Any, CorpusPart, Any], Any],
    queries: Array | Vectors,
    parts: Sequence[CorpusPart],
    arguments: Sequence[Any],
) -> Iterable[Any]:
    """Call the function for each part in this process."""
    return [function(queries, part, one) for part, one in zip(parts, arguments, strict=True)]


@contextmanager
def one_part(
    queries: Array | Vectors, corpus: Array | Vectors, ids: Ids, device: str
) -> Iterator[Division]:
    """Yield the corpus, with its `ids`, as one part that is searched in this process."""
    yield Division(queries, [CorpusPart(corpus, 0, len(corpus), ids, device)], run_here)


def search_parts(
    queries: Array | Vectors | VectorSource,
    parts: Sequence[CorpusPart],
    pairs: tuple[Ints, Ints],
    *,
    query_ids: Ids = None,
    both: bool = False,
    top: int = 0,
    run: RunOnParts = run_here,
) -> list[SearchResult]:
    """Return the ranks of positives and the `top` nearest items, as `exact.search` does.

    `pairs` are query rows and rows of the complete corpus. The parts must follow each other and
    cover the corpus. `run` calls a function for each part, in any process, and opens the queries if
    they are a VectorSource: it is called for the
    scores of positives, for the counts, and again for the counts if the scores in blocks differ
    from those of the first step. Raises DataError for vectors that are NaN, infinite or zero, and
    for parts that do not cover the corpus.
    """
    parts = _checked(parts)
    sizes = len(queries), parts[0].total if parts else 0
    if not (all(sizes) and (len(pairs[0]) or top)):
        none = np.zeros(len(pairs[0]), np.int64)
        return [SearchResult(none, np.full((sizes[i], top), -1)) for i in range(1 + both)]
    keys = None if parts[0].ids is None else _keys(parts, pairs[1])
    scores = _pair_scores(queries, parts, pairs, run)
    question = PartQuestion(pairs, scores, keys, query_ids, both, top)
    counts: list[PartCounts] = list(run(count_part, queries, parts, [question] * len(parts)))
    _refuse_invalid(counts, parts, sizes, query_ids)
    best = [one.best for one in counts]
    seen = np.sum([one.seen for one in counts], axis=0)  # 0 outside the part with the positive
    if not np.array_equal(seen, scores):
        # Pairs have other scores than in blocks, so count again with the scores in blocks.
        question = question._replace(scores=seen, top=0)
        counts = list(run(count_part, queries, parts, [question] * len(parts)))
    ranks = [np.sum([one.ahead[i] for one in counts], axis=0) + 1 for i in range(1 + both)]
    tops = _tops(best, parts, sizes, top) if top else [np.empty((n, 0), np.int64) for n in sizes]
    return [SearchResult(ranks[i], tops[i]) for i in range(1 + both)]


def _checked(parts: Sequence[CorpusPart]) -> list[CorpusPart]:
    """Return the parts that are not empty.

    Raises DataError unless they cover the corpus, and unless all or none of them have ids.
    """
    parts = [part for part in parts if len(part)]
    if len({part.ids is None for part in parts}) > 1:
        raise DataError("some parts of a corpus have ids; give ids for all parts or for none")
    bounds = [0, *(row for part in parts for row in (part.rows.start, part.rows.stop))]
    bounds += [part.total for part in parts[:1]] or [0]
    if any(end != start for end, start in list(pairwise(bounds))[::2]):
        raise DataError(
            f"the parts of a corpus cover rows {bounds[1:-1]} of {bounds[-1]}; give parts that"
            " follow each other and cover all rows"
        )
    return parts


def _keys(parts: Sequence[CorpusPart], rows: Ints) -> Any:
    """Return the sort keys of the corpus rows `rows` [p], uint64 [p]."""
    keys = np.zeros(len(rows), np.uint64)
    for part, own in zip(parts, _owned(parts, rows), strict=True):
        keys[own] = IdOrder(part.ids, len(part)).keys(rows[own] - part.start)
    return keys


def _owned(parts: Sequence[CorpusPart], rows: Ints) -> list[Ints]:
    """Return for each part the positions in `rows` [p] of its corpus rows."""
    return [np.flatnonzero((rows >= part.rows.start) & (rows < part.rows.stop)) for part in parts]


def _pair_scores(
    queries: Array | Vectors | VectorSource,
    parts: Sequence[CorpusPart],
    pairs: tuple[Ints, Ints],
    run: RunOnParts,
) -> Array:
    owned = _owned(parts, pairs[1])
    own = [at for at in owned if len(at)]
    owners = [part for part, at in zip(parts, owned, strict=True) if len(at)]
    scores = np.zeros(len(pairs[0]), np.float32)
    results = run(score_pairs, queries, owners, [(pairs[0][at], pairs[1][at]) for at in own])
    for at, part_scores in zip(own, results, strict=True):
        scores[at] = part_scores
    return scores


def _refuse_invalid(
    counts: Sequence[PartCounts],
    parts: Sequence[CorpusPart],
    sizes: tuple[int, int],
    query_ids: Ids,
) -> None:
    refuse_invalid("query", counts[0].invalid_rows[0], sizes[0], query_ids)
    rows = [row for one in counts for row in one.invalid_rows[1]]
    refuse_invalid("corpus", rows, sizes[1], _PartIds(parts) if parts[0].ids else None)


class _PartIds(Sequence[str]):
    """The ids of a corpus, whose parts hold them."""

    def __init__(self, parts: Sequence[CorpusPart]) -> None:
        self._parts = parts

    def __len__(self) -> int:
        return self._parts[0].total

    def __getitem__(self, row: Any) -> Any:
        part = next(part for part in self._parts if row < part.rows.stop)
        return str(row) if part.ids is None else part.ids[row - part.start]


def _tops(
    best: Sequence[Sequence[PartBest]],
    parts: Sequence[CorpusPart],
    sizes: tuple[int, int],
    top: int,
) -> list[Ints]:
    """Return the nearest items of each direction: those of all parts, merged for each query.

    In the second direction, every item belongs to one part.
    """
    if len(parts) == 1:
        return [one.items for one in best[0]]
    ids = None if parts[0].ids is None else _PartIds(parts)
    merged = BestItems(sizes[0], top, IdOrder(ids, sizes[1]))
    for forward in (one[0] for one in best):
        line, nth = np.nonzero(forward.items >= 0)
        merged.merge(slice(0, sizes[0]), line, forward.items[line, nth], forward.scores[line, nth])
    backward = [np.concatenate([one[1].items for one in best])] if len(best[0]) > 1 else []
    return [merged.items, *backward]
