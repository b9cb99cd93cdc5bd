"""Exact ranks of positives, and the best documents, for arrays of vectors."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from mmbench.search.checks import Ids, Ints, pairs_of
from mmbench.search.exact import search
from mmbench.search.part_search import CPU
from mmbench.types import Array


def positive_ranks(
    queries: Array,
    corpus: Array,
    positives: Sequence[Sequence[int]],
    *,
    corpus_ids: Ids = None,
    device: str = CPU,
) -> list[Ints]:
    """Return the ranks of each query's positives in the whole corpus.

    `queries` [n, d] and `corpus` [m, d] are float32, normalised or not; either may be
    memory-mapped. `positives` has a list of corpus rows for each query. Equal scores are ordered by
    `corpus_ids` (default: row numbers). `device` is a torch device, such as `cuda:0`. The result is
    n ascending int64 arrays with ranks from 1 to m; the other positives of a query are counted like
    any other document. Raises DataError for vectors that are NaN, infinite or zero, and for
    positives outside the corpus.
    """
    pairs = pairs_of(positives, len(queries), len(corpus))
    (result,) = search(queries, corpus, pairs, corpus_ids=corpus_ids, device=device)
    return ranks_by_query(pairs[0], result.ranks, len(queries))


def positive_ranks_both(
    queries: Array,
    corpus: Array,
    positives: Sequence[Sequence[int]],
    *,
    query_ids: Ids = None,
    corpus_ids: Ids = None,
    device: str = CPU,
) -> tuple[list[Ints], list[Ints]]:
    """Return the results of `positive_ranks` for both directions, computed in one pass.

    The first list has the ranks of corpus items for each query. The second list has the ranks of
    queries for each corpus item; the positives of an item are the queries for which it is a
    positive. An item without positives has an empty array.
    """
    pairs = pairs_of(positives, len(queries), len(corpus))
    results = search(
        queries,
        corpus,
        pairs,
        query_ids=query_ids,
        corpus_ids=corpus_ids,
        both=True,
        device=device,
    )
    forward, backward = (
        ranks_by_query(query_rows, result.ranks, n)
        for query_rows, result, n in zip(pairs, results, (len(queries), len(corpus)), strict=True)
    )
    return forward, backward


def top(
    queries: Array, corpus: Array, k: int, *, corpus_ids: Ids = None, device: str = CPU
) -> Ints:
    """Return the k best corpus rows of each query, [n, k] int64, best first, padded with -1.

    Equal scores are ordered as in `positive_ranks`, and the errors are the same. The function takes
    about a tenth more time than the matrix product. `mmbench.search.exact.search` computes the best
    rows and the ranks in one pass.
    """
    none = np.empty(0, np.int64)
    pairs = none, none
    return search(queries, corpus, pairs, corpus_ids=corpus_ids, top=k, device=device)[0].top


def ranks_by_query(query_rows: Ints, ranks: Ints, n: int) -> list[Ints]:
    """Return the ranks of each query's pairs, as n ascending arrays.

    `ranks` [p] are the ranks of all pairs, and `query_rows` [p] the query of each pair.
    """
    keys = np.sort((query_rows << 32) + ranks)
    bounds = np.searchsorted(keys, np.arange(n + 1) << 32).tolist()
    ranks = keys & 0xFFFFFFFF
    return [ranks[start:end] for start, end in pairwise(bounds)]
