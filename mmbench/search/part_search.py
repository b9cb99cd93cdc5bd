"""Search in a part of a corpus: the work of one process, of which `parts` adds up the results.

A part is searched in two steps: `score_pairs` computes the scores of the positives that the part
contains, and `count_part` counts the part's items that precede any positive. Both functions and
their arguments can be pickled, so that another process can run them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from mmbench.columns.vectors import Vectors
from mmbench.search.blocks import Sweep
from mmbench.search.checks import Ids, Ints, check_vectors
from mmbench.search.counting import Counter
from mmbench.search.nearest import Nearest
from mmbench.search.on_device.counting import DeviceCounter
from mmbench.search.on_device.nearest import DeviceNearest
from mmbench.search.on_device.products import DeviceSweep, full_precision
from mmbench.search.order import IdOrder
from mmbench.types import Array

CPU = "cpu"
TORCH_CPU = "torch:cpu"  # the code for other devices, on the CPU: for tests and benchmarks


class VectorSource(Protocol):
    """Vectors that are elsewhere, such as in a file, until a process opens them."""

    def __len__(self) -> int:
        """Return the number of vectors."""
        ...

    def open(self) -> Vectors:
        """Return the vectors, without a copy of all of them in memory."""
        ...


@dataclass(frozen=True)
class VectorFile:
    """Rows `start` to `stop` of a matrix [n, d] in an .npy file, which is memory-mapped.

    If `normalise`, each vector is scaled to length 1.
    """

    path: Path
    start: int
    stop: int
    normalise: bool = False

    def __len__(self) -> int:
        return self.stop - self.start

    def open(self) -> Vectors:
        """Map the file. Raises OSError and ValueError if it is not an .npy file."""
        matrix = np.load(self.path, mmap_mode="r", allow_pickle=False)[self.start : self.stop]
        vectors = Vectors(matrix)
        return vectors.of_length_1()[0] if self.normalise else vectors


@dataclass(frozen=True)
class CorpusPart:
    """Consecutive vectors of a corpus of `total` vectors, which begin with vector `start`.

    `ids` are the ids of the part's vectors; without ids, the row numbers in the corpus are used.
    `device` is a torch device, on which the scores are computed.
    """

    vectors: Array | Vectors | VectorSource
    start: int
    total: int
    ids: Ids = None
    device: str = CPU

    def __len__(self) -> int:
        return len(self.vectors)

    @property
    def rows(self) -> range:
        """The rows of the part's vectors in the corpus."""
        return range(self.start, self.start + len(self))

    def open(self) -> CorpusPart:
        """Return the part with its vectors opened, for a process that searches it several times."""
        vectors = self.vectors
        if isinstance(vectors, np.ndarray | Vectors):
            return self
        return replace(self, vectors=vectors.open())


class PartQuestion(NamedTuple):
    """What is counted in each part of a corpus; it is the same for all parts.

    `pairs` are the query rows and the corpus rows of all positives, each [p] int64, and `scores`
    [p] float32 their scores. `keys` [p] uint64 are the sort keys of the positives' ids, or None if
    the corpus has no ids. If `both`, each corpus item is also a query for the queries. `top` is the
    number of nearest items.
    """

    pairs: tuple[Ints, Ints]
    scores: Array
    keys: NDArray[np.uint64] | None = None
    query_ids: Ids = None
    both: bool = False
    top: int = 0


class PartBest(NamedTuple):
    """The nearest items of n lines: `items` [n, k] int64 and `scores` [n, k] float32."""

    items: Ints
    scores: Array


class PartCounts(NamedTuple):
    """The result of `count_part` for p pairs.

    `ahead` has an array [p] int64 per direction: how many of the part's items precede the positive;
    in the second direction, 0 for pairs outside the part. `seen` [p] are the scores of the pairs in
    the part, 0 for the others. `best` has the nearest items per direction: the rows in the corpus
    for each query, and the queries for each item of the part; it is empty if `top` is 0.
    `invalid_rows` are the queries and the corpus rows that are NaN, infinite or zero.
    """

    ahead: list[Ints]
    seen: Array
    best: list[PartBest]
    invalid_rows: tuple[list[int], list[int]]


def score_pairs(queries: Array | Vectors, part: CorpusPart, pairs: tuple[Ints, Ints]) -> Array:
    """Return the scores [k] float32 of pairs: query rows, and corpus rows in the part, each [k]."""
    with full_precision(), _sweep(queries, part) as sweep:
        sides = pairs[0], pairs[1] - part.start
        swapped = _is_swapped(queries, part)
        scores: Array = sweep.pair_scores(sides[swapped], sides[1 - swapped])
        return scores


def count_part(queries: Array | Vectors, part: CorpusPart, question: PartQuestion) -> PartCounts:
    """Count the items of a part that precede each positive, and find the nearest items."""
    swapped, inside = _is_swapped(queries, part), _inside(part, question.pairs[1])
    with full_precision(), _sweep(queries, part) as sweep:
        counters = _counters(queries, part, question, sweep, inside)
        nearest = _nearest(queries, part, question, sweep)
        sweep.visit(*counters, *nearest)
        invalid = sweep.invalid_rows
    ahead = [counters[0].ahead]
    if question.both:
        ahead.append(np.zeros_like(ahead[0]))
        ahead[1][inside] = counters[1].ahead
    return PartCounts(
        ahead,
        counters[0].seen,
        [PartBest(one.best.items, one.best.scores) for one in nearest],
        (invalid[swapped], [row + part.start for row in invalid[1 - swapped]]),
    )


def _is_swapped(queries: Array | Vectors, part: CorpusPart) -> int:
    """Return 1 if the queries are the columns of blocks, else 0.

    The columns are the larger side of the complete search, because they are read only once.
    """
    return int(len(queries) > part.total)


def _inside(part: CorpusPart, rows: Ints) -> NDArray[np.bool_]:
    inside: NDArray[np.bool_] = (rows >= part.rows.start) & (rows < part.rows.stop)
    return inside


def _sweep(queries: Array | Vectors, part: CorpusPart) -> Any:
    """Return a Sweep or a DeviceSweep of the queries and the part.

    Raises DataError for vectors of wrong types or shapes.
    """
    swapped = _is_swapped(queries, part)
    vectors = part.open().vectors
    assert isinstance(vectors, np.ndarray | Vectors)
    check_vectors(queries, vectors, None, part.ids)
    sides, sizes = (queries, vectors), (len(queries), part.total)
    rows, columns = sides[swapped], sides[1 - swapped]
    shape = sizes[swapped], sizes[1 - swapped]
    if part.device == CPU:
        return Sweep(rows, columns, shape)
    return DeviceSweep(part.device.removeprefix("torch:"), rows, columns, shape)


def _counters(
    queries: Array | Vectors,
    part: CorpusPart,
    question: PartQuestion,
    sweep: Sweep | DeviceSweep,
    inside: NDArray[np.bool_],
) -> list[Any]:
    """Return a counter for each direction: for all pairs, and for the pairs inside the part."""
    (query_rows, corpus_rows), scores = question.pairs, question.scores
    n, swapped = len(queries), _is_swapped(queries, part)
    order, make = _corpus_order(part, question), _made_for(sweep, Counter, DeviceCounter)
    counters = [make(swapped, query_rows, corpus_rows, scores, n, order, part.rows)]
    if question.both:
        own, positives = corpus_rows[inside] - part.start, query_rows[inside]
        order = IdOrder(question.query_ids, n)
        counters.append(
            make(1 - swapped, own, positives, scores[inside], len(part), order, range(n))
        )
    return counters


def _nearest(
    queries: Array | Vectors, part: CorpusPart, question: PartQuestion, sweep: Sweep | DeviceSweep
) -> list[Any]:
    if not question.top:
        return []
    n, swapped = len(queries), _is_swapped(queries, part)
    make = _made_for(sweep, Nearest, DeviceNearest)
    nearest = [make(swapped, n, part.rows, question.top, _corpus_order(part, question))]
    if question.both:
        order = IdOrder(question.query_ids, n)
        nearest.append(make(1 - swapped, len(part), range(n), question.top, order))
    return nearest


def _made_for(sweep: Sweep | DeviceSweep, host: Any, device: Any) -> Any:
    """Return the class of a visitor: `host`, or `device` with the device of the sweep."""
    return host if isinstance(sweep, Sweep) else partial(device, sweep.device)


def _corpus_order(part: CorpusPart, question: PartQuestion) -> IdOrder:
    """Return the order of corpus rows, which knows the keys of the part and of all positives."""
    order = IdOrder(part.ids, part.total, part.start)
    if question.keys is not None:
        order.add(question.pairs[1], question.keys)
    return order
