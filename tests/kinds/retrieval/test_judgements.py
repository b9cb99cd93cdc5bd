"""Judgements narrower than the corpus: trec_eval on the same files, and notes about the rest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import mmbench
from mmbench.errors import DataError
from mmbench.types import Outputs
from tests.support.boards import score_values

TREC = {
    "ndcg@10": "ndcg_cut.10",
    "map": "map",
    "precision@10": "P.10",
    "fraction_recall@10": "recall.10",
    "fraction_recall@100": "recall.100",
    "recall@1": "success.1",
    "recall@10": "success.10",
}


def files(folder: Path, qrels: dict[str, dict[str, int]]) -> Path:
    path = folder / "t.qrels"
    lines = [f"{q} 0 {d} {g}\n" for q, to in qrels.items() for d, g in to.items()]
    path.write_text("".join(lines))
    return path


def embeddings(queries: dict[str, object], corpus: dict[str, object]) -> Outputs:
    sides = {"query": queries, "corpus": corpus}
    return Outputs(
        embeddings={
            name: (list(side), np.array(list(side.values()), np.float32))
            for name, side in sides.items()
        }
    )


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("as_run", [False, True])
def test_the_numbers_of_trec_eval(tmp_path: Path, seed: int, as_run: bool) -> None:
    # trec_eval (through pytrec_eval-terrier) ranks documents that nobody judged as not relevant,
    # leaves out queries without judgements, and gives 0 to queries without a relevant document. A
    # document that is NaN is one that the run does not list. No two scores are equal here.
    trec = pytest.importorskip("pytrec_eval")
    draws = np.random.default_rng(seed)
    queries = {f"q{i}": draws.normal(size=5) for i in range(12)}
    corpus = {f"d{i}": draws.normal(size=5) for i in range(40)}
    judged = [f"d{i}" for i in range(25)]
    qrels = {
        q: {str(d): int(draws.integers(0, 4)) for d in draws.choice(judged, 6, replace=False)}
        for q in list(queries)[:9]
    }
    qrels["q0"] = dict.fromkeys(qrels["q0"], 0)
    broken = {"d0", "d1", "d2", "d30"} if not as_run else set[str]()
    lists = {
        q: {d: float(v @ w / np.linalg.norm(w)) for d, w in corpus.items() if d not in broken}
        for q, v in queries.items()
    }
    given = embeddings(queries, {d: v * (np.nan if d in broken else 1) for d, v in corpus.items()})
    if as_run:
        ordered = {
            q: sorted(found, key=found.__getitem__, reverse=True) for q, found in lists.items()
        }
        given = Outputs({q: found[:20] for q, found in ordered.items()})
        lists = {q: {d: lists[q][d] for d in found[:20]} for q, found in ordered.items()}
    record = mmbench.score("pairs", given, data=files(tmp_path, qrels)).record
    rows = trec.RelevanceEvaluator(qrels, set(TREC.values())).evaluate(lists)
    assert set(rows) == set(qrels)
    for name, measure in TREC.items():
        theirs = np.mean([row[measure.replace(".", "_")] for row in rows.values()])
        assert record.scores[name].value == pytest.approx(theirs, abs=1e-12), name
        assert record.scores[name].n == 9
        assert "no-relevant=zero" in record.scores[name].signature
    assert {ident for ident, _ in record.failures} == {*broken} - (set(corpus) if as_run else set())
    assert record.counts["failed"] == len(broken)


QRELS = {"q1": {"d1": 1, "d2": 0}, "q2": {"d3": 1}}
UNIT = np.eye(4)


def test_what_nobody_judged_is_counted(tmp_path: Path) -> None:
    data = files(tmp_path, {**QRELS, "q3": {"d1": 0}})
    listed = {"q1": ["d9", "d1", "d8"], "q2": ["d3", "d9"], "q3": ["d7"], "q4": ["x", "d1"]}
    record = mmbench.score("pairs", Outputs(listed), data=data).record
    # d7, d8 and d9; the list of q4 is not looked at.
    assert record.notes == [
        "1 judged query without a relevant document: counted as 0",
        "1 query without judgements: left out",
        "scored from outputs",
        "3 listed documents without judgements, treated as not relevant",
    ]
    assert record.task.data == {"query": 3, "corpus": 3}
    assert record.counts["failed"] == 0
    assert record.scores["mrr@10"].value == pytest.approx((1 / 2 + 1 + 0) / 3)
    without = {query: docs for query, docs in listed.items() if query != "q4"}
    other = mmbench.score("pairs", Outputs(without), data=data).record
    assert other.task.data_hash == record.task.data_hash  # the same questions: one column
    assert score_values(other) == score_values(record)


def test_embeddings_of_further_documents_and_queries(tmp_path: Path) -> None:
    queries = {"q1": [0.5, 0, 0, 0.9], "q2": UNIT[2], "q9": [np.nan] * 4}
    corpus = {"d1": UNIT[0], "d2": UNIT[1], "d3": UNIT[2], "d4": UNIT[3]}
    data = files(tmp_path, QRELS)
    record = mmbench.score("pairs", embeddings(queries, corpus), data=data).record
    # d4 stands before d1 for q1. q9 is not asked, so that its embedding does not matter.
    assert record.scores["mrr@10"].value == pytest.approx((1 / 2 + 1) / 2)
    assert record.counts["failed"] == 0
    assert record.task.data == {"query": 2, "corpus": 4}
    assert "1 document of the corpus without judgements: not relevant" in record.notes
    assert "1 query without judgements: left out" in record.notes
    assert "no-relevant" not in record.scores["mrr@10"].signature
    del queries["q9"]
    again = mmbench.score("pairs", embeddings(queries, corpus), data=data).record
    assert again.task.data_hash == record.task.data_hash
    del corpus["d4"]
    easier = mmbench.score("pairs", embeddings(queries, corpus), data=data).record
    assert easier.task.data_hash != record.task.data_hash  # another corpus: another column


def test_judged_documents_without_an_embedding(tmp_path: Path) -> None:
    qrels = {"q1": {"d1": 1, "d2": 1}, "q2": {"d3": 1}, "q3": {"d4": 1}}
    data = files(tmp_path, qrels)
    given = embeddings(dict(zip(qrels, UNIT, strict=False)), {"d1": UNIT[0], "d4": UNIT[2]})
    with pytest.raises(DataError, match="corpus embeddings: 2 of 4 samples have no output: d2, d3"):
        mmbench.score("pairs", given, data=data)
    record = mmbench.score("pairs", given, data=data, partial=True).record
    # trec_eval: recall 1/2 for q1, 0 for q2, which is not left out, 1 for q3.
    recall = record.scores["fraction_recall@10"]
    assert recall.value == pytest.approx((1 / 2 + 0 + 1) / 3)
    assert recall.bounds == pytest.approx((1 / 2, 1))
    assert record.counts["failed"] == 0
    assert "partial: left out 2 documents without an output" in record.notes


def test_an_output_that_failed_in_a_file_of_lists(tmp_path: Path) -> None:
    path = tmp_path / "lists.jsonl"
    path.write_text('{"id": "q1", "error": "timeout"}\n{"id": "q2", "value": ["d3"]}\n')
    record = mmbench.score("pairs", path, data=files(tmp_path, QRELS)).record
    assert record.failures == [("q1", "timeout")]
    assert (record.scores["map"].value, record.scores["map"].bounds) == (1.0, (0.5, 1.0))
    with pytest.raises(DataError, match=r"query q1: each document must .* d1;"):
        mmbench.score("pairs", {"q1": ["d1", "d1"], "q2": []}, data=files(tmp_path, QRELS))
