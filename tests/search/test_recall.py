"""Recall against exact search, by score, on real indexes and on rankings made by hand."""

import numpy as np
import pytest

from mmbench.search import approximate_search
from mmbench.search.indexes.recall import KS, ExactSample, exact_report
from mmbench.search.order import IdOrder
from mmbench.search.part_search import CPU, TORCH_CPU
from tests.support.rankings import unit_vectors

NAMES = [f"recall@{k} against exact" for k in KS]


def naive_recall(scores: np.ndarray, nearest: np.ndarray, k: int) -> float:
    """By definition: the share of documents that score at least as the k-th of all."""
    k = min(k, scores.shape[1])
    least = np.sort(scores, axis=1)[:, -k] - 1e-9
    hits = [
        sum(document >= 0 and row[document] >= score for document in own[:k]) / k
        for row, score, own in zip(scores, least, nearest.tolist(), strict=True)
    ]
    return float(np.mean(hits))


@pytest.mark.parametrize("device", [CPU, TORCH_CPU])
@pytest.mark.parametrize("m", [3, 60, 500])
def test_equal_scores_count(m: int, device: str) -> None:
    """Small integers: many documents have the score of the k-th, and any of them is as good."""
    draws = np.random.default_rng(m)
    queries, corpus = (draws.integers(1, 4, (n, 3)).astype(np.float32) for n in (40, m))
    sample = ExactSample(queries, corpus, device=device)
    assert len(sample.rows) == 40
    scores = queries[sample.rows] @ corpus.T
    nearest = np.full((40, 100), -1)
    for row in nearest:
        found = draws.choice(m, min(m, int(draws.integers(0, 90))), replace=False)
        row[: len(found)] = found
    recalls = sample.recalls(nearest)
    assert list(recalls) == NAMES
    for k, name in zip(KS, NAMES, strict=True):
        assert recalls[name] == pytest.approx(naive_recall(scores, nearest, k), abs=1e-4)


def test_another_choice_among_equal_documents_is_as_good() -> None:
    queries, corpus = np.ones((5, 4), np.float32), np.ones((300, 4), np.float32)
    sample = ExactSample(queries, corpus)
    last = np.argsort(IdOrder(None, 300).keys(np.arange(300)))[-100:]
    assert not set(last) & set(sample.top.ravel())
    assert set(sample.recalls(np.tile(last, (5, 1))).values()) == {1.0}


@pytest.mark.slow
def test_indexes_of_20_000_vectors() -> None:
    pytest.importorskip("faiss", reason="faiss is in the extras index and gpu")
    queries, corpus = unit_vectors(1500, 64, 1), unit_vectors(20_000, 64, 2)
    corpus[10_000:12_000] = corpus[:2000]  # duplicates, of which an index may find either
    pairs = np.arange(1500), np.arange(1500)
    sample = ExactSample(queries, corpus)
    reports = {
        factory: approximate_search(queries, corpus, pairs, factory, sample=sample)[1]
        for factory in ("Flat", "IVF64,Flat;nprobe=8", "IVF64,Flat;nprobe=64", "HNSW16")
    } | {"exact": exact_report(sample, corpus, CPU)}
    for exhaustive in ("exact", "Flat", "IVF64,Flat;nprobe=64"):
        assert [reports[exhaustive][name] for name in NAMES] == [1, 1, 1]
    for coarse in ("IVF64,Flat;nprobe=8", "HNSW16"):
        assert all(0.2 < reports[coarse][name] < 1 for name in NAMES)
    scores = queries[sample.rows].astype(float) @ corpus.T.astype(float)
    found, report = approximate_search(queries, corpus, pairs, "IVF64,Flat;nprobe=8", top=100)
    for k, name in zip(KS, NAMES, strict=True):
        naive = naive_recall(scores, found.top[sample.rows], k)
        assert report[name] == pytest.approx(naive, abs=1e-3)
    for one in reports.values():
        assert one["checked on"] == 1000
        assert one["queries per second"] > 0
        assert one["bytes"] >= 20_000 * 64 * 4
    assert reports["HNSW16"]["build seconds"] > reports["Flat"]["build seconds"]
