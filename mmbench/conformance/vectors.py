"""Conformance cases of compressed vectors and of the diagnostics of embeddings."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mmbench.columns.vectors import Vectors
from mmbench.conformance.case import DEFINITION, Case, LargestDifference, max_difference, value
from mmbench.search.compressed.forms import parse_form
from mmbench.search.compressed.search import compressed_search
from mmbench.search.gaps import gap_terms
from mmbench.search.indexes.recall import ExactSample
from mmbench.search.order import IdOrder
from mmbench.types import Array, Prediction, Ranking

_QUERIES, _DOCUMENTS, _WIDTH, _DEPTH = 60, 300, 24, 50
_INPUTS = f"generated: {_QUERIES} queries, {_DOCUMENTS} documents, {_WIDTH} dimensions"
_SOURCE = "quantize_embeddings of sentence-transformers 6.2.0, written out"


def _unit_vectors(seed: int, n: int, shift: float) -> Array:
    vectors = np.random.default_rng(seed).standard_normal((n, _WIDTH)) + shift
    unit: Array = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return unit


def _sides() -> tuple[Array, Array]:
    """Return the vectors of queries and documents, whose means differ."""
    return _unit_vectors(1, _QUERIES, 0.3), _unit_vectors(2, _DOCUMENTS, -0.1)


def _order(scores: NDArray[np.float64], keys: NDArray[np.uint64]) -> NDArray[np.int64]:
    return np.array([np.lexsort((keys, -row)) for row in scores])


def _int8_scores(queries: Array, corpus: Array) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    low, high = corpus.min(axis=0), corpus.max(axis=0)
    steps = (high - low) / np.float32(255)
    codes = [np.clip(np.floor((one - low) / steps), 0, 255) for one in (queries, corpus)]
    products = (codes[0] - 128).astype(np.float64) @ (codes[1] - 128).astype(np.float64).T
    return products, queries.astype(np.float64) @ (codes[1].astype(np.float64) * steps + low).T


def _bit_scores(queries: Array, corpus: Array) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    bits = [(one > 0).astype(np.float64) for one in (queries, corpus)]
    hamming = np.abs(bits[0][:, None] - bits[1][None]).sum(axis=-1)
    return -hamming, queries.astype(np.float64) @ bits[1].T


def _ranks(form: str, _: Path) -> LargestDifference:
    """Compare the ranks of all documents with those by the written-out formula."""
    queries, corpus = _sides()
    every = np.divmod(np.arange(_QUERIES * _DOCUMENTS), _DOCUMENTS)
    result, _report = compressed_search(
        Vectors(queries),
        Vectors(corpus),
        (every[0], every[1]),
        parse_form(f"{form}+rescore{_DEPTH}"),
        sample=ExactSample(queries, corpus),
    )
    keys = IdOrder(None, _DOCUMENTS).keys(np.arange(_DOCUMENTS))
    scores, again = (_int8_scores if form == "int8" else _bit_scores)(queries, corpus)
    order = _order(scores, keys)
    for line, row in zip(order, again, strict=True):
        first = line[:_DEPTH].copy()
        line[:_DEPTH] = first[np.lexsort((keys[first], -row[first]))]
    theirs = order.argsort(axis=1).ravel() + 1
    return LargestDifference(max_difference(result.ranks, theirs), _INPUTS)


def _rankings() -> tuple[list[Prediction], NDArray[np.int64]]:
    """Return the predictions of all queries, and the documents of each in order."""
    queries, corpus = _sides()
    order = np.argsort(-(queries.astype(np.float64) @ corpus.T), axis=1)
    gaps = gap_terms(Vectors(queries), Vectors(corpus)).tolist()
    return [
        Prediction(
            f"q{nth}",
            Ranking([1], [1.0], list(map(str, line[:10].tolist())), size=_DOCUMENTS, gap=gap),
        )
        for nth, (line, gap) in enumerate(zip(order, gaps, strict=True))
    ], order


def _hubness(name: str, _: Path) -> LargestDifference:
    predictions, order = _rankings()
    counts = [sum(d in row[:10].tolist() for row in order) for d in range(_DOCUMENTS)]
    mean = sum(counts) / _DOCUMENTS
    moments = [sum((n - mean) ** power for n in counts) / _DOCUMENTS for power in (2, 3)]
    skewness, alone = moments[1] / moments[0] ** 1.5, counts.count(0) / _DOCUMENTS
    theirs = skewness if name == "hubness@10" else alone
    return LargestDifference(max_difference(value(name, predictions), theirs), _INPUTS)


def _gap(_: Path) -> LargestDifference:
    predictions, _order_of_documents = _rankings()
    queries, corpus = (side.astype(np.float64) for side in _sides())
    theirs = np.linalg.norm(queries.mean(axis=0) - corpus.mean(axis=0))
    return LargestDifference(
        max_difference(value("modality_gap", predictions), float(theirs)), _INPUTS
    )


CASES = [
    Case("ranks with int8 vectors", _SOURCE, partial(_ranks, "int8"), 0),
    Case("ranks with binary vectors", _SOURCE, partial(_ranks, "binary"), 0),
    Case("hubness@10", DEFINITION, partial(_hubness, "hubness@10")),
    Case("antihubs@10", DEFINITION, partial(_hubness, "antihubs@10")),
    Case("modality_gap", DEFINITION, _gap),
]
