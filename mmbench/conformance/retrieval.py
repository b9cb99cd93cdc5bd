"""Retrieval: rankings with equal scores, several graded positives, and positives not found."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from mmbench.conformance.case import DEFINITION, Case, Compared, apart, value
from mmbench.conformance.official import library
from mmbench.conformance.retrieval_defined import NAIVE, K
from mmbench.conformance.retrieval_made import CUT, DOCUMENTS, INPUTS, made, orders, predictions
from mmbench.search import positive_ranks, top
from mmbench.types import Prediction


def _order(_: Path) -> Compared:
    data = made()
    found = top(data.queries, data.corpus, DOCUMENTS, corpus_ids=data.ids)
    return Compared(apart(found, orders()), INPUTS)


def _ranks(_: Path) -> Compared:
    data = made()
    positives = [list(grades) for grades in data.grades]
    found = positive_ranks(data.queries, data.corpus, positives, corpus_ids=data.ids)
    theirs = [
        sorted(order.index(doc) + 1 for doc in docs)
        for order, docs in zip(orders(), positives, strict=True)
    ]
    return Compared(apart(np.concatenate(found), np.concatenate(theirs)), INPUTS)


def _defined(name: str, _: Path) -> Compared:
    """Whole rankings; and cut ones but for the ranks themselves, which then have no value."""
    fold = np.median if name == "median_rank" else np.mean
    cuts = [DOCUMENTS] if name.endswith("_rank") else [DOCUMENTS, CUT]
    theirs = [fold([NAIVE[name](*_gains(p)) for p in predictions(cut)]) for cut in cuts]
    told = f"{INPUTS}; whole" + (f" and cut at {CUT}" if len(cuts) > 1 else "")
    return Compared(apart([value(name, predictions(cut)) for cut in cuts], theirs), told)


def _gains(prediction: Prediction) -> tuple[list[float], list[float]]:
    target = prediction.target
    return [target.get(doc, 0.0) for doc in prediction.value], list(target.values())


def _down(prediction: Prediction, *, graded: bool = False) -> tuple[list[float], list[int]]:
    """Falling scores down a whole ranking, and what each is worth."""
    gains, _ = _gains(prediction)
    worth = [int(gain) if graded else int(gain > 0) for gain in gains]
    # Positive, as torchmetrics takes what has no positive score for not returned.
    return [float(DOCUMENTS - rank) for rank in range(len(gains))], worth


def _sklearn(name: str, function: str, _: Path) -> Compared:
    metrics, graded = library("sklearn.metrics"), name.startswith("ndcg")
    found = []
    for p in predictions(DOCUMENTS):
        scores, worth = _down(p, graded=graded)
        if graded:
            found.append(metrics.ndcg_score([worth], [scores], k=K))
        else:
            found.append(getattr(metrics, function)(worth, scores))
    return Compared(apart(value(name, predictions(DOCUMENTS)), np.mean(found)), INPUTS)


def _torchmetrics(name: str, function: str, cut: int | None, _: Path) -> Compared:
    torch, functional = library("torch"), library("torchmetrics.functional.retrieval")
    given: dict[str, object] = {} if cut is None else {"top_k": cut}
    found = []
    for p in predictions(DOCUMENTS):
        scores, worth = map(torch.tensor, _down(p, graded=name.startswith("ndcg")))
        found.append(float(getattr(functional, f"retrieval_{function}")(scores, worth, **given)))
    return Compared(apart(value(name, predictions(DOCUMENTS)), np.mean(found)), INPUTS)


def _trec(name: str, measure: str, _: Path) -> Compared:
    """Cut rankings, by trec_eval's own code."""
    wanted, run = _qrels_and_run()
    found = library("pytrec_eval").RelevanceEvaluator(wanted, {measure}).evaluate(run)
    theirs = np.mean([row[measure.replace(".", "_")] for row in found.values()])
    return Compared(apart(value(name, predictions(CUT)), theirs), f"{INPUTS}; cut at {CUT}")


def _ir_measures(name: str, measure: str, _: Path) -> Compared:
    module = library("ir_measures")
    asked = module.parse_measure(measure)
    theirs = module.calc_aggregate([asked], *_qrels_and_run())[asked]
    return Compared(apart(value(name, predictions(CUT)), theirs), f"{INPUTS}; cut at {CUT}")


def _qrels_and_run() -> tuple[dict[str, dict[str, int]], dict[str, dict[str, float]]]:
    cut = predictions(CUT)
    wanted = {p.id: {doc: int(grade) for doc, grade in p.target.items()} for p in cut}
    return wanted, {p.id: {doc: float(-i) for i, doc in enumerate(p.value)} for p in cut}


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
