"""Hubness, anti-hubs and the modality gap, against their definitions and in runs."""

from pathlib import Path

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

import mmbench
from mmbench.cli import main
from mmbench.columns.vectors import Vectors
from mmbench.search.gaps import gap_terms
from mmbench.types import Prediction, Ranking, Score

GAP = "modality_gap"


def query(number: int, top: list[int], size: int, **values: object) -> Prediction:
    ranking = Ranking([1], [1.0], [f"d{one}" for one in top], size=size, **values)
    return Prediction(f"q{number}", ranking)


def scored(name: str, predictions: list[Prediction]) -> Score:
    return mmbench.metric(name)(predictions)


@settings(max_examples=25)
@given(st.integers(1, 9), st.integers(1, 30), st.integers(0, 2**32))
def test_the_counts_of_all_documents(k: int, n: int, seed: int) -> None:
    draws, size = np.random.default_rng(seed), 12
    tops = [draws.permutation(size)[: k + 2].tolist() for _ in range(n)]
    predictions = [query(nth, top, size) for nth, top in enumerate(tops)]
    counts = [sum(document in top[:k] for top in tops) for document in range(size)]
    skewness = scored(f"hubness@{k}", predictions)
    if len(set(counts)) == 1:
        assert np.isnan(skewness.value) and "as many queries" in skewness.reason
    else:
        assert skewness.value == pytest.approx(scipy.stats.skew(counts), abs=1e-12)
        assert skewness.interval is None and "no interval" in skewness.reason
    assert scored(f"antihubs@{k}", predictions).value == counts.count(0) / size


def test_one_hub() -> None:
    """Document d0 is the nearest of all 3 queries; of 4 documents: counts 3, 0, 0, 0."""
    predictions = [query(nth, [0], 4) for nth in range(3)]
    assert scored("hubness@1", predictions).value == pytest.approx(2 / 3**0.5)
    assert scored("antihubs@1", predictions).value == 0.75


def test_failed_documents_are_no_antihubs() -> None:
    predictions = [query(0, [0, 1], 4, failed_others=2), query(1, [1, 0], 4, failed_others=2)]
    assert scored("antihubs@1", predictions).value == 0
    assert scored("antihubs@5", predictions).value == 0  # the corpus has only 2 documents left


@pytest.mark.parametrize(
    ("predictions", "reason"),
    [
        ([query(0, [0, 1], 9)], "2 documents per query were stored, and 3 are needed; run with"),
        ([Prediction("q", ["a", "b", "c", "d"], ["a"])], "the number of documents is unknown"),
        ([], "no query was ranked"),
    ],
)
def test_unknown_counts(predictions: list[Prediction], reason: str) -> None:
    for name in ("hubness@3", "antihubs@3"):
        score = scored(name, predictions)
        assert np.isnan(score.value) and reason in score.reason


@settings(max_examples=25)
@given(st.integers(1, 6), st.integers(1, 9), st.integers(0, 2**32))
def test_the_gap_is_the_distance_of_the_means(n: int, m: int, seed: int) -> None:
    draws = np.random.default_rng(seed)
    queries, corpus = (
        Vectors(draws.standard_normal((size, 5))).of_length_1()[0] for size in (n, m)
    )
    terms = gap_terms(queries, corpus)
    means = [side[:].astype(np.float64).mean(axis=0) for side in (queries, corpus)]
    predictions = [query(nth, [], m, gap=gap) for nth, gap in enumerate(terms.tolist())]
    score = scored(GAP, predictions)
    assert score.value == pytest.approx(np.linalg.norm(means[0] - means[1]), abs=1e-7)
    assert len(score.rows) == n


def test_opposite_modalities() -> None:
    queries, corpus = np.array([[1, 0], [1, 0]]), np.array([[-1, 0]])
    terms = gap_terms(Vectors(queries), Vectors(corpus)).tolist()
    assert scored(GAP, [query(nth, [], 1, gap=gap) for nth, gap in enumerate(terms)]).value == 2
    assert "--metric modality_gap" in scored(GAP, [query(0, [], 1)]).reason


def test_runs_with_diagnostics(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = [GAP, "hubness@7", "antihubs@7"]
    usual = mmbench.evaluate("clip-nano", "shapes-retrieval", limit=9).record
    found = mmbench.evaluate(
        "clip-nano", "shapes-retrieval", limit=9, metrics=names, top=7, out=tmp_path
    )
    assert found.record.task == usual.task
    assert {**found.record.scores, **usual.scores} == found.record.scores
    gaps = [found.record.scores[f"{GAP}[{name}]"] for name in ("text-to-image", "image-to-text")]
    assert gaps[0].value == pytest.approx(gaps[1].value)  # all queries and documents are scored
    assert 0 < gaps[0].low < gaps[0].value < gaps[0].high < 2
    hubs = found.record.scores["hubness@7[text-to-image]"]
    assert hubs.low is None and hubs.value is not None
    capsys.readouterr()
    again = [flag for name in names for flag in ("--metric", name)]
    assert main(["rescore", found.record.run, *again, "--out", str(tmp_path)]) == 0
    assert f"{gaps[0].value:.4f}" in capsys.readouterr().out


def test_failed_samples_have_no_bounds_of_hubness(tmp_path: Path) -> None:
    """A query and a document are NaN; the metric is of the others."""
    spec_data = mmbench.evaluate("random", "shapes-retrieval", limit=12).samples
    queries = spec_data.loc[spec_data["direction"] == "text-to-image", "id"].tolist()
    corpus = spec_data.loc[spec_data["direction"] == "image-to-text", "id"].tolist()
    draws = np.random.default_rng(0)
    arrays = {
        name: draws.standard_normal((len(ids), 6)).astype(np.float32)
        for name, ids in (("query", queries), ("corpus", corpus))
    }
    arrays["query"][0] = arrays["corpus"][3] = np.nan
    np.savez(tmp_path / "x.npz", **arrays, query_ids=queries, corpus_ids=corpus)
    scores = mmbench.score(
        "shapes-retrieval",
        tmp_path / "x.npz",
        partial=True,
        metrics=[GAP, "hubness@5"],
    ).record.scores
    good = [arrays["query"][1:], np.delete(arrays["corpus"], 3, axis=0)]
    means = [(one / np.linalg.norm(one, axis=1, keepdims=True)).mean(axis=0) for one in good]
    gap = scores[f"{GAP}[text-to-image]"]
    assert gap.value == pytest.approx(np.linalg.norm(means[0] - means[1]), abs=1e-6)
    assert scores["hubness@5[text-to-image]"].value is not None
    assert scores["hubness@5[text-to-image]"].low is None
