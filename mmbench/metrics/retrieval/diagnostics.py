"""Diagnostics of embeddings: hubs among the documents, and the gap between two modalities.

They describe the geometry of the vectors. They do not measure quality: a better model may have a
larger gap, and scaling or shifting vectors can close it without a change of the ranking.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmbench.metrics.retrieval.rankings import TIES, Floats, ranking_of
from mmbench.protocols import declare
from mmbench.stats import score
from mmbench.text import count
from mmbench.types import Prediction, Score

_KINDS = {"retrieval"}
_NO_INTERVAL = "no interval: repeated queries of a resample make hubs"


@declare(unit="skewness", better="lower", kinds=_KINDS)
def hubness(predictions: Sequence[Prediction], k: int) -> Score:
    """Hubness: the skewness of N_k, the number of queries that have a document in their top k.

    N_k is counted for all documents of the corpus that did not fail, also for those in no top k.
    The skewness is the third central moment divided by the 3/2 power of the second (no correction
    for small samples). Range (-∞, ∞), lower is better: 0 for symmetric counts; a large value means
    that a few hubs are near many queries. It depends on the numbers of queries and documents, so
    compare models on the same data. NaN if fewer than k documents per query were stored (`--top`),
    or all documents have the same N_k. It has no interval: resampling queries makes hubs.
    Source: Radovanović et al. 2010, JMLR 11, 2487-2531 (k = 10 there).
    """
    counts, reason = _occurrences(predictions, k)
    value = float("nan")
    if counts is not None:
        centred = counts - counts.mean()
        variance = float((centred**2).mean())
        value = float((centred**3).mean()) / variance**1.5 if variance > 0 else value
        reason = reason if variance > 0 else f"all documents are in the top {k} of as many queries"
    return score([value], fold_name="whole", signature=TIES, reason=reason)


@declare(unit="fraction", better="lower", worst=1, best=0, kinds=_KINDS)
def antihubs(predictions: Sequence[Prediction], k: int) -> Score:
    """Share of anti-hubs: documents in the top k of no query. Range [0, 1], lower is better.

    Documents that failed are left out. If there are fewer queries than documents / k, most
    documents are necessarily anti-hubs. NaN as in `hubness`, and without an interval.
    Source: Radovanović et al. 2010, JMLR 11, 2487-2531.
    """
    counts, reason = _occurrences(predictions, k)
    value = float("nan") if counts is None else float((counts == 0).mean())
    return score([value], fold_name="whole", signature=TIES, reason=reason)


def _occurrences(predictions: Sequence[Prediction], k: int) -> tuple[Floats | None, str]:
    """Return N_k of each document that did not fail, [m], and the reason for no interval.

    If it is unknown, return None and the reason.
    """
    rankings = [ranking_of(prediction) for prediction in predictions]
    if not rankings:
        return None, "no query was ranked"
    first = rankings[0]
    if first.size is None:
        return None, "the number of documents is unknown"
    size = first.size - first.failed - first.failed_others
    stored = min(len(ranking.top) for ranking in rankings)
    if stored < min(k, size) or not size:
        of_query = f"{count(stored, 'document')} per query"
        return None, f"{of_query} were stored, and {k} are needed; run with --top {k}"
    tops = [document for ranking in rankings for document in ranking.top[:k]]
    counts = np.zeros(size)
    found = np.unique(np.array(tops, object), return_counts=True)[1]
    counts[: len(found)] = found
    return counts, _NO_INTERVAL


@declare(unit="distance", better="lower", worst=2, best=0, kinds=_KINDS)
def modality_gap(predictions: Sequence[Prediction]) -> Score:
    """Modality gap: the distance of the mean embedding of queries from that of the documents.

    All embeddings have length 1 and all their dimensions. The means are over the scored queries and
    over the documents that did not fail. Range [0, 2], lower is better: a smaller gap. It is the
    same in both directions if all documents are positives. The row of a query x is (x − d) · (q −
    d), where q and d are the means; the mean of the rows is the squared gap. So the interval is
    over queries, to first order, for a fixed corpus. NaN for outputs without embeddings, and for
    stored rows of runs without this metric.
    Source: Liang et al. 2022, arXiv 2203.02053 (the norm of Δ_gap).
    """
    gaps = [ranking_of(prediction).gap for prediction in predictions]
    rows = np.array([np.nan if gap is None else gap for gap in gaps], np.float64)
    absent = int(np.isnan(rows).sum())
    reason = f"{count(absent, 'query')} without embeddings; run again with --metric modality_gap"
    return score(rows, fold_name="root-mean", reason=reason if absent else "")
