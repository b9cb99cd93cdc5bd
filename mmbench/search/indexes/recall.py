"""The recall of an approximate search against exact search, in which equal scores count.

The recall@k of a query is the share of k documents that the index returns among its first k, and
whose score is at least the k-th best score of the corpus. So it makes no difference which of
several documents with equal scores an index returns.
"""

from __future__ import annotations

import math
from time import perf_counter
from typing import Any

import numpy as np

from mmbench.columns.vectors import Vectors
from mmbench.search.checks import Ids, Ints
from mmbench.search.exact import search
from mmbench.search.order import IdOrder
from mmbench.search.part_search import CPU, CorpusPart, score_pairs
from mmbench.types import Array

KS = (1, 10, 100)  # the k of the recalls
SAMPLE = 1000  # number of queries that are also searched exactly


class ExactSample:
    """The exact search of some queries, with which other searches of a corpus are compared.

    `queries` [n, d] and `corpus` [m, d] are float32. The sample are up to 1,000 queries, chosen by
    the hash of their ids; `rows` are their indices. `seconds` is the time of their exact search on
    `device`.
    """

    def __init__(
        self,
        queries: Array | Vectors,
        corpus: Array | Vectors,
        *,
        query_ids: Ids = None,
        corpus_ids: Ids = None,
        device: str = CPU,
    ) -> None:
        keys = IdOrder(query_ids, len(queries)).keys(np.arange(len(queries)))
        self.rows = np.argsort(keys, kind="stable")[:SAMPLE]
        self._queries = queries[self.rows]
        self._part = CorpusPart(corpus, 0, len(corpus), None, device)
        none, depth = np.empty(0, np.int64), min(max(KS), len(corpus))
        start = perf_counter()
        (exact,) = search(
            self._queries, corpus, (none, none), corpus_ids=corpus_ids, top=depth, device=device
        )
        self.seconds = perf_counter() - start
        self.top = exact.top
        self._ks = {k: min(k, depth) for k in KS}
        places = np.array([*self._ks.values()]) - 1
        self._limits = self._scores(exact.top[:, places])

    def recalls(self, nearest: Ints) -> dict[str, float]:
        """Return the mean recall@k of the sample for each k in KS.

        `nearest` [s, k] int64 are the documents that an index returns for the s queries of the
        sample, best first, padded with -1.
        """
        scores = self._scores(nearest[:, : max(KS)])
        return {
            f"recall@{k} against exact": round(
                float((scores[:, :depth] >= self._limits[:, [at]]).sum(1).mean() / depth), 4
            )
            for at, (k, depth) in enumerate(self._ks.items())
        }

    def _scores(self, items: Ints) -> Array:
        """Return the scores of documents [s, k] for the queries of the sample; -inf for -1."""
        scores = np.full(items.shape, -np.inf, np.float32)
        query, place = np.nonzero(items >= 0)
        scores[query, place] = score_pairs(self._queries, self._part, (query, items[query, place]))
        return scores


def exact_report(sample: ExactSample, corpus: Array | Vectors, device: str) -> dict[str, Any]:
    """Return the report on exact search that compares it with indexes.

    Its speed is that of a search for the nearest 100 documents of the sample's queries, its size
    that of the vectors.
    """
    return {
        "factory": "exact",
        "device": device,
        **sample.recalls(sample.top),
        "checked on": len(sample.rows),
        "build seconds": 0.0,
        "search seconds": round(sample.seconds, 3),
        "queries per second": speed(len(sample.rows), sample.seconds),
        "bytes": 4 * math.prod(corpus.shape),
    }


def speed(queries: int, seconds: float) -> float:
    """Return the number of queries per second, with one decimal."""
    return round(queries / max(seconds, 1e-9), 1)
