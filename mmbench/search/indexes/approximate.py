"""Approximate search with a FAISS index, which finds ranks up to a limited depth.

The recall of the index is measured against exact search. An index is given as a factory string,
such as `Flat`, `HNSW32`, `IVF1024,Flat` or `OPQ16,IVF4096,PQ16`, with search parameters of
faiss.ParameterSpace after a semicolon: `IVF1024,Flat;nprobe=16`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from mmbench.errors import MissingExtra, UserError
from mmbench.search.checks import Ids, Ints, check_vectors, invalid_rows, refuse_invalid
from mmbench.search.indexes.factory_checks import check_fit, check_size, check_string
from mmbench.search.indexes.gpus import on_gpus, train, usable_gpus
from mmbench.search.indexes.recall import ExactSample, speed
from mmbench.search.indexes.ties import duplicate_groups, settle_ties
from mmbench.search.order import IdOrder
from mmbench.search.part_search import CPU
from mmbench.search.parts import SearchResult
from mmbench.types import Array

if TYPE_CHECKING:
    from faiss import Index


DEPTH = 100  # documents retrieved per query
_SPARE = 16  # extra documents requested, so that equal scores at the last rank are ordered by id
_CHUNK = 1 << 14  # vectors per call of faiss


class FaissIndex:
    """A FAISS index of a corpus [m, d] float32, searched by the inner product.

    The index is on the GPUs of `device` (`cuda` for all, `cuda:N` for one) if the installed faiss
    supports GPUs and this type of index; `gpus` are their numbers. `seconds` is the build time.
    Raises MissingExtra without faiss; UserError for a factory string or parameters that faiss
    rejects, and for a corpus too small to train on; DataError for NaN, infinite or zero vectors.
    """

    def __init__(self, corpus: Array, factory: str, *, ids: Ids = None, device: str = CPU) -> None:
        self.factory = factory
        check_size(factory, len(corpus))
        self._order, self._duplicates = IdOrder(ids, len(corpus)), duplicate_groups(corpus)
        start = perf_counter()
        with _refusals(factory):
            self._index, self.gpus = _build_index(corpus, factory, ids, device)
        self.seconds = perf_counter() - start

    @property
    def bytes(self) -> int:
        """The size of the index in a file, in bytes."""
        faiss = _faiss()
        sizes: list[int] = []
        writer = faiss.PyCallbackIOWriter(lambda part: sizes.append(len(part)), 1 << 20)
        index = faiss.index_gpu_to_cpu(self._index) if self.gpus else self._index
        faiss.write_index(index, writer)
        return sum(sizes)

    def nearest(self, queries: Array, k: int) -> Ints:
        """Return the k best corpus rows of each query, [n, k] int64, padded with -1.

        Rows with equal scores, or with bitwise equal vectors, are ordered by the hash of their ids,
        as in exact search.
        """
        k = min(k, self._index.ntotal)
        nearest = np.empty((len(queries), k), np.int64)
        for start in range(0, len(queries), _CHUNK):
            part = np.ascontiguousarray(queries[start : start + _CHUNK], np.float32)
            with _refusals(self.factory):
                scores, rows = self._index.search(part, min(k + _SPARE, self._index.ntotal))
            settle_ties(scores, rows, self._duplicates, self._order)
            nearest[start : start + _CHUNK] = rows[:, :k]
        return nearest


def check_factory(factory: str) -> None:
    """Check that faiss is installed and accepts the factory string, before a run starts.

    Raises MissingExtra without faiss, UserError for a string that faiss rejects. The number and the
    dimension of the vectors are checked when the index is built.
    """
    _faiss()
    check_string(factory)


def approximate_search(
    queries: Array,
    corpus: Array,
    pairs: tuple[Ints, Ints],
    factory: str,
    *,
    query_ids: Ids = None,
    corpus_ids: Ids = None,
    top: int = 0,
    device: str = CPU,
    sample: ExactSample | None = None,
) -> tuple[SearchResult, dict[str, Any]]:
    """Return the ranks of each query's positives in an index, and a report on the index.

    `queries`, `corpus`, `pairs`, the ids, `top` and `device` are the same as in `exact.search`;
    `factory` is a factory string of FAISS. A rank beyond the depth of the index is 0. The report
    has the recall@1, @10 and @100 against exact search, the times of building and of searching in
    seconds, the size and the depth. `sample` is the exact search for the recalls, which several
    indexes can share. Raises the same errors as `FaissIndex`.
    """
    check_vectors(queries, corpus, query_ids, corpus_ids)
    refuse_invalid("query", invalid_rows(queries), len(queries), query_ids)
    check_fit(factory, corpus.shape[1], len(corpus))
    index = FaissIndex(corpus, factory, ids=corpus_ids, device=device)
    start = perf_counter()
    nearest = index.nearest(queries, max(DEPTH, top))
    seconds = perf_counter() - start
    hits = nearest[pairs[0]] == pairs[1][:, None]
    ranks = np.where(hits.any(axis=1), hits.argmax(axis=1) + 1, 0).astype(np.int64)
    if sample is None:
        sample = ExactSample(
            queries, corpus, query_ids=query_ids, corpus_ids=corpus_ids, device=device
        )
    report = {
        "factory": factory,
        "depth": nearest.shape[1],
        **({"gpus": len(index.gpus)} if index.gpus else {}),
        **sample.recalls(nearest[sample.rows]),
        "checked on": len(sample.rows),
        "build seconds": round(index.seconds, 3),
        "search seconds": round(seconds, 3),
        "queries per second": speed(len(queries), seconds),
        "bytes": index.bytes,
    }
    return SearchResult(ranks, nearest[:, :top]), report


def _build_index(corpus: Array, factory: str, ids: Ids, device: str) -> tuple[Index, list[int]]:
    """Return an index of the corpus, and the GPUs on which it, or an index inside it, is."""
    faiss, index = _faiss(), make_index(corpus.shape[1], factory)
    gpus = usable_gpus(faiss, device)
    if not index.is_trained:
        index = train(faiss, index, np.ascontiguousarray(corpus, np.float32), gpus)
    index, gpus = on_gpus(faiss, index, gpus)
    step = _CHUNK if len(gpus) < 2 else len(corpus)  # shards take all vectors at once
    for start in range(0, len(corpus), step):
        part = np.ascontiguousarray(corpus[start : start + step], np.float32)
        refuse_invalid("corpus", [start + row for row in invalid_rows(part)], len(corpus), ids)
        index.add(part)
    return index, gpus


def make_index(width: int, factory: str) -> Index:
    """Return an empty FAISS index for vectors with `width` dimensions.

    Raises RuntimeError if faiss rejects the factory string.
    """
    faiss = _faiss()
    kind, _, parameters = factory.partition(";")
    index: Index = faiss.index_factory(width, kind, faiss.METRIC_INNER_PRODUCT)
    if parameters:
        faiss.ParameterSpace().set_index_parameters(index, parameters)
    return index


@contextmanager
def _refusals(factory: str) -> Iterator[None]:
    """Convert errors of faiss in the `with` block to UserError."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        raise UserError(f"--index {factory}: {_reason(error)}") from error


def _faiss() -> ModuleType:
    try:
        import faiss
    except ImportError as error:
        raise MissingExtra("--index", "faiss", "mmbench[index]") from error
    except RuntimeError as error:  # a build for GPUs without the libraries of CUDA, which it names
        raise UserError(f"--index: faiss cannot be imported: {error}") from error
    return faiss


def _reason(error: Exception) -> str:
    """Return the message of an error of faiss, without the location in its source code."""
    message = re.sub(r"^Error in .*? at \S+:\d+: (Error: )?", "", " ".join(str(error).split()))
    return f"faiss failed ({message}); use another index, e.g. Flat or HNSW32"
