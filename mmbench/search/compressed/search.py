"""Search of vectors in a compressed form, and its recall against the search of full vectors."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmbench.columns.vectors import Vectors
from mmbench.search.checks import Ids, Ints
from mmbench.search.compressed.codes import Coded, encode_both
from mmbench.search.compressed.forms import VectorForm
from mmbench.search.compressed.integers import fits_float32, integer_search
from mmbench.search.exact import search
from mmbench.search.indexes.recall import KS, ExactSample
from mmbench.search.order import IdOrder
from mmbench.search.part_search import CPU
from mmbench.search.parts import Divide, SearchResult, one_part

_NUMBERS = 1 << 23  # decoded values in memory at a time


def compressed_search(
    queries: Vectors,
    corpus: Vectors,
    pairs: tuple[Ints, Ints],
    form: VectorForm,
    *,
    sample: ExactSample,
    query_ids: Ids = None,
    corpus_ids: Ids = None,
    top: int = 0,
    device: str = CPU,
    divide: Divide = one_part,
) -> tuple[SearchResult, dict[str, Any]]:
    """Return the ranks of each query's positives with vectors in a form, and a report on the form.

    The arguments are those of `exact.search`, with both sides not empty. The search is exact: every
    document has a rank, and documents with equal scores are ordered by the hash of their ids. If
    sums of int8 codes may exceed the integers of float32, `integer_search` on this machine searches
    instead. The report has the recall@1, @10 and @100 against `sample`, the search of full vectors,
    and the bytes of a stored document. Raises UserError like `encode_both`.
    """
    coded, order = encode_both(queries, corpus, form), IdOrder(corpus_ids, len(corpus))
    deepest = min(max(top, form.rescored, *KS), len(corpus))
    if form.precision == "int8" and not fits_float32(coded.queries, coded.corpus):
        found = integer_search(coded.queries, coded.corpus, pairs, order, deepest)
    else:
        (found,) = search(
            coded.queries,
            coded.corpus,
            pairs,
            query_ids=query_ids,
            corpus_ids=corpus_ids,
            top=deepest,
            device=device,
            divide=divide,
        )
    if form.rescored:
        found = _rescored(found, pairs, coded, form.rescored, order)
    report = vectors_report(form, sample, found.top[sample.rows], corpus.shape)
    return SearchResult(found.ranks, found.top[:, :top]), report


def vectors_report(
    form: VectorForm, sample: ExactSample, nearest: Ints, shape: tuple[int, int]
) -> dict[str, Any]:
    """Return the report on a form of the vectors of a corpus.

    `nearest` [s, k] are the nearest documents of the queries of the sample with vectors in this
    form, and `shape` is that of the full vectors of the corpus.
    """
    size = form.stored_bytes(shape[1])
    return {
        "factory": "exact",
        "vectors": form.name,
        **sample.recalls(nearest),
        "checked on": len(sample.rows),
        "bytes per vector": size,
        "bytes": size * shape[0],
    }


def _rescored(
    found: SearchResult, pairs: tuple[Ints, Ints], coded: Coded, depth: int, ids: IdOrder
) -> SearchResult:
    """Order the first `depth` documents of each query again, by the products of plain queries.

    Later documents keep their ranks.
    """
    top, depth = found.top.copy(), min(depth, found.top.shape[1])
    step = max(1, _NUMBERS // max(1, depth * coded.plain.shape[1]))
    for start in range(0, len(top), step):
        items = top[start : start + step, :depth]
        scores = _scores(coded, coded.plain[start : start + step], items)
        order = np.lexsort((ids.keys(items), -scores))
        top[start : start + step, :depth] = np.take_along_axis(items, order, 1)
    ranks, within = found.ranks.copy(), np.flatnonzero(found.ranks <= depth)
    hits = top[pairs[0][within], :depth] == pairs[1][within, None]
    ranks[within] = hits.argmax(axis=1) + 1
    return SearchResult(ranks, top)


def _scores(coded: Coded, queries: NDArray[np.float32], items: Ints) -> NDArray[np.float64]:
    """Return the scores [q, k] of documents `items` [q, k] for queries [q, d]."""
    documents = coded.decode(items.ravel()).reshape(*items.shape, -1)
    scores: NDArray[np.float64] = np.einsum("ij,ikj->ik", queries.astype(np.float64), documents)
    return scores
