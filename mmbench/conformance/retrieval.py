"""Conformance cases of retrieval metrics, with ties, grades and positives not retrieved."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache, partial
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mmbench.conformance.case import DEFINITION, Case, LargestDifference, max_difference, value
from mmbench.conformance.packages import library
from mmbench.search import positive_ranks, top
from mmbench.types import Array, Prediction

QUERIES, DOCUMENTS, CUT = 200, 400, 50
INPUTS = f"generated: {QUERIES} queries, {DOCUMENTS} documents, tied scores, grades 1 to 3"


class IntegerVectors(NamedTuple):
    """Query and document vectors of small integers, so that many scores are equal.

    `queries` is [q, d], `corpus` is [n, d], and `ids` has the document ids. `grades` has a mapping
    for each query: from the document indices of its positives to their grades.
    """

    queries: Array
    corpus: Array
    ids: list[str]
    grades: list[dict[int, int]]


@cache
def retrieval_data() -> IntegerVectors:
    """Return 200 random queries and 400 random documents."""
    draws = np.random.default_rng(7)
    queries, corpus = (
        draws.integers(-1, 2, (n, 6)).astype(np.float32) for n in (QUERIES, DOCUMENTS)
    )
    queries[:, 0] = corpus[:, 0] = 1
    counts = draws.integers(1, 8, QUERIES)
    chosen = [draws.choice(DOCUMENTS, count, replace=False) for count in counts]
    grades = [{int(doc): int(draws.integers(1, 4)) for doc in docs} for docs in chosen]
    return IntegerVectors(queries, corpus, [f"d{i}" for i in range(DOCUMENTS)], grades)


@cache
def orders() -> list[list[int]]:
    """Return the document indices of each query in descending order of score.

    Documents with equal scores are in the order of the hash of their ids.
    """
    data = retrieval_data()
    hashes = [blake2b(doc.encode(), digest_size=8).digest() for doc in data.ids]
    scores = data.queries.astype(np.float64) @ data.corpus.astype(np.float64).T
    return [sorted(range(DOCUMENTS), key=lambda i: (-row[i], hashes[i])) for row in scores]


@cache
def predictions(cut: int) -> list[Prediction]:
    """Return a prediction for each query: the first `cut` documents of its ranking."""
    data = retrieval_data()
    return [
        Prediction(f"q{q}", [data.ids[i] for i in order[:cut]], _target(grades))
        for q, (order, grades) in enumerate(zip(orders(), data.grades, strict=True))
    ]


def _target(grades: dict[int, int]) -> dict[str, float]:
    return {f"d{doc}": float(grade) for doc, grade in grades.items()}


K = 10

# (grades in ranking order, 0 for irrelevant documents; all grades of the query) -> value.
Naive = Callable[[list[float], list[float]], float]


def _first(gains: Sequence[float]) -> float:
    return next((rank for rank, gain in enumerate(gains, 1) if gain), math.inf)


def _precision(gains: Sequence[float], k: int) -> float:
    return sum(gain > 0 for gain in gains[:k]) / k


def _ap(gains: Sequence[float], grades: Sequence[float], k: int) -> float:
    hits = [rank for rank, gain in enumerate(gains[:k], 1) if gain]
    return sum(_precision(gains, rank) for rank in hits) / len(grades)


def _dcg(gains: Sequence[float]) -> float:
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains[:K], 1))


NAIVE: dict[str, Naive] = {
    "recall@1": lambda gains, _: float(any(gains[:1])),
    "recall@5": lambda gains, _: float(any(gains[:5])),
    f"recall@{K}": lambda gains, _: float(any(gains[:K])),
    "mean_rank": lambda gains, _: _first(gains),
    "median_rank": lambda gains, _: _first(gains),
    "mrr": lambda gains, _: 1 / _first(gains),
    "map": lambda gains, grades: _ap(gains, grades, len(gains)),
    f"fraction_recall@{K}": lambda gains, grades: _precision(gains, K) * K / len(grades),
    f"precision@{K}": lambda gains, _: _precision(gains, K),
    f"mrr@{K}": lambda gains, _: 1 / _first(gains[:K]),
    f"map@{K}": lambda gains, grades: _ap(gains, grades, K),
    "map@R": lambda gains, grades: _ap(gains, grades, len(grades)),
    "r_precision": lambda gains, grades: _precision(gains, len(grades)),
    f"ndcg@{K}": lambda gains, grades: _dcg(gains) / _dcg(sorted(grades, reverse=True)),
    "rsum": lambda gains, _: float(sum(any(gains[:k]) for k in (1, 5, 10))),
}


def _order(_: Path) -> LargestDifference:
    data = retrieval_data()
    ours = top(data.queries, data.corpus, DOCUMENTS, corpus_ids=data.ids)
    return LargestDifference(max_difference(ours, orders()), INPUTS)


def _ranks(_: Path) -> LargestDifference:
    data = retrieval_data()
    positives = [list(grades) for grades in data.grades]
    ours = positive_ranks(data.queries, data.corpus, positives, corpus_ids=data.ids)
    theirs = [
        sorted(order.index(doc) + 1 for doc in docs)
        for order, docs in zip(orders(), positives, strict=True)
    ]
    return LargestDifference(max_difference(np.concatenate(ours), np.concatenate(theirs)), INPUTS)


def _defined(name: str, _: Path) -> LargestDifference:
    """Compare a metric with its definition, on complete rankings and on truncated rankings.

    Mean and median rank are compared on complete rankings only.
    """
    fold = np.median if name == "median_rank" else np.mean
    cuts = [DOCUMENTS] if name.endswith("_rank") else [DOCUMENTS, CUT]
    theirs = [fold([NAIVE[name](*_gains(p)) for p in predictions(cut)]) for cut in cuts]
    inputs = f"{INPUTS}; whole" + (f" and cut at {CUT}" if len(cuts) > 1 else "")
    return LargestDifference(
        max_difference([value(name, predictions(cut)) for cut in cuts], theirs), inputs
    )


def _gains(prediction: Prediction) -> tuple[list[float], list[float]]:
    target = prediction.target
    return [target.get(doc, 0.0) for doc in prediction.value], list(target.values())


def _down(prediction: Prediction, *, graded: bool = False) -> tuple[list[float], list[int]]:
    """Return the scores and the relevance of the documents of a ranking, best document first.

    The scores are descending. The relevance is the grade of a document if `graded`, else 0 or 1.
    """
    gains, _ = _gains(prediction)
    worth = [int(gain) if graded else int(gain > 0) for gain in gains]
    # Scores are positive because torchmetrics treats documents with other scores as not returned.
    return [float(DOCUMENTS - rank) for rank in range(len(gains))], worth


def _sklearn(name: str, function: str, _: Path) -> LargestDifference:
    metrics, graded = library("sklearn.metrics"), name.startswith("ndcg")
    theirs = []
    for p in predictions(DOCUMENTS):
        scores, worth = _down(p, graded=graded)
        if graded:
            theirs.append(metrics.ndcg_score([worth], [scores], k=K))
        else:
            theirs.append(getattr(metrics, function)(worth, scores))
    return LargestDifference(
        max_difference(value(name, predictions(DOCUMENTS)), np.mean(theirs)), INPUTS
    )


def _torchmetrics(name: str, function: str, cut: int | None, _: Path) -> LargestDifference:
    torch, functional = library("torch"), library("torchmetrics.functional.retrieval")
    options: dict[str, object] = {} if cut is None else {"top_k": cut}
    theirs = []
    for p in predictions(DOCUMENTS):
        scores, worth = map(torch.tensor, _down(p, graded=name.startswith("ndcg")))
        theirs.append(float(getattr(functional, f"retrieval_{function}")(scores, worth, **options)))
    return LargestDifference(
        max_difference(value(name, predictions(DOCUMENTS)), np.mean(theirs)), INPUTS
    )


def _trec(name: str, measure: str, _: Path) -> LargestDifference:
    """Compare a metric with a trec_eval `measure`, on truncated rankings."""
    qrels, run = _qrels_and_run()
    results = library("pytrec_eval").RelevanceEvaluator(qrels, {measure}).evaluate(run)
    theirs = np.mean([row[measure.replace(".", "_")] for row in results.values()])
    return LargestDifference(
        max_difference(value(name, predictions(CUT)), theirs), f"{INPUTS}; cut at {CUT}"
    )


def _ir_measures(name: str, measure: str, _: Path) -> LargestDifference:
    module = library("ir_measures")
    parsed = module.parse_measure(measure)
    theirs = module.calc_aggregate([parsed], *_qrels_and_run())[parsed]
    return LargestDifference(
        max_difference(value(name, predictions(CUT)), theirs), f"{INPUTS}; cut at {CUT}"
    )


def _qrels_and_run() -> tuple[dict[str, dict[str, int]], dict[str, dict[str, float]]]:
    cut = predictions(CUT)
    qrels = {p.id: {doc: int(grade) for doc, grade in p.target.items()} for p in cut}
    return qrels, {p.id: {doc: float(-i) for i, doc in enumerate(p.value)} for p in cut}


_TORCHMETRICS: dict[str, tuple[str, int | None]] = {
    f"recall@{K}": ("hit_rate", K),
    "mrr": ("reciprocal_rank", None),
    f"mrr@{K}": ("reciprocal_rank", K),
    "map": ("average_precision", None),
    f"precision@{K}": ("precision", K),
    f"fraction_recall@{K}": ("recall", K),
    "r_precision": ("r_precision", None),
    f"ndcg@{K}": ("normalized_dcg", K),
}

_TREC = {
    f"recall@{K}": f"success.{K}",
    "mrr": "recip_rank",
    "map": "map",
    f"precision@{K}": f"P.{K}",
    f"fraction_recall@{K}": f"recall.{K}",
    f"map@{K}": f"map_cut.{K}",
    "r_precision": "Rprec",
    f"ndcg@{K}": f"ndcg_cut.{K}",
}

_SKLEARN = {"map": "average_precision_score", f"ndcg@{K}": "ndcg_score"}
_FLOAT32 = 1e-6
CASES = [
    Case("order of documents", DEFINITION, _order, 0),
    Case("ranks of positives", DEFINITION, _ranks, 0),
    *(Case(name, DEFINITION, partial(_defined, name)) for name in NAIVE),
    *(
        Case(name, function, partial(_sklearn, name, function), package="scikit-learn")
        for name, function in _SKLEARN.items()
    ),
    *(
        Case(
            name,
            f"retrieval_{function}",
            partial(_torchmetrics, name, function, cut),
            _FLOAT32,
            "torchmetrics",
        )
        for name, (function, cut) in _TORCHMETRICS.items()
    ),
    *(
        Case(name, measure, partial(_trec, name, measure), package="pytrec-eval-terrier")
        for name, measure in _TREC.items()
    ),
    *(
        Case(name, measure, partial(_ir_measures, name, measure), package="ir-measures")
        for name, measure in {f"mrr@{K}": f"RR@{K}", "map": "AP"}.items()
    ),
]
